"""``tokbox sign --resume``: runs that are killed, and continued."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.signing.test_sign import COLUMNS, DERIVED, signer
from tests.support import tables
from tests.support.cli import Result
from tests.support.forked import run_forked
from tokbox.private_files import sidecar

Cli = Callable[..., Result]

#: Notes down after each chunk how far it is, in small chunks, and kills itself then and
#: there: before, or after, the note numbered in the first argument.
KILLED = """
import os, signal, sys
from tokbox.cli import main
from tokbox.cli.signing import checkpoint, run
from tokbox.cli.tables import formats

run.EVERY = 0.0
formats._BYTES, formats._ROWS = 20_000, 250
noted, (when, number, *args) = 0, sys.argv[1:]
save = checkpoint.Checkpoint.save

def save_or_die(self, state):
    global noted
    noted += 1
    if when == "before" and noted == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, state)
    if when == "after" and noted == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.Checkpoint.save = save_or_die
sys.exit(main(args))
"""


def killed(when: str, note: int, args: list[str]) -> int:
    code, printed = run_forked(KILLED, [when, str(note), *args])
    assert code in (0, 4, -signal.SIGKILL), printed
    return code


def table(tmp_path: Path, kind: str) -> str:
    """2,000 rows, the 500th and the last of which cannot be signed."""
    rows = tables.rows(2000)
    rows[499]["role"] = rows[-1]["role"] = "king"
    return tables.write(tmp_path / f"in.{kind}", rows)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_killed_run_is_continued_to_the_same_bytes(
    cli: Cli, tmp_path: Path, kind: str, when: str
) -> None:
    source = table(tmp_path, kind)
    output, rejects = tmp_path / f"out.{kind}", tmp_path / "rejects.csv"
    args = ["sign", "-q", source, "-o", str(output), "--rejects", str(rejects)]
    args += [*COLUMNS, *DERIVED, "--resume"]
    for note in (1, 3):  # twice, the second time further on
        assert killed(when, note, args) == -signal.SIGKILL
        assert not output.exists()
        assert not rejects.exists()
    assert killed("never", 0, args) == 4
    whole, all_rejects = tmp_path / f"whole.{kind}", tmp_path / "all.csv"
    again = [*("sign", "-q", source, "-o", str(whole), "--rejects", str(all_rejects))]
    assert killed("never", 0, [*again, *COLUMNS, *DERIVED]) == 4
    assert output.read_bytes() == whole.read_bytes()
    assert rejects.read_bytes() == all_rejects.read_bytes()
    assert [row["row"] for row in tables.read(rejects)] == ["500", "2000"]
    assert sorted(os.listdir(tmp_path)) == sorted(
        [f"in.{kind}", f"out.{kind}", "rejects.csv", f"whole.{kind}", "all.csv"]
    )


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_run_killed_at_its_very_end_is_continued(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source = tables.write(tmp_path / f"in.{kind}", tables.rows(10))
    output = tmp_path / f"out.{kind}"
    args = ["sign", "-q", source, "-o", str(output), *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL  # the last note: all is written
    last = Path(sidecar(str(output), "resume")).read_text().splitlines()[-1]
    assert json.loads(last)["file"] == 1
    assert cli(*args).code == 0
    assert len(tables.read(output)) == 10
    assert sorted(os.listdir(tmp_path)) == sorted([f"in.{kind}", f"out.{kind}"])


def test_with_random_nonces_each_row_is_there_once(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    output = tmp_path / "out.csv"
    args = ["sign", "-q", source, "-o", str(output), *COLUMNS, "--resume"]
    assert killed("before", 3, args) == -signal.SIGKILL
    assert cli(*args).code == 0
    found = tables.read(output)
    assert [row["user"] for row in found] == [f"u-{i}" for i in range(2000)]
    assert len({row["token"] for row in found}) == 2000
    assert not signer.verify_many([row["token"] for row in found]).failures


def test_a_note_that_was_cut_off_does_not_count(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    output = tmp_path / "out.csv"
    args = ["sign", "-q", source, "-o", str(output), *COLUMNS, "--resume"]
    assert killed("after", 3, args) == -signal.SIGKILL
    with open(sidecar(str(output), "resume"), "ab") as checkpoint:
        checkpoint.write(b'{"rows": 1999, "off')
    assert cli(*args).code == 0
    assert [row["user"] for row in tables.read(output)] == [f"u-{i}" for i in range(2000)]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (["--role", "moderator"], "mapping of columns"),
        (["--expiration", "1h"], "set of values"),
        (["--token-column", "t"], "token column"),
        (["--rejects", "r.csv"], "file for rejects"),
    ],
)
def test_other_options_are_refused(
    cli: Cli, tmp_path: Path, changed: list[str], what: str
) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    output = tmp_path / "out.csv"
    args = ["sign", "-q", source, "-o", str(output), *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    result = cli(*args, *changed)
    assert result.code == 2
    assert (
        f"have the options of the earlier run, which had another {what}; delete"
        in result.err
    )
    assert cli(*args).code == 0


def test_another_input_is_refused(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    args = ["sign", "-q", source, "-o", str(tmp_path / "out.csv"), *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    tables.write(tmp_path / "in.csv", tables.rows(2001))
    result = cli(*args)
    assert (result.code, "had another input" in result.err) == (2, True)


def test_another_secret_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    args = ["sign", "-q", source, "-o", str(tmp_path / "out.csv"), *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    monkeypatch.setenv("TOKBOX_SECRET", "another0secret0another0secret0another0sec")
    result = cli(*args)
    assert (result.code, "had another key" in result.err) == (2, True)


def test_a_run_whose_files_are_gone_is_refused(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    output = str(tmp_path / "out.csv")
    args = ["sign", "-q", source, "-o", output, *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    os.unlink(sidecar(output, "part"))
    result = cli(*args)
    assert (result.code, "to start again" in result.err) == (2, True)
    os.unlink(sidecar(output, "resume"))
    assert cli(*args).code == 0


def test_a_run_whose_file_is_shorter_than_it_was_is_refused(
    cli: Cli, tmp_path: Path
) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    output = str(tmp_path / "out.csv")
    args = ["sign", "-q", source, "-o", output, *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    os.truncate(sidecar(output, "part"), 10)
    result = cli(*args)
    assert (result.code, "to start again" in result.err) == (2, True)


def test_a_folder_that_is_not_there_is_not_taken_for_a_lost_file(
    cli: Cli, tmp_path: Path
) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    ends = ("-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "no" / "r.csv"))
    result = cli("sign", "-q", source, *ends, *COLUMNS, "--resume")
    assert (result.code, "to start again" in result.err) == (2, False)
    assert result.err.endswith("No such file or directory\n")


def test_two_runs_do_not_write_one_file(cli: Cli, tmp_path: Path) -> None:
    from tokbox.cli.signing.checkpoint import Checkpoint

    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    output = str(tmp_path / "out.csv")
    other = Checkpoint(output, {})
    try:
        result = cli("sign", "-q", source, "-o", output, *COLUMNS, "--resume")
    finally:
        other.close()
    assert result.code == 2
    assert "wait: another run is writing this file" in result.err


def test_a_system_without_file_locks_is_reported(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    monkeypatch.delattr(os, "pread")
    result = cli(
        "sign", "-q", source, "-o", str(tmp_path / "out.csv"), *COLUMNS, "--resume"
    )
    assert (result.code, "--resume needs a POSIX system" in result.err) == (2, True)
    assert os.listdir(tmp_path) == ["in.csv"]


def test_a_bad_row_stays_refused_until_it_is_set_apart(cli: Cli, tmp_path: Path) -> None:
    source = table(tmp_path, "csv")
    args = ["sign", "-q", source, "-o", str(tmp_path / "out.csv"), *COLUMNS, "--resume"]
    for _ in range(2):
        result = cli(*args)
        assert (result.code, "row 500: role" in result.err) == (2, True)


def test_unfinished_files_are_private(tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    output = str(tmp_path / "out.csv")
    args = ["sign", "-q", source, "-o", output, *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    for what in ("part", "resume"):
        assert os.stat(sidecar(output, what)).st_mode & 0o077 == 0


def test_a_run_that_is_killed_without_resume_leaves_no_output(tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2000))
    program = KILLED.replace(
        "save = checkpoint.Checkpoint.save", "from tokbox.cli.signing import rejects"
    ).replace(
        "checkpoint.Checkpoint.save = save_or_die",
        "rejects.RejectsWriter.add = lambda *bad: os.kill(os.getpid(), signal.SIGKILL)",
    )
    rows = tables.rows(2000)
    rows[1500]["role"] = "king"
    tables.write(tmp_path / "in.csv", rows)
    ends = ["-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "r.csv")]
    code, _ = run_forked(program, ["never", "0", "sign", source, *ends, *COLUMNS])
    assert code == -signal.SIGKILL
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "r.csv").exists()
