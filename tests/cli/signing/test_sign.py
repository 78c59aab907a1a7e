"""``tokbox sign``."""

from __future__ import annotations

import csv as csv_module
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import applications, tables
from tests.support.cli import (
    COMMAND,
    KEY,
    OTHER_SESSION,
    SECRET,
    SESSION,
    Result,
    environment,
    run_on_terminal,
)
from tokbox import Signer
from tokbox.cli.tables import csv, formats, row_errors, text

Cli = Callable[..., Result]

COLUMNS = (
    *("--session-id", "col:session", "--role", "col:role"),
    *("--connection-data", "col:user"),
)
DERIVED = (
    *("--nonce", "derived", "--run-id", "run-1", "--row-key", "col:user"),
    *("--issued-at", "1700000000"),
)

signer = Signer(KEY, SECRET)


def says(token: str) -> tuple[str, str, str]:
    claims = signer.verify(token)
    return claims.session_id, claims.role, claims.connection_data


def pipe(args: list[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *args], input=stdin, capture_output=True, env=environment(), check=False
    )


def bad_row(path: Path, n: int, bad: int, **values: str) -> list[dict[str, str]]:
    """Write a table of *n* rows, one of which (counted from 1) is different."""
    rows = tables.rows(n)
    rows[bad - 1].update(values)
    tables.write(path, rows)
    return rows


