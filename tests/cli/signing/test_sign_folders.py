"""``tokbox sign`` of several files and of folders: one output for each input."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from tests.cli.signing.test_sign import COLUMNS, DERIVED, says, signer
from tests.support import tables
from tests.support.cli import SESSION, Result, run_on_terminal
from tokbox.cli.signing import pipeline

Cli = Callable[..., Result]

#: Rows with a date for each folder; None is a partition of null.
DATES = {"2026-01-01": 3, "a b/c=d%": 2, "ü": 2, None: 1}


def files(folder: Path) -> list[str]:
    """The files below a folder, by their paths from there."""
    found = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(str(path.relative_to(folder)) for path in found)


def dated_rows() -> list[dict[str, str | None]]:
    dates = [date for date, n in DATES.items() for _ in range(n)]
    return [{"user": f"u-{i}", "date": date} for i, date in enumerate(dates)]


def by_duckdb(table: pa.Table, folder: Path) -> None:
    duckdb.sql(f"COPY (FROM 'table') TO '{folder}' (FORMAT parquet, PARTITION_BY (date))")


def by_polars(table: pa.Table, folder: Path) -> None:
    frame = pl.DataFrame(table)
    target = pl.PartitionBy(str(folder), key="date", include_key=False)
    frame.write_parquet(target, mkdir=True)


def by_pyarrow(table: pa.Table, folder: Path) -> None:
    schema = pa.schema([("date", pa.string())])
    partitioning = ds.partitioning(schema, flavor="hive")
    ds.write_dataset(table, folder, format="parquet", partitioning=partitioning)


def csv_by_duckdb(table: pa.Table, folder: Path) -> None:
    duckdb.sql(f"COPY (FROM 'table') TO '{folder}' (FORMAT csv, PARTITION_BY (date))")


def shard(folder: Path, kind: str, first: int, n: int, **values: str) -> list[Any]:
    """Write rows of a table to a folder, as part-0 of a kind; return them."""
    rows = tables.rows(first + n)[first:]
    rows[-1].update(values)
    folder.mkdir(parents=True, exist_ok=True)
    tables.write(folder / f"part-0.{kind}", rows)
    return rows


# Which files there are, and where their outputs are.


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_each_file_of_a_folder_has_an_output_of_its_path(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    first = shard(source / "date=1" / "hour=2", kind, 0, 2000)
    second = shard(source, kind, 2000, 10)
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS) == Result(0, "", "")
    names = [f"date=1/hour=2/part-0.{kind}", f"part-0.{kind}"]
    assert files(output) == names
    for name, rows in zip(names, (first, second), strict=True):
        found = tables.read(output / name)
        tokens = [row.pop("token") for row in found]
        assert found == rows
        assert [says(token) for token in tokens] == [tuple(row.values()) for row in rows]
        assert (output / name).stat().st_mode & 0o077 == 0


def test_files_of_all_formats_can_be_mixed(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    for i, kind in enumerate(tables.FORMATS):
        shard(source / str(i), kind, i, 1)
    (source / "z.csv.gz").write_bytes(gzip.compress((source / "0/part-0.csv").read_bytes()))
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS).code == 0
    assert files(output) == files(source)
    text = gzip.decompress((output / "z.csv.gz").read_bytes()).splitlines()
    assert says(text[1].rpartition(b",")[2].decode())[2] == "u-0"
    assert [tables.read(output / name)[0]["user"] for name in files(output)[:3]] == [
        "u-0",
        "u-1",
        "u-2",
    ]


def test_options_for_text_count_for_the_text_among_the_files(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source, "parquet", 0, 1)
    (source / "a.csv").write_text(f"session;role;user\n{SESSION};publisher;é\n", "latin-1")
    dialect = ("--delimiter", ";", "--encoding", "latin-1")
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS, *dialect).code == 0
    assert ";é;T1==" in (output / "a.csv").read_text()
    os.unlink(source / "a.csv")
    for option, words in [
        (dialect[:2], "only for CSV"),
        (dialect[2:], "CSV, NDJSON and text"),
    ]:
        result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS, *option)
        assert (result.code, words in result.err) == (2, True)


def test_several_files_have_outputs_of_their_names(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shard(Path("a"), "csv", 0, 1)
    tables.write(Path("b.parquet"), tables.rows(1))
    assert cli("sign", "-q", "a/part-0.csv", "b.parquet", "-o", "out", *COLUMNS).code == 0
    assert files(Path("out")) == ["b.parquet", "part-0.csv"]


@pytest.mark.parametrize("output", ["there", "new/"])
def test_one_file_can_have_an_output_in_a_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    tables.write(Path("a.csv"), tables.rows(1))
    assert cli("sign", "-q", "a.csv", "-o", output, *COLUMNS).code == 0
    assert files(Path(output)) == ["a.csv"]


def test_an_output_that_exists_is_replaced_and_others_stay(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source, "csv", 0, 1)
    shard(output, "csv", 5, 1)
    (output / "other").write_text("stays")
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS).code == 0
    assert files(output) == ["other", "part-0.csv"]
    assert [row["user"] for row in tables.read(output / "part-0.csv")] == ["u-0"]


def test_names_that_begin_with_a_dot_or_an_underscore_are_left_out(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source / "_a=1", "csv", 0, 1)
    shard(source / "_temporary", "csv", 0, 1)
    shard(source / ".hidden", "csv", 0, 1)
    for name in ("_SUCCESS", "_metadata", "._SUCCESS.crc", ".part-0.csv.crc"):
        (source / name).touch()
    data = ("--session-id", "col:session", "--connection-data", "col:_a")
    assert cli("sign", "-q", str(source), "-o", str(output), *data).code == 0
    assert files(output) == ["_a=1/part-0.csv"]
    (row,) = tables.read(output / "_a=1" / "part-0.csv")
    assert says(row["token"])[2] == "1"


def test_linked_folders_are_read(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(tmp_path / "elsewhere", "csv", 0, 1)
    source.mkdir()
    (source / "link").symlink_to(tmp_path / "elsewhere")
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS).code == 0
    assert files(output) == ["link/part-0.csv"]
    (source / "loop").symlink_to(source)
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS)
    assert (result.code, "Too many levels of symbolic links" in result.err) == (2, True)


def test_with_a_format_files_can_have_any_name(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source, "csv", 0, 1)
    os.rename(source / "part-0.csv", source / "part-0")
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS)
    assert (result.code, f"the format of {source}/part-0 is unknown" in result.err) == (
        2,
        True,
    )
    args = ("sign", "-q", str(source), "-o", str(output), *COLUMNS, "--format", "csv")
    assert cli(*args).code == 0
    assert files(output) == ["part-0"]


# Columns of folders.


@pytest.mark.parametrize("write", [by_duckdb, by_polars, by_pyarrow, csv_by_duckdb])
def test_folders_are_columns_of_text(
    cli: Cli, tmp_path: Path, write: Callable[[pa.Table, Path], None]
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    rows = dated_rows()
    write(pa.Table.from_pylist(rows), source)
    args = ("--session-id", SESSION, "--connection-data", "col:date")
    result = cli("sign", "-q", str(source), "-o", str(output), *args)
    assert result == Result(0, "", "")
    assert files(output) == files(source)
    kind = "csv" if write is csv_by_duckdb else "parquet"
    signed = (
        f"read_{kind}('{output}/**', hive_partitioning=true, hive_types={{date: text}})"
    )
    found = duckdb.sql(f"SELECT user, date, token FROM {signed} ORDER BY user").fetchall()
    assert [(user, date) for user, date, _ in found] == [tuple(r.values()) for r in rows]
    for _, date, token in found:
        assert says(token)[2] == (date or "")
    for path in output.rglob("*.parquet"):
        assert pq.ParquetFile(path).schema_arrow.names == ["user", "token"]


def test_null_of_a_folder_has_the_default_of_the_claim(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    by_pyarrow(pa.Table.from_pylist(dated_rows()), source)
    args = ("--session-id", SESSION, "--connection-data", "col:date")
    default = ("--default", "connection-data=none")
    assert cli("sign", "-q", str(source), "-o", str(output), *args, *default).code == 0
    data = {
        says(row["token"])[2]
        for path in output.rglob("*.parquet")
        for row in pq.ParquetFile(path).read().to_pylist()
    }
    assert data == {"2026-01-01", "a b/c=d%", "ü", "none"}


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_column_of_the_file_comes_before_that_of_its_folder(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source / "user=folder" / "role=moderator", kind, 0, 1)
    args = ("sign", "-q", str(source), "-o", str(output), *COLUMNS)
    assert cli(*args).code == 0
    (row,) = tables.read(output / "user=folder" / "role=moderator" / f"part-0.{kind}")
    assert says(row["token"]) == (SESSION, "publisher", "u-0")


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_all_claims_can_be_columns_of_folders(cli: Cli, tmp_path: Path, kind: str) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    path = Path("role=moderator", "=", "life=2h", f"part-0.{kind}")
    shard((source / path).parent, kind, 0, 300)
    args = ("--session-id", SESSION, "--role", "col:role", "--expiration", "col:life")
    names = ("session", "user")
    rows = [{name: row[name] for name in names} for row in tables.rows(300)]
    tables.write(source / path, rows, names)
    assert cli("sign", "-q", str(source), "-o", str(output), *args).code == 0
    claims = [signer.verify(row["token"]) for row in tables.read(output / path)]
    assert {claim.role for claim in claims} == {"moderator"}
    assert len(claims) == 300
    assert {claim.expire_time - claim.create_time for claim in claims} == {7200}


def test_a_folder_that_is_not_utf8_is_an_error_of_its_rows(
    cli: Cli, tmp_path: Path
) -> None:
    source, output, rejects = (tmp_path / name for name in ("in", "out", "r.csv"))
    shard(source / "date=%ff", "csv", 0, 1)
    args = ("--session-id", SESSION, "--connection-data", "col:date")
    ends = ("-o", str(output), "--rejects", str(rejects))
    assert cli("sign", "-q", str(source), *ends, *args).code == 4
    (row,) = tables.read(rejects)
    assert "without lone surrogates" in row["reason"]


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_the_token_column_cannot_have_the_name_of_a_folder(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source / "token=1", kind, 0, 1)
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS)
    assert result.code == 2
    assert (
        "--token-column must be a new name, not 'token': this column exists" in result.err
    )


def test_columns_of_folders_are_named_if_a_column_is_missing(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source / "date=1", "csv", 0, 1)
    args = ("--session-id", SESSION, "--connection-data", "col:day")
    result = cli("sign", "-q", str(source), "-o", str(output), *args)
    assert result.err == (
        f"tokbox: error: {source}/date=1/part-0.csv: --connection-data must be one of "
        "the columns (session, role, user, date), not 'day'\n"
    )


# Errors come before the first token.


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("in", "missing.csv", "-o", "out"), "missing.csv: No such file or directory"),
        (("in",), "standard output is not one: use a folder"),
        (
            ("in", "-o", "file"),
            "a folder for their outputs, and file is not one: use a folder",
        ),
        (("in", "-o", "x.csv"), "and x.csv is not one: use a folder, such as --output"),
        (("in", "-o", "in"), "--output in is in the input folder in"),
        (("in", "-o", "in/signed"), "--output in/signed is in the input folder in"),
        (("in", "-o", "link"), "--output link is in the input folder in"),
        (
            ("in", "-o", "out", "--rejects", "in/r.csv"),
            "--rejects in/r.csv is in the input fol",
        ),
        (("empty", "-o", "out"), "there are no files in empty (names that begin with"),
        (("in", "-", "-o", "out"), "- (standard input) cannot be used with other files"),
        (
            ("in", "copy", "-o", "out"),
            "would have the same output, out/part-0.csv: use the",
        ),
        (
            ("in", "in", "-o", "out"),
            "in/part-0.csv and in/part-0.csv would have the same outp",
        ),
        (("odd", "-o", "out"), "the format of odd/0, odd/1, odd/2, odd/3, odd/4"),
        (
            ("odd", "-o", "out"),
            "and 2 more is unknown: use --format (csv, ndjson, parquet)",
        ),
        (
            ("pipes", "-o", "out"),
            "pipes/pipe.csv is not a regular file: remove it from the folder",
        ),
        (
            ("lost", "-o", "out"),
            "lost/lost.csv is not a regular file: remove it from the folder",
        ),
        (
            ("in", "bad.parquet", "-o", "out"),
            "error: bad.parquet must be a complete Parquet file",
        ),
        (("in", "other.csv", "-o", "out"), "error: other.csv: --session-id must be one"),
        (
            ("in", "copy.csv", "-o", "."),
            "is both INPUT copy.csv and the output of copy.csv",
        ),
        (
            ("in", "-o", "linked"),
            "is both INPUT in/part-0.csv and the output of in/part-0.csv",
        ),
        (
            ("in", "-o", "out", "--rejects", "out/part-0.csv"),
            "is both the output of in/part-0.csv and --rejects",
        ),
        (
            ("in/part-0.csv", "z.parquet.gz", "-o", "out"),
            "Parquet files have their own compress",
        ),
        (("in", "in", "-o", "out", "--engine", "ray"), "--engine ray needs one INPUT"),
        (("in", "-o", "out", "--token-column", "role"), "in/part-0.csv: --token-column m"),
    ],
)
def test_an_error_of_any_file_comes_before_the_first_token(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("in", "copy", "linked"):
        shard(Path(name), "csv", 0, 2)
    for name in ("empty", "odd", "pipes", "lost"):
        Path(name).mkdir()
    for i in range(7):
        (Path("odd") / str(i)).touch()
    os.mkfifo("pipes/pipe.csv")
    Path("lost/lost.csv").symlink_to("nowhere")
    Path("link").symlink_to("in")
    Path("linked/part-0.csv").unlink()
    Path("linked/part-0.csv").symlink_to("../in/part-0.csv")
    tables.write(Path("copy.csv"), tables.rows(1))
    Path("file").touch()
    Path("bad.parquet").write_bytes(b"PAR1")
    Path("z.parquet.gz").touch()
    Path("other.csv").write_text("a,b\n1,2\n")
    before = files(tmp_path)
    result = cli("sign", "-q", *args, *COLUMNS)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert files(tmp_path) == before
    assert not Path("out").exists()


# Rows that cannot be signed.


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_rejected_rows_of_all_files_are_in_one_table(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shard(Path("in", "a,b"), kind, 0, 2, role="king")
    shard(Path("in", "c"), kind, 2, 2)
    shard(Path("in", "d"), kind, 4, 3, role="queen")
    args = (
        "sign",
        "in",
        "-o",
        "out",
        "--rejects",
        "out/rejects.csv",
        *COLUMNS,
        "--json",
    )
    result = cli(*args)
    assert result.code == 4
    summary = "tokbox: 5 rows signed in 3 files, 2 rejected (see out/rejects.csv), in "
    assert result.err.startswith(summary)
    said = json.loads(result.out)
    assert said.pop("seconds") >= 0
    assert said == {"file": "out", "files": 3, "rows": 7, "signed": 5, "rejected": 2}
    assert [tuple(row.values())[:3] for row in tables.read(Path("out/rejects.csv"))] == [
        (f"in/a,b/part-0.{kind}", "2", "role"),
        (f"in/d/part-0.{kind}", "3", "role"),
    ]
    kept = 2 if kind == "parquet" else 1
    assert len(tables.read(Path("out", "a,b", f"part-0.{kind}"))) == kept


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_row_that_cannot_be_signed_ends_the_run_and_complete_outputs_stay(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    for i in range(3):
        shard(source / str(i), kind, 0, 2000, **({"role": "king"} if i == 1 else {}))
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS)
    assert (result.code, result.out) == (2, "")
    assert f"error: {source}/1/part-0.{kind}: row 2,000: role must be" in result.err
    assert files(output) == [f"0/part-0.{kind}"]
    assert len(tables.read(output / "0" / f"part-0.{kind}")) == 2000


def test_an_interrupted_run_leaves_complete_outputs_only(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    for i in range(3):
        shard(source / str(i), "csv", 0, 2000)
    write, calls = pipeline.write_chunks, []

    def interrupt(*args: Any, **options: Any) -> None:
        calls.append(args)
        write(*args, **options)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("tokbox.cli.signing.run.write_chunks", interrupt)
    ends = ("-o", str(output), "--rejects", str(tmp_path / "r.csv"))
    result = cli("sign", "-q", str(source), *ends, *COLUMNS)
    assert (result.code, result.err) == (130, "tokbox: interrupted\n")
    assert files(output) == ["0/part-0.csv"]
    assert not (tmp_path / "r.csv").exists()


# Nonces.


def test_derived_tokens_depend_on_rows_and_not_on_files(cli: Cli, tmp_path: Path) -> None:
    rows = [
        {**row, "user": f"u-{i}", "role": "publisher"}
        for i, row in enumerate(tables.rows(20))
    ]
    for folder, cut in (("one", 20), ("two", 7)):
        for i, part in enumerate((rows[:cut], rows[cut:])):
            (tmp_path / folder).mkdir(exist_ok=True)
            tables.write(tmp_path / folder / f"part-{i}.csv", part)
    # The connection data is the same in all rows.
    args = ("--session-id", "col:session", *DERIVED)
    found = []
    for folder in ("one", "two", "two"):
        output = tmp_path / f"out-{len(found)}"
        assert cli("sign", "-q", str(tmp_path / folder), "-o", str(output), *args).code == 0
        tables_ = [tables.read(output / f"part-{i}.csv") for i in range(2)]
        found.append([row["token"] for table in tables_ for row in table])
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 20


def test_a_folder_key_is_not_a_row_key(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source / "id=1", "csv", 0, 2)
    key = ("--row-key", "col:id")
    result = cli("sign", "-q", str(source), "-o", str(output), *COLUMNS, *DERIVED, *key)
    assert (result.code, "row 2: row_key must be unique" in result.err) == (2, True)


# Progress.


def test_progress_counts_files_and_rows(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    shard(source / "0", "csv", 0, 20_000)
    shard(source / "1", "parquet", 0, 20_000)
    for _ in range(2):  # the second time, the folder is there
        result = run_on_terminal(["sign", str(source), "-o", str(output), *COLUMNS])
        assert result.code == 0
        assert "40,000 rows signed in 2 files, 0 rejected, in " in result.out
        assert "Signing 2/2" in result.out


def test_progress_of_the_copied_content_is_shown(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tokbox.cli.tables import parquet

    said: list[tuple[int, int, str]] = []

    def progress(label: str, total: int | None, **options: Any) -> Any:
        import contextlib

        assert total == os.path.getsize(source)
        return contextlib.nullcontext(lambda *args: said.append(args))

    source = tables.write(tmp_path / "in.parquet", tables.rows(20_000))
    monkeypatch.setattr("tokbox.cli.tables.inputs.progress", progress)
    monkeypatch.setattr("tokbox.cli.signing.command.shows_progress", lambda target: True)
    monkeypatch.setattr(parquet, "_READ", os.path.getsize(source) // 3)
    assert cli("sign", source, "-o", str(tmp_path / "o.parquet"), *COLUMNS).code == 0
    copied = [each for each in said if each[2] != "Signing"]
    assert [count for _, count, _ in copied] == [0] * len(copied)
    assert copied[-1] == (0, 0, "Copying 100%")
    assert len(copied) >= 3
    assert said[-1] == (os.path.getsize(source), 20_000, "Signing")
