"""``tokbox sign --resume`` continues only with the input that it began with."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.signing.test_sign import COLUMNS, DERIVED
from tests.cli.signing.test_sign_resume import killed
from tests.support import tables
from tests.support.cli import SESSION, Result
from tokbox.cli.signing import command, run
from tokbox.cli.tables import formats
from tokbox.cli.tables.formats import open_table
from tokbox.cli.tables.inputs import Source
from tokbox.cli.tables.table import Position
from tokbox.private_files import sidecar

Cli = Callable[..., Result]
KINDS = pytest.mark.parametrize("kind", tables.FORMATS)

#: Two users whose rows take the same room in a file.
BEGUN, REPLACED = "u-0", "x-0"


def begun(tmp_path: Path, kind: str) -> tuple[Path, list[str]]:
    """Begin a run that is killed after its second note; return its input and arguments."""
    source = tmp_path / f"in.{kind}"
    tables.write(source, tables.rows(2000))
    output = str(tmp_path / f"out.{kind}")
    args = ["sign", str(source), "-o", output, *COLUMNS, *DERIVED, "--resume"]
    assert killed("after", 2, args) < 0
    assert states(tmp_path, kind)
    return source, args


def states(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    checkpoint = Path(sidecar(str(tmp_path / f"out.{kind}"), "resume"))
    return [json.loads(line) for line in checkpoint.read_text().splitlines()[1:]]


def altered(source: Path) -> bytes:
    """The input with one byte changed that was read, and as long as before."""
    content = source.read_bytes()
    place = content.index(BEGUN.encode())
    changed = content[:place] + REPLACED.encode() + content[place + len(BEGUN) :]
    assert len(changed) == len(content)
    assert changed != content
    return changed


def without_identity(monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path) -> None:
    """Give the input the same inode, size and times as before, as the command sees it."""
    checkpoint = Path(sidecar(str(tmp_path / f"out{source.suffix}"), "resume"))
    asked = json.loads(checkpoint.read_text().splitlines()[0])
    monkeypatch.setattr(command, "_input_identity", lambda source: asked["input"][0])


def is_refused(cli: Cli, args: list[str], words: str) -> None:
    output = Path(args[3])
    part, checkpoint = (sidecar(str(output), what) for what in ("part", "resume"))
    kept = [path for path in (part, checkpoint) if os.path.exists(path)]
    before = [Path(path).read_bytes() for path in kept]
    result = cli(*args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert f"delete {checkpoint} to start again" in result.err
    assert not output.exists()
    assert [Path(path).read_bytes() for path in kept] == before


@KINDS
def test_a_file_of_equal_size_and_time_in_its_place_is_refused(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, args = begun(tmp_path, kind)
    found, other = source.stat(), tmp_path / "other"
    other.write_bytes(altered(source))
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    os.replace(other, source)
    assert (source.stat().st_size, source.stat().st_mtime_ns) == (
        found.st_size,
        found.st_mtime_ns,
    )
    is_refused(cli, args, "had another input")


@KINDS
def test_a_file_changed_in_its_place_with_its_old_time_is_refused(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, args = begun(tmp_path, kind)
    found, content = source.stat(), altered(source)
    with source.open("r+b") as file:
        file.write(content)
    os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert source.stat().st_ino == found.st_ino
    is_refused(cli, args, "had another input")


@KINDS
def test_the_content_that_was_read_is_compared(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    source, args = begun(tmp_path, kind)
    content = altered(source)
    with source.open("r+b") as file:
        file.write(content)
    without_identity(monkeypatch, source, tmp_path)
    is_refused(cli, args, "the part that was read has changed")


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_file_that_was_cut_off_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    source, args = begun(tmp_path, kind)
    os.truncate(source, states(tmp_path, kind)[-1]["offset"] - 1)
    without_identity(monkeypatch, source, tmp_path)
    is_refused(cli, args, "the part that was read has changed")


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_file_that_has_grown_is_refused(cli: Cli, tmp_path: Path, kind: str) -> None:
    source, args = begun(tmp_path, kind)
    with source.open("ab") as file:
        file.write(source.read_bytes().splitlines(keepends=True)[-1])
    is_refused(cli, args, "had another input")


def test_a_footer_that_was_changed_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, args = begun(tmp_path, "parquet")
    content = source.read_bytes()
    written_by = b"parquet-cpp-arrow"
    place = content.rindex(written_by)
    with source.open("r+b") as file:
        file.seek(place)
        file.write(written_by.upper())
    without_identity(monkeypatch, source, tmp_path)
    is_refused(cli, args, "the part that was read has changed")


@pytest.mark.parametrize("changed", ["inode", "size", "modified", "changed"])
def test_all_that_identifies_an_input_counts(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    _, args = begun(tmp_path, "csv")
    identity = command._input_identity
    monkeypatch.setattr(
        command,
        "_input_identity",
        lambda file: {**(found := identity(file)), changed: found[changed] + 1},
    )
    is_refused(cli, args, "had another input")


def test_an_input_is_identified_by_inode_size_and_times(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"content")
    os.utime(path, ns=(1, 2))
    found = path.stat()
    assert command._input_identity(Source(str(path), "in.csv", "csv")) == {
        "name": "in.csv",
        "inode": found.st_ino,
        "size": 7,
        "modified": 2,
        "changed": found.st_ctime_ns,
    }


@KINDS
def test_the_same_input_is_continued_after_each_note(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, args = begun(tmp_path, kind)
    for note in (2, 1, 3):  # in several runs, each of which hashes on
        killed("after", note, args)
    assert cli(*args).code == 0
    whole = tmp_path / f"whole.{kind}"
    assert killed("never", 0, ["sign", str(source), "-o", str(whole), *args[4:-1]]) == 0
    assert tables.read(Path(args[3])) == tables.read(whole)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_the_checkpoint_has_the_hash_of_the_bytes_that_were_read(
    tmp_path: Path, kind: str
) -> None:
    source, _ = begun(tmp_path, kind)
    found = states(tmp_path, kind)
    assert len(found) == 2
    for state in found:
        content = source.read_bytes()[: state["offset"]]
        assert content.endswith(b"\n")
        assert state["consumed"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfs\n\n\nSESSION\n\n\n\nSESSION\r\nSESSION\rSESSION",
        b's,"x\ny"\nSESSION,"a\nb"\n' + b"SESSION,c\n" * 50,
    ],
)
def test_csv_is_hashed_up_to_where_each_chunk_ends(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content.replace(b"SESSION", SESSION.encode()))
    with path.open("rb", buffering=0) as file:
        table = open_table(file, "csv", application=False)
        start = Position(digest=table.digest(Position()))
        ends = [chunk.end for chunk in table.chunks(start)]
        for end in ends:
            again = table.digest(end)
            expected = hashlib.sha256(path.read_bytes()[: end.offset])
            assert end.digest.hexdigest() == again.hexdigest() == expected.hexdigest()
    assert ends


def test_nothing_is_hashed_in_a_run_that_cannot_be_continued(tmp_path: Path) -> None:
    for kind in tables.FORMATS:
        path = tables.write(tmp_path / f"in.{kind}", tables.rows(10))
        with open(path, "rb", buffering=0) as file:
            table = open_table(file, kind, application=False, columns=("session",))
            assert [chunk.end.digest for chunk in table.chunks(Position())] == [None]


def test_parquet_is_hashed_as_a_whole_and_read_on_from_any_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_ROWS", 3)
    path = tmp_path / "in.parquet"
    schema = pa.schema([("session", pa.string()), ("n", pa.int64())])
    with pq.ParquetWriter(path, schema, use_dictionary=["session"]) as writer:
        for n in (10, 0, 4, 7):
            rows = {"session": [SESSION] * n, "n": list(range(n))}
            writer.write_table(pa.table(rows, schema))
    with path.open("rb", buffering=0) as file:
        table = open_table(file, "parquet", application=False, columns=("n",))
        digest = table.digest(Position())
        assert digest.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()
        chunks = table.chunks(Position(digest=digest))
        assert [p.end.rows for p in chunks] == [3, 6, 9, 10, 13, 14, 17, 20, 21]
        for rows in range(22):
            # From any row, whole chunks or not, the rest of the rows, each once.
            start = Position(rows)
            start = start._replace(digest=table.digest(start))
            chunks = [*table.chunks(start)]
            sizes = [chunk.end.rows - chunk.start.rows for chunk in chunks]
            assert sum(sizes) == 21 - rows
            found = [n for chunk in chunks for n in chunk.column("n")["n"].to_pylist()]
            assert found == [*range(10), *range(4), *range(7)][rows:]
            for chunk in chunks:
                assert chunk.end.digest.hexdigest() == digest.hexdigest()


def test_a_run_is_continued_with_chunks_of_another_size(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, args = begun(tmp_path, "parquet")
    assert states(tmp_path, "parquet")[-1]["rows"] == 500
    monkeypatch.setattr(formats, "_ROWS", 700)
    assert cli(*args).code == 0
    found = tables.read(Path(args[3]))
    assert [row["user"] for row in found] == [f"u-{i}" for i in range(2000)]
    assert len({row["token"] for row in found}) == 2000


@pytest.mark.parametrize("version", [None, 1, 3, "2"])
def test_a_checkpoint_of_another_format_is_refused(
    cli: Cli, tmp_path: Path, version: object
) -> None:
    _, args = begun(tmp_path, "csv")
    checkpoint = Path(sidecar(args[3], "resume"))
    first, *rest = checkpoint.read_text().splitlines()
    asked = json.loads(first)
    assert asked.pop("version") == 2
    if version is not None:
        asked["version"] = version
    checkpoint.write_text("\n".join([json.dumps(asked), *rest, ""]))
    is_refused(cli, args, "the checkpoint is from another one")


def test_a_checkpoint_of_the_first_format_is_refused(cli: Cli, tmp_path: Path) -> None:
    source, args = begun(tmp_path, "csv")
    found = source.stat()
    old = {"format": "csv", "input": [found.st_size, found.st_mtime_ns]}
    state = {"rows": 1, "offset": 90, "rejected": 0, "output": 400, "rejects": 0}
    Path(sidecar(args[3], "resume")).write_text(f"{json.dumps(old)}\n{json.dumps(state)}\n")
    is_refused(cli, args, "continue a run of the same version of tokbox")


def test_the_rejects_are_the_same_file_however_they_are_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "EVERY", 0.0)
    rows = tables.rows(10)
    rows[9]["role"] = "king"
    source = tables.write(tmp_path / "in.csv", rows)
    output = str(tmp_path / "out.csv")
    args = ["sign", source, "-o", output, *COLUMNS, "--resume", "--rejects"]
    assert killed("after", 1, [*args, str(tmp_path / "r.csv")]) < 0
    monkeypatch.chdir(tmp_path)
    assert cli(*args, "./r.csv").code == 4
    assert len(tables.read(tmp_path / "r.csv")) == 1