# Signing.


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_each_row_gets_a_token_and_keeps_its_columns(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    rows = tables.rows(3000)
    source = tables.write(tmp_path / f"in.{kind}", rows)
    output = tmp_path / f"out.{kind}"
    assert cli("sign", "-q", source, "-o", str(output), *COLUMNS) == Result(0, "", "")
    found = tables.read(output)
    tokens = [row.pop("token") for row in found]
    assert found == rows
    assert [says(token) for token in tokens] == [tuple(row.values()) for row in rows]
    assert len(set(tokens)) == 3000


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_standard_input_is_signed_to_standard_output(tmp_path: Path, kind: str) -> None:
    source = tmp_path / f"in.{kind}"
    tables.write(source, tables.rows(5))
    done = pipe(["sign", "-q", "-", "--format", kind, *COLUMNS], source.read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    output = tmp_path / f"out.{kind}"
    output.write_bytes(done.stdout)
    assert [says(row["token"])[2] for row in tables.read(output)] == [
        f"u-{i}" for i in range(5)
    ]


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_table_without_rows_stays_one(cli: Cli, tmp_path: Path, kind: str) -> None:
    source = tables.write(tmp_path / f"in.{kind}", [])
    output = tmp_path / f"out.{kind}"
    assert cli("sign", "-q", source, "-o", str(output), *COLUMNS).code == 0
    assert tables.read(output) == []
    if kind == "parquet":
        assert pq.read_schema(output).names == ["session", "role", "user", "token"]


def test_parquet_without_row_groups_is_signed(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.ParquetWriter(source, pa.schema([("session", pa.string())])).close()
    args = ("sign", "-q", str(source), "-o", str(output), "--session-id", "col:session")
    assert cli(*args) == Result(0, "", "")
    assert pq.read_schema(output).names == ["session", "token"]


@pytest.mark.parametrize("chunks", [1, 2, 5])
def test_a_file_may_end_where_a_chunk_does(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    source, output = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    tables.write(source, tables.rows(60))
    assert source.stat().st_size % 10 == 0
    monkeypatch.setattr(formats, "_BYTES", source.stat().st_size // chunks)
    assert cli("sign", "-q", str(source), "-o", str(output), *COLUMNS).code == 0
    assert [row["user"] for row in tables.read(output)] == [f"u-{i}" for i in range(60)]


def test_a_value_counts_for_all_rows(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    output = tmp_path / "out.csv"
    given = (
        "--session-id",
        SESSION,
        "--role",
        "subscriber",
        "--connection-data",
        "col:user",
    )
    more = (
        "--expiration",
        "2h",
        "--layout-classes",
        "focus small",
        "--token-column",
        "jwt",
    )
    assert (
        cli("sign", "-q", source, "-o", str(output), *given, *more, "--kind", "jwt").code
        == 0
    )
    claims = signer.verify(tables.read(output)[1]["jwt"])
    assert (claims.kind, claims.role, claims.connection_data) == (
        "jwt",
        "subscriber",
        "u-1",
    )
    assert claims.initial_layout_class_list == ("focus", "small")
    assert claims.end_time - claims.create_time == 7200


def test_lifetimes_and_classes_come_from_columns_of_text(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"s,e,c\n{SESSION},90,\n{SESSION},1h,a b\n")
    columns = (
        "--session-id",
        "col:s",
        "--expiration",
        "col:e",
        "--layout-classes",
        "col:c",
    )
    output = tmp_path / "out.csv"
    assert cli("sign", "-q", str(source), "-o", str(output), *columns).code == 0
    first, second = (signer.verify(row["token"]) for row in tables.read(output))
    assert first.end_time - first.create_time == 90
    assert second.end_time - second.create_time == 3600
    assert (first.initial_layout_class_list, second.initial_layout_class_list) == (
        (),
        ("a", "b"),
    )


def test_json_and_parquet_have_numbers_and_lists(cli: Cli, tmp_path: Path) -> None:
    columns = (
        "--session-id",
        "col:s",
        "--expiration",
        "col:e",
        "--layout-classes",
        "col:c",
    )
    rows = [{"s": SESSION, "e": 90, "c": ["a", "b"]}, {"s": SESSION, "e": 60, "c": []}]
    (tmp_path / "in.ndjson").write_text("\n".join(json.dumps(row) for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    for kind in ("ndjson", "parquet"):
        output = tmp_path / f"out.{kind}"
        source = str(tmp_path / f"in.{kind}")
        assert cli("sign", "-q", source, "-o", str(output), *columns).code == 0
        found = [signer.verify(row["token"]) for row in tables.read(output)]
        assert [each.initial_layout_class_list for each in found] == [("a", "b"), ()]
        assert [each.end_time - each.create_time for each in found] == [90, 60]


def test_an_application_signs_on_all_cpus(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = applications.private_pem()
    for name in ("TOKBOX_API_KEY", "TOKBOX_SECRET"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOKBOX_APPLICATION_ID", applications.APPLICATION)
    monkeypatch.setenv("TOKBOX_PRIVATE_KEY", pem)
    rows = [{**row, "session": applications.SESSION} for row in tables.rows(600)]
    source = tables.write(tmp_path / "in.csv", rows)
    output = tmp_path / "out.csv"
    assert cli("sign", "-q", source, "-o", str(output), "--threads", *COLUMNS).code == 0
    ours = Signer.from_private_key(applications.APPLICATION, pem)
    tokens = [row["token"] for row in tables.read(output)]
    assert ours.verify(tokens[-1]).connection_data == "u-599"
    assert not ours.verify_many(tokens).failures
    assert cli("verify", str(output), "--threads").code == 0


# Rows that cannot be signed.


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_a_bad_row_ends_the_run_and_leaves_nothing(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / f"in.{kind}"
    bad_row(source, 3000, 1234, role="king")
    result = cli("sign", "-q", str(source), "-o", str(tmp_path / "out"), *COLUMNS)
    assert result.code == 2
    assert "row 1,234: role must be one of" in result.err
    assert os.listdir(tmp_path) == [source.name]


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_rejects_sets_a_bad_row_apart_and_loses_nothing_else(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source, output = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    rows = bad_row(source, 3000, 1234, session=OTHER_SESSION)
    rejects = tmp_path / "rejects.csv"
    ends = ("-o", str(output), "--rejects", str(rejects))
    result = cli("sign", str(source), *ends, *COLUMNS)
    assert result.code == 4
    said = f"tokbox: 2,999 rows signed, 1 rejected (see {rejects}), in "
    assert result.err.startswith(said)
    assert result.err.endswith("/s)\n")
    ((number, field, value, reason, original),) = [
        [*row.values()] for row in tables.read(rejects)
    ]
    assert (number, field, value) == ("1234", "session_id", OTHER_SESSION)
    assert OTHER_SESSION in original
    assert rows[1233]["user"] in original
    assert reason.startswith("must ")
    users = [row["user"] for row in tables.read(output) if row["token"]]
    assert users == [row["user"] for row in rows if row["session"] == SESSION]
    # Parquet keeps all rows: the token of a rejected row is null.
    assert len(tables.read(output)) == (3000 if kind == "parquet" else 2999)


def test_chunks_of_bad_rows_alone_are_set_apart(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_ROWS", 10)
    rows = tables.rows(30)
    for row in rows[10:20]:
        row["role"] = "king"
    source = tables.write(tmp_path / "in.parquet", rows)
    output = tmp_path / "out.parquet"
    ends = ("-o", str(output), "--rejects", str(tmp_path / "rejects.csv"))
    for more in ((), ("--resume",)):
        assert cli("sign", "-q", source, *ends, *COLUMNS, *more).code == 4
        found = tables.read(output)
        assert [row["user"] for row in found] == [row["user"] for row in rows]
        assert [row["token"] is None for row in found] == [
            row["role"] == "king" for row in rows
        ]


def test_an_invalid_lifetime_is_rejected_alone(cli: Cli, tmp_path: Path) -> None:
    source, rejects = tmp_path / "in.ndjson", tmp_path / "rejects.csv"
    lines = [json.dumps({"s": SESSION, "lives": lives}) for lives in ("1h", "soon")]
    source.write_text("\n".join(lines))
    ends = ("-o", str(tmp_path / "out.ndjson"), "--rejects", str(rejects))
    columns = ("--session-id", "col:s", "--expiration", "col:lives")
    assert cli("sign", "-q", str(source), *ends, *columns).code == 4
    assert [(row["row"], row["field"]) for row in tables.read(rejects)] == [
        ("2", "expiration")
    ]


def test_a_line_that_does_not_end_does_not_fill_the_memory(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.ndjson"
    source.write_text(json.dumps({"s": SESSION}) + "\n" + '{"s": "' + "x" * 10_000)
    monkeypatch.setattr(formats, "_BYTES", 1000)
    monkeypatch.setattr(text, "MAX_ROW_BYTES", 5000)
    result = cli("sign", "-q", str(source), "--session-id", "col:s")
    assert result.code == 2
    assert "row 2 is longer" in result.err


def test_without_bad_rows_the_rejects_are_a_header(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    rejects = tmp_path / "rejects.csv"
    ends = ("-o", str(tmp_path / "out.csv"), "--rejects", str(rejects))
    assert cli("sign", "-q", source, *ends, *COLUMNS).code == 0
    assert rejects.read_text() == "row,field,value,reason,original\n"


def test_a_row_that_is_not_json_is_set_apart(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.ndjson"
    good = json.dumps({"session": SESSION})
    lines = [good, "{", "[]", '{"session":1,"session":2}', good[:-1] + ',"token":""}', good]
    source.write_text("\n".join(lines))
    rejects, output = tmp_path / "rejects.csv", tmp_path / "out.ndjson"
    ends = ("-o", str(output), "--rejects", str(rejects))
    assert cli("sign", "-q", str(source), *ends, "--session-id", "col:session").code == 4
    found = [(row["row"], row["field"]) for row in tables.read(rejects)]
    assert found == [("2", "row"), ("3", "row"), ("4", "row"), ("5", "token_column")]
    assert len(tables.read(output)) == 2


# CSV as it is met.


def signed_csv(
    cli: Cli, tmp_path: Path, content: bytes, *more: str
) -> tuple[Result, bytes]:
    """Sign CSV whose column *s* is the session; tokens are taken out of what comes back."""
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(content.replace(b"SESSION", SESSION.encode()))
    result = cli(
        "sign", "-q", str(source), "-o", str(output), "--session-id", "col:s", *more
    )
    if not output.exists():
        return result, b""
    text = output.read_bytes().replace(SESSION.encode(), b"SESSION")
    return result, re.sub(rb"T1==[A-Za-z0-9+/=]+", b"TOKEN", text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"s,x\nSESSION,a\n", b"s,x,token\nSESSION,a,TOKEN\n"),
        (b"s\nSESSION", b"s,token\nSESSION,TOKEN"),
        (b"s,x\r\nSESSION,007\r\n", b"s,x,token\r\nSESSION,007,TOKEN\r\n"),
        (b"s,x\rSESSION,1\r", b"s,x,token\rSESSION,1,TOKEN\r"),
        (b"\xef\xbb\xbfs\nSESSION\n", b"\xef\xbb\xbfs,token\nSESSION,TOKEN\n"),
        (b'"s","x"\n"SESSION",""\n', b'"s","x",token\n"SESSION","",TOKEN\n'),
        (b'x,s\n"a\n""b"",",SESSION\n', b'x,s,token\n"a\n""b"",",SESSION,TOKEN\n'),
        (b'x,s\n5" disk,SESSION\n', b'x,s,token\n5" disk,SESSION,TOKEN\n'),
        (b"x,s\na\0b,SESSION\n", b"x,s,token\na\0b,SESSION,TOKEN\n"),
        (b"x,s\n\xff\xfe,SESSION\n", b"x,s,token\n\xff\xfe,SESSION,TOKEN\n"),
        (b"s,x\n\nSESSION,\n\n\n", b"s,x,token\nSESSION,,TOKEN\n"),
        (b"x,s,x\n1,SESSION,2\n", b"x,s,x,token\n1,SESSION,2,TOKEN\n"),
    ],
    ids=[
        *(
            "plain",
            "no last line break",
            "CR LF",
            "CR",
            "BOM",
            "quoted",
            "quotes in quotes",
        ),
        *("stray quote", "NUL", "no UTF-8", "empty lines", "other columns twice"),
    ],
)
def test_csv_stays_as_it_is(
    cli: Cli, tmp_path: Path, content: bytes, expected: bytes
) -> None:
    result, text = signed_csv(cli, tmp_path, content)
    assert result == Result(0, "", "")
    assert text == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begin with a header that has the names of the columns"),
        (b"\n\n", "begin with a header that has the names of the columns"),
        (b'"s\n', "the quote that opens in line 1 is not closed"),
        (b'\r\n"a\rb",s,"x\n', "the quote that opens in line 3 is not closed"),
        (
            b"session\nSESSION\n",
            "--session-id must be one of the columns (session)",
        ),
        (b"s,s\n1,2\n", "--session-id must be a column that exists only once"),
        (b"s,token\n1,2\n", "--token-column must be a new name"),
        ("s\n1\n".encode("utf-16"), "be UTF-8: use --encoding utf-16"),
        (
            b"t,\xe9\n1,2\n",
            "not 's': for names that are not UTF-8, use --encoding, such as latin-1",
        ),
    ],
)
def test_headers_that_do_not_do_are_refused(
    cli: Cli, tmp_path: Path, content: bytes, words: str
) -> None:
    result, text = signed_csv(cli, tmp_path, content)
    assert (result.code, text) == (2, b"")
    assert words in result.err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"SESSION", "must have 2 fields, like the header, not 1"),
        (b"SESSION,a,b", "must have 2 fields, like the header, not 3"),
        (
            b'SESSION,"a\r\n,b\n\nc',
            "must close the quote that opens in line 3 of the file",
        ),
        (
            b'"a\r\nb\rc\nd","',
            "must close the quote that opens in line 6 of the file",
        ),
    ],
)
def test_rows_of_another_width_are_set_apart(
    cli: Cli, tmp_path: Path, line: bytes, reason: str
) -> None:
    rejects = tmp_path / "rejects.csv"
    content = b"s,x\nSESSION,a\n" + line
    result, text = signed_csv(cli, tmp_path, content, "--rejects", str(rejects))
    assert (result.code, text) == (4, b"s,x,token\nSESSION,a,TOKEN\n")
    original = line.decode().replace("SESSION", SESSION)
    with rejects.open(newline="") as file:
        (_, found) = csv_module.reader(file)
    assert found == ["2", "row", "", reason, original]


def test_a_value_with_nul_is_set_apart(cli: Cli, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    content = b"x,s\na\0b,SESSION\nok,SESSION\n"
    more = ("--connection-data", "col:x", "--rejects", str(rejects))
    result, text = signed_csv(cli, tmp_path, content, *more)
    assert (result.code, text) == (4, b"x,s,token\nok,SESSION,TOKEN\n")
    assert tables.read(rejects)[0]["field"] == "connection_data"


@pytest.mark.parametrize(
    "option", ["--connection-data", "--role", "--expiration", "--layout-classes"]
)
def test_a_value_that_is_not_utf8_is_set_apart_as_that(
    cli: Cli, tmp_path: Path, option: str
) -> None:
    rejects = tmp_path / "rejects.csv"
    content = b"x,s\nok,SESSION\ncaf\xe9,SESSION\n,SESSION\n"
    more = (option, "col:x", "--rejects", str(rejects))
    signed_csv(cli, tmp_path, content, *more)
    assert {
        "row": "2",
        "field": "row",
        "value": "",
        "original": "caf\\xe9,SESSION".replace("SESSION", SESSION),
        "reason": "must be UTF-8, and its column 'x' is not: use --encoding if the "
        "file has another one, such as latin-1",
    } in tables.read(rejects)


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(
    cli: Cli, tmp_path: Path
) -> None:
    content = b's,x\nSESSION,"a\nb"\nSESSION,"' + b"a,b\n" * (5 << 20)
    result, text = signed_csv(cli, tmp_path, content, "--rejects", str(tmp_path / "r"))
    assert (result.code, text) == (2, b"")
    assert "row 2 is longer: the quote that opens in line 4 is not closed" in result.err


def test_a_long_row_without_quotes_is_refused_by_its_number(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_BYTES", 1000)
    monkeypatch.setattr(csv, "MAX_ROW_BYTES", 5000)
    content = b"s,x\nSESSION,a\nSESSION," + b"a" * 10_000
    result, _ = signed_csv(cli, tmp_path, content)
    assert result.code == 2
    assert result.err.endswith("row 2 is longer\n")


def test_a_lifetime_that_cannot_be_read_is_explained_in_terms_of_text(
    cli: Cli, tmp_path: Path
) -> None:
    content = b"x,s\n2h,SESSION\nsoon,SESSION\n"
    result, _ = signed_csv(cli, tmp_path, content, "--expiration", "col:x")
    assert result.code == 2
    assert "row 2: expiration must be whole seconds, or a duration such as" in result.err
    assert "timedelta" not in result.err


def test_rejected_rows_are_written_as_csv() -> None:
    rows = [(1, "a", "plain"), (2, "b", 'with "quotes", commas'), (3, "c", "\n\r\ud800")]
    errors = [(row, field, None, reason) for row, field, reason in rows]
    found = row_errors.lines(errors).decode()
    text = io.StringIO()
    csv_module.writer(text, lineterminator="\n").writerows(rows)
    assert found == text.getvalue().replace("\ud800", r"\ud800")


def test_csv_needs_no_pyarrow(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result, text = signed_csv(cli, tmp_path, b"s\nSESSION\n")
    assert (result.code, text) == (0, b"s,token\nSESSION,TOKEN\n")
    result = cli("sign", "-q", "in.parquet", "--session-id", "col:s")
    assert result.code == 2  # there is no such file
    (tmp_path / "in.parquet").touch()
    result = cli("sign", "-q", str(tmp_path / "in.parquet"), "--session-id", "col:s")
    assert result.code == 5
    assert "pip install 'tokbox[arrow]'" in result.err


# Parquet files of other tools.


def test_parquet_keeps_types_row_groups_and_compression(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = pa.table(
        {
            "session": pa.array([SESSION] * 5).dictionary_encode(),
            "when": pa.array([1, None, 3, 4, 5], pa.timestamp("us", "UTC")),
            "more": pa.array([{"a": [i]} for i in range(5)]),
        }
    )
    pq.write_table(table, source, row_group_size=2, compression={"session": "zstd"})
    assert (
        cli(
            "sign", "-q", str(source), "-o", str(output), "--session-id", "col:session"
        ).code
        == 0
    )
    found = pq.read_table(output)
    assert found.drop_columns("token").equals(table)
    metadata = pq.read_metadata(output)
    assert [metadata.row_group(i).num_rows for i in range(3)] == [2, 2, 1]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_file_that_is_not_parquet_is_refused(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    source.write_bytes(b"PAR1 no more")
    result = cli("sign", "-q", str(source), "--session-id", "col:s")
    assert result.code == 2
    assert "INPUT must be a complete Parquet file" in result.err


# Options.


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("in.csv",), "--session-id"),
        (("in.csv", "--session-id", SESSION), "--session-id must be a column"),
        (
            ("in.csv", "--session-id", "col:"),
            "--session-id must have the name of a column after col:",
        ),
        (("in.csv", "--session-id", "col:s", "--role", "king"), "--role must be one of"),
        (("in.csv", "--session-id", "col:s", "--expiration", "soon"), "--expiration"),
        (("in", "--session-id", "col:s"), "the format of in is unknown"),
        (("-", "--session-id", "col:s"), "the format of standard input is unknown"),
        (("in.csv", "--session-id", "col:s", "--resume"), "--resume needs files"),
        (
            ("in.csv", "--session-id", "col:s", "--json"),
            "only one result can go to standard output",
        ),
        (
            ("in.csv", "--session-id", "col:s", "--run-id", "x"),
            "--run-id must be used with --nonce derived",
        ),
        (
            ("in.csv", "--session-id", "col:s", "--nonce", "derived"),
            "--run-id must be given with --nonce derived",
        ),
        (("in.csv", "--session-id", "col:s", "--issued-at", "now"), "--issued-at"),
        (
            ("in.csv", "--session-id", "col:s", *DERIVED[:4], "--row-key", "x"),
            "--row-key must be a column",
        ),
        (
            ("in.csv", "--session-id", "col:s", "-o", "a", "--rejects", "./a"),
            "is both --output and --rejects",
        ),
    ],
)
def test_contradictory_options_are_refused_before_reading(
    cli: Cli, args: tuple[str, ...], words: str
) -> None:
    result = cli("sign", "-q", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_an_input_that_is_not_there_is_named(cli: Cli) -> None:
    result = cli("sign", "-q", "missing.csv", "--session-id", "col:s")
    assert (result.code, result.err) == (
        2,
        "tokbox: error: missing.csv: No such file or directory\n",
    )


def test_a_closed_pipe_ends_it_quietly(tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(50_000))
    process = subprocess.Popen(
        [*COMMAND, "sign", "-q", source, *COLUMNS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (141, b"")


# Derived nonces.


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_derived_nonces_make_the_same_file_again(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source = tables.write(tmp_path / f"in.{kind}", tables.rows(100))
    outputs = [tmp_path / f"{name}.{kind}" for name in "ab"]
    for output in outputs:
        result = cli("sign", "-q", source, "-o", str(output), *COLUMNS, *DERIVED)
        assert result.code == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_issued_at_may_be_a_time(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(3))
    iso = (*DERIVED[:-1], "2023-11-14T22:13:20Z")
    seconds = cli("sign", "-q", source, *COLUMNS, *DERIVED)
    assert seconds.code == 0
    assert cli("sign", "-q", source, *COLUMNS, *iso) == seconds


# Messages.


def test_json_describes_the_run(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    bad_row(source, 10, 3, role="king")
    ends = ("-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "r.csv"))
    said = json.loads(cli("sign", "-q", str(source), *ends, *COLUMNS, "--json").out)
    del said["seconds"]
    output = str(tmp_path / "out.csv")
    assert said == {"file": output, "rows": 10, "signed": 9, "rejected": 1}


def test_a_person_sees_a_bar_and_a_rate(tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(30_000))
    result = run_on_terminal(["sign", source, "-o", str(tmp_path / "out.csv"), *COLUMNS])
    assert result.code == 0
    assert "Signing" in result.out
    assert "30,000 rows signed, 0 rejected, in " in result.out
