"""``tokbox sign``: rejected rows, the summary, and where a run is resumed."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.signing.test_sign import COLUMNS
from tests.cli.signing.test_sign_folders import shard
from tests.cli.signing.test_sign_resume import killed
from tests.support import tables
from tests.support.cli import SESSION, Result
from tokbox.cli.tables import formats, parquet

Cli = Callable[..., Result]

INPUT = ("--rejects-format", "input")


def sign(cli: Cli, source: str | Path, rejects: Path, *more: str) -> Result:
    output = rejects.with_name(f"out{Path(source).suffix}")
    ends = (str(source), "-o", str(output), "--rejects", str(rejects))
    return cli("sign", *ends, *COLUMNS, *more)


def report(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_report_has_the_value_and_the_whole_row(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    rows = tables.rows(3)
    rows[1] = {**rows[1], "role": 'a "king"', "user": "u, 1"}
    source = tables.write(tmp_path / f"in.{kind}", rows)
    rejects = tmp_path / "rejects.csv"
    assert sign(cli, source, rejects).code == 4
    (found,) = report(rejects)
    assert (found["row"], found["field"], found["value"]) == ("2", "role", 'a "king"')
    assert found["reason"].startswith("must be one of ")
    if kind == "csv":
        assert next(csv.reader([found["original"]])) == [*rows[1].values()]
    else:
        assert json.loads(found["original"]) == rows[1]


def test_rejected_rows_of_csv_keep_their_bytes(cli: Cli, tmp_path: Path) -> None:
    source, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    bad = [b'"ki,ng","x ""1""\r\nsecond line",%s' % SESSION.encode(), b"caf\xe9", b'a,"b']
    lines = [b"role,user,session", b"moderator,ok,%s" % SESSION.encode(), b"", *bad]
    source.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    result = sign(cli, source, rejects, *INPUT)
    assert result.code == 4
    assert "1 rows signed, 3 rejected" in result.err
    header, *found = rejects.read_bytes().splitlines(keepends=True)
    names = b"rejected.row,rejected.field,rejected.value,rejected.reason"
    assert header == names + b",role,user,session\n"
    text = b"".join(found)
    assert text.startswith(b'2,role,"ki,ng",')
    for row in bad:
        assert b"," + row + b"\n" in text


def test_rejected_rows_of_csv_can_be_longer_than_a_block(cli: Cli, tmp_path: Path) -> None:
    source, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    rows = [{**tables.rows(1)[0], "role": "x" * 5000}, *tables.rows(2)]
    tables.write(source, rows)
    assert sign(cli, source, rejects, *INPUT).code == 4
    assert [row["role"] for row in report(rejects)] == ["x" * 5000]


def test_corrected_rows_are_signed(cli: Cli, tmp_path: Path) -> None:
    for kind in tables.FORMATS:
        rows = tables.rows(5)
        rows[2]["role"] = "king"
        source = tables.write(tmp_path / f"in.{kind}", rows)
        rejects = tmp_path / f"rejects.{kind}"
        assert sign(cli, source, rejects, *INPUT).code == 4
        (bad,) = tables.read(rejects)
        assert bad["user"] == "u-2"
        result = cli(
            *("sign", str(rejects), "-o", str(tmp_path / f"again.{kind}")),
            *("--session-id", "col:session", "--role", "publisher"),
        )
        assert result.code == 0
        (row,) = tables.read(tmp_path / f"again.{kind}")
        assert row["token"].startswith("T1==")


def test_rejected_lines_of_ndjson_have_their_error(cli: Cli, tmp_path: Path) -> None:
    source, rejects = tmp_path / "in.ndjson", tmp_path / "rejects.ndjson"
    row = {"session": SESSION, "role": "king", "user": "é", "more": [1, {"a": None}]}
    lines = [
        json.dumps({**row, "role": "publisher"}),
        f"  {json.dumps(row, ensure_ascii=False)}",
        "{}",
        "no JSON",
        json.dumps({"rejected": 1, **row, "role": 5}),
    ]
    source.write_text("\n".join(lines), encoding="utf-8")
    assert sign(cli, source, rejects, *INPUT).code == 4
    second, third, fourth, fifth = map(json.loads, rejects.read_text().splitlines())
    error = second.pop("rejected")
    assert (error["row"], error["field"], error["value"]) == (2, "role", "king")
    assert second == row
    assert [*third] == ["rejected"]
    assert (fourth["rejected"]["row"], fourth["rejected"]["line"]) == (4, "no JSON")
    assert (fifth["rejected"]["value"], fifth["role"]) == (5, 5)


def write_parquet(path: Path, *, bad: tuple[int, ...], n: int = 100) -> pa.Table:
    """Write row groups of 10 rows, with columns that no claim needs."""
    rows = tables.rows(n)
    for i in bad:
        rows[i]["role"] = "king"
    table = pa.table(
        {
            **{name: [row[name] for row in rows] for name in rows[0]},
            "when": pa.array([dt.datetime(2026, 1, 1)] * n, pa.timestamp("us")),
            "far": pa.array([2**60] * n, pa.timestamp("us")),
            "nested": [{"a": [i]} for i in range(n)],
            "blob": [b"\xff"] * n,
        }
    )
    pq.write_table(table, path, row_group_size=10)
    return table


def test_rejected_rows_of_parquet_keep_all_columns_and_types(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_ROWS", 4)
    monkeypatch.setattr(parquet, "_ROWS_AT_ONCE", 3)
    source, rejects = tmp_path / "in.parquet", tmp_path / "rejects.parquet"
    bad = (0, 1, 7, 45, 99)
    table = write_parquet(source, bad=bad)
    assert sign(cli, source, rejects, *INPUT).code == 4
    found = pq.read_table(rejects)
    assert found.column_names == ["rejected", *table.column_names]
    assert found.drop_columns(["rejected"]).equals(table.take([*bad]))
    errors = found["rejected"].to_pylist()
    assert [error["row"] for error in errors] == [i + 1 for i in bad]
    assert {(error["field"], error["value"]) for error in errors} == {("role", "king")}


def test_a_report_of_parquet_has_values_that_python_cannot_show(
    cli: Cli, tmp_path: Path
) -> None:
    source, rejects = tmp_path / "in.parquet", tmp_path / "rejects.csv"
    write_parquet(source, bad=(55,))
    assert sign(cli, source, rejects).code == 4
    (found,) = report(rejects)
    original = json.loads(found["original"])
    assert (original["user"], original["when"]) == ("u-55", "2026-01-01 00:00:00")
    assert "1152921504606846976" in original["far"]
    assert original["nested"] == {"a": [55]}


def test_without_bad_rows_the_rejects_of_parquet_are_an_empty_table(
    cli: Cli, tmp_path: Path
) -> None:
    source, rejects = tmp_path / "in.parquet", tmp_path / "rejects.parquet"
    write_parquet(source, bad=())
    assert sign(cli, source, rejects, *INPUT).code == 0
    assert pq.read_table(rejects).num_rows == 0


def test_a_run_that_fails_leaves_no_rejects(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write_parquet(source / "a.parquet", bad=(1,))
    write_parquet(source / "b.parquet", bad=())
    content = bytearray((source / "b.parquet").read_bytes())
    content[4:2000] = b"\0" * 1996
    (source / "b.parquet").write_bytes(content)
    rejects = tmp_path / "rejects.parquet"
    ends = (str(source), "-o", str(tmp_path / "out"), "--rejects", str(rejects))
    result = cli("sign", *ends, *COLUMNS, *INPUT)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert not rejects.exists()


def test_a_column_that_cannot_be_decoded_is_named_if_a_row_needs_it(
    cli: Cli, tmp_path: Path
) -> None:
    source = tmp_path / "in.parquet"
    write_parquet(source, bad=(1,), n=10)
    metadata = pq.read_metadata(source).row_group(0)
    column = metadata.column(metadata.num_columns - 1)
    start = column.dictionary_page_offset or column.data_page_offset
    content = bytearray(source.read_bytes())
    size = column.total_compressed_size
    content[start : start + size] = b"\0" * size
    source.write_bytes(content)
    result = sign(cli, source, tmp_path / "rejects.csv")
    assert result.code == 2
    assert "INPUT must have columns that can be decoded: session, role, user" in result.err


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_rejects_of_several_files_name_their_files(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "in"
    for i in range(2):
        shard(source / f"{i}", kind, 0, 2, role="king")
    rejects = tmp_path / f"rejects.{kind}"
    ends = (str(source), "-o", str(tmp_path / "out"), "--rejects", str(rejects))
    assert cli("sign", *ends, *COLUMNS, *INPUT).code == 4
    names = [f"{source}/{i}/part-0.{kind}" for i in range(2)]
    found: list[Any] = tables.read(rejects)
    if kind == "csv":
        assert [row["rejected.file"] for row in found] == names
    else:
        assert [row["rejected"]["file"] for row in found] == names
    report_path = tmp_path / "report.csv"
    ends = (str(source), "-o", str(tmp_path / "out"), "--rejects", str(report_path))
    assert cli("sign", *ends, *COLUMNS).code == 4
    assert [row["file"] for row in report(report_path)] == names


def test_files_with_other_columns_need_a_report(cli: Cli, tmp_path: Path) -> None:
    tables.write(tmp_path / "a.csv", tables.rows(1))
    tables.write(tmp_path / "b.csv", tables.rows(1), ("user", "role", "session"))
    sources = (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    ends = ("-o", str(tmp_path / "out"), "--rejects", str(tmp_path / "r.csv"))
    result = cli("sign", *sources, *ends, *COLUMNS, *INPUT)
    assert result.code == 2
    assert "b.csv must have the columns of the first file: change it" in result.err
    assert cli("sign", *sources, *ends, *COLUMNS).code == 0


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_of_an_error_must_be_new(cli: Cli, tmp_path: Path, kind: str) -> None:
    name = {"csv": "rejected.row", "parquet": "rejected"}[kind]
    rows = [{**row, name: "1"} for row in tables.rows(1)]
    source = tables.write(tmp_path / f"in.{kind}", rows, [*rows[0]])
    result = sign(cli, source, tmp_path / f"r.{kind}", *INPUT)
    assert result.code == 2
    words = f"INPUT must not have a column {name!r}: remove it, or use --rejects-format"
    assert words in result.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("in.csv", "--rejects", "r.ndjson"), "or use --rejects-format input"),
        (("in.csv", *INPUT), "--rejects-format input needs --rejects FILE"),
        (("in.csv", "--rejects", "r.parquet", *INPUT), "or use --rejects-format report"),
        (
            ("in.csv", "in.ndjson", "--rejects", "r.csv", *INPUT),
            "--rejects-format input needs inputs of one format",
        ),
        (
            ("in.parquet", "--rejects", "r.parquet", *INPUT, "--resume"),
            "--resume cannot continue a Parquet file of rejected rows",
        ),
        (
            ("in.parquet", *INPUT, "--engine", "ray"),
            "--rejects-format needs --engine local",
        ),
    ],
)
def test_formats_of_rejects_that_do_not_fit_are_refused(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in tables.FORMATS:
        tables.write(tmp_path / f"in.{kind}", tables.rows(1))
    output = "out" if "in.ndjson" in args else f"out.{args[0].rpartition('.')[2]}"
    result = cli("sign", *args, "-o", output, *COLUMNS)
    assert result.code == 2
    assert words in result.err


# The last line.


def test_the_last_line_is_a_summary_unless_quiet(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(20))
    args = ("sign", source, "-o", str(tmp_path / "out.csv"), *COLUMNS)
    summary = r"tokbox: 20 rows signed, 0 rejected, in \S+ \S+ \([\d,]+/s\)\n"
    assert re.fullmatch(summary, cli(*args).err)
    for option in ("-q", "--quiet"):
        assert cli(*args, option) == Result(0, "", "")


def test_rejected_rows_of_a_quiet_run_set_the_exit_code(cli: Cli, tmp_path: Path) -> None:
    rows = [*tables.rows(2), {**tables.rows(1)[0], "role": "king"}]
    source = tables.write(tmp_path / "in.csv", rows)
    assert sign(cli, source, tmp_path / "r.csv", "-q") == Result(4, "", "")


# Resumed runs.


def test_a_resumed_run_reports_where_it_continues(cli: Cli, tmp_path: Path) -> None:
    rows = tables.rows(2000)
    rows[10]["role"] = "king"
    source = tables.write(tmp_path / "in.csv", rows)
    ends = ["-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "r.csv")]
    for option in (INPUT, ()):
        args = ["sign", source, *ends, *COLUMNS, *option, "--resume"]
        assert killed("after", 3, args) == -signal.SIGKILL
        result = cli(*args)
        assert result.code == 4
        first, last = result.err.splitlines()
        found = re.fullmatch(
            r"tokbox: resuming after row ([\d,]+) \(([\d,]+) rows signed, 1 rejected so far\)",
            first,
        )
        assert found is not None, first
        before, signed = (int(each.replace(",", "")) for each in found.groups())
        assert 0 < before < 2000
        assert signed == before - 1
        assert last.startswith("tokbox: 1,999 rows signed, 1 rejected (see ")
        header, row, *more = (tmp_path / "r.csv").read_text().splitlines()
        assert (more, "row" in header, "king" in row) == ([], True, True)


def test_a_run_of_a_folder_is_resumed_in_a_file(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in"
    for i in range(2):
        shard(source / f"{i}", "csv", 0, 2000)
    args = ["sign", str(source), "-o", str(tmp_path / "out"), *COLUMNS, "--resume"]
    assert killed("after", 2, args) == -signal.SIGKILL
    assert f" of {source}/0/part-0.csv (" in cli(*args).err


def test_a_resume_without_an_earlier_run_is_reported(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    args = ("sign", source, "-o", str(tmp_path / "out.csv"), *COLUMNS, "--resume")
    first, _ = cli(*args).err.splitlines()
    assert first == "tokbox: starting at row 1: there is no earlier run to resume"
    assert cli(*args, "-q") == Result(0, "", "")
