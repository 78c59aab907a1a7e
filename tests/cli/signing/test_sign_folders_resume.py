"""``tokbox sign --resume`` of folders: runs that are killed, and continued."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.signing.test_sign import COLUMNS, DERIVED
from tests.cli.signing.test_sign_folders import files, shard
from tests.cli.signing.test_sign_resume import KILLED, killed
from tests.support import tables
from tests.support.cli import Result
from tests.support.forked import run_forked
from tokbox.private_files import sidecar

Cli = Callable[..., Result]

#: Kills itself before or after it renames the file numbered in the first argument.
KILLED_AT_RENAME = KILLED.replace("checkpoint.Checkpoint.save = save_or_die", "").replace(
    "sys.exit(main(args))",
    """
rename_into_place, renamed = run.rename_into_place, 0

def rename_or_die(path):
    global renamed
    renamed += 1
    if when == "before" and renamed == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    rename_into_place(path)
    if when == "after" and renamed == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

run.rename_into_place = rename_or_die
sys.exit(main(args))
""",
)


def folder(tmp_path: Path, kind: str) -> Path:
    """Three files of 600 rows; the last rows of two of them cannot be signed."""
    source = tmp_path / "in"
    for i in range(3):
        bad = {"role": "king"} if i != 1 else {}
        shard(source / f"date={i}", kind, 600 * i, 600, **bad)
    return source


def arguments(source: Path, output: Path, *more: str) -> list[str]:
    rejects = str(output.with_suffix(".csv"))
    args = ["sign", "-q", str(source), "-o", str(output), "--rejects", rejects]
    return [*args, *COLUMNS, *DERIVED, *more]


def is_equal(found: Path, wanted: Path) -> bool:
    return files(found) == files(wanted) and all(
        (found / name).read_bytes() == (wanted / name).read_bytes()
        for name in files(wanted)
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_run_that_is_killed_at_each_note_is_continued_to_the_same_bytes(
    tmp_path: Path, kind: str, when: str
) -> None:
    source, output, whole = folder(tmp_path, kind), tmp_path / "out", tmp_path / "whole"
    assert killed("never", 0, arguments(source, whole)) == 4
    args = arguments(source, output, "--resume")
    kills, known = 0, dict[str, int]()
    # Each run is killed at its second note, so that all of them advance.
    while (code := killed(when, 2, args)) < 0:
        kills += 1
        assert not output.with_suffix(".csv").exists()
        complete = [name for name in files(output) if "/." not in name]
        for name, inode in known.items():  # complete outputs are not written again
            assert (output / name).stat().st_ino == inode
        known = {name: (output / name).stat().st_ino for name in complete}
    assert (code, kills >= 3) == (4, True)
    assert is_equal(output, whole)
    rows = tables.read(output.with_suffix(".csv"))
    assert rows == tables.read(whole.with_suffix(".csv"))
    assert [(row["file"], row["row"]) for row in rows] == [
        (f"{source}/date={i}/part-0.{kind}", "600") for i in (0, 2)
    ]
    assert not [name for name in files(tmp_path) if ".tokbox" in name]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_when_it_renames_is_continued(
    cli: Cli, tmp_path: Path, when: str, number: int
) -> None:
    source, output, whole = folder(tmp_path, "csv"), tmp_path / "out", tmp_path / "whole"
    assert cli(*arguments(source, whole)).code == 4
    args = arguments(source, output, "--resume")
    code, printed = run_forked(KILLED_AT_RENAME, [when, str(number), *args])
    assert code == -signal.SIGKILL, printed
    result = cli(*args, "--json")
    assert result.code == 4
    said = json.loads(result.out)
    assert (said["files"], said["rows"], said["rejected"]) == (3, 1800, 2)
    assert is_equal(output, whole)
    assert output.with_suffix(".csv").read_bytes() == whole.with_suffix(".csv").read_bytes()
    assert not [name for name in files(tmp_path) if ".tokbox" in name]


def begun(tmp_path: Path) -> tuple[Path, Path, list[str]]:
    """A run that is killed in its second file."""
    source, output = folder(tmp_path, "csv"), tmp_path / "out"
    args = arguments(source, output, "--resume")
    assert killed("after", 5, args) < 0
    assert files(output) == ["date=0/part-0.csv", "date=1/.part-0.csv.tokbox-part"]
    return source, output, args


def test_a_file_that_was_added_is_another_input(cli: Cli, tmp_path: Path) -> None:
    source, _, args = begun(tmp_path)
    shard(source / "date=9", "csv", 0, 1)
    result = cli(*args)
    assert (result.code, "had another input; delete" in result.err) == (2, True)
    os.unlink(source / "date=9" / "part-0.csv")
    assert cli(*args).code == 4


def test_an_output_that_is_gone_is_named(cli: Cli, tmp_path: Path) -> None:
    _, output, args = begun(tmp_path)
    os.unlink(output / "date=0" / "part-0.csv")
    result = cli(*args)
    assert result.code == 2
    assert (
        f"{output}/date=0/part-0.csv is missing: delete {tmp_path}/.out.tok" in result.err
    )


def test_a_file_whose_content_has_changed_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tokbox.cli.signing import command

    source, output, args = begun(tmp_path)
    checkpoint = Path(sidecar(str(output), "resume")).read_text().splitlines()[0]
    known = {each["name"]: each for each in json.loads(checkpoint)["input"]}
    monkeypatch.setattr(command, "_input_identity", lambda source: known[source.name])
    path = source / "date=1" / "part-0.csv"
    path.write_text(path.read_text().replace("u-600", "x-600"))
    result = cli(*args)
    assert result.code == 2
    assert (
        f"{path}: --resume must have the input of the earlier run, and the part"
        in result.err
    )


def test_an_input_cannot_have_the_name_of_a_file_beside_an_output(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = folder(tmp_path, "csv"), tmp_path / "out"
    name = tmp_path / ".out.tokbox-resume.csv"
    tables.write(name, tables.rows(1))
    result = cli(
        "sign", "-q", str(source), str(name), "-o", str(output), *COLUMNS, "--resume"
    )
    assert result.code == 2
    assert f"INPUT {name} has a name that --resume uses" in result.err


def test_an_error_of_a_file_leaves_no_checkpoint(cli: Cli, tmp_path: Path) -> None:
    source, output = folder(tmp_path, "csv"), tmp_path / "out"
    (source / "z.csv").write_text("a\n1\n")
    before = files(tmp_path)
    assert cli(*arguments(source, output, "--resume")).code == 2
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["x.csv.gz", "pipe.csv"])
def test_inputs_that_cannot_be_continued_are_refused(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    source, output = folder(tmp_path, "csv"), tmp_path / "out"
    extra = tmp_path / name
    os.mkfifo(extra)
    result = cli(
        "sign", "-q", str(source), str(extra), "-o", str(output), *COLUMNS, "--resume"
    )
    assert (result.code, "--resume needs files" in result.err) == (2, True)
