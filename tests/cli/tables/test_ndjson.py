"""NDJSON: which members are columns, and which lines are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import tables
from tests.support.cli import SESSION, Result
from tokbox.cli.tables import formats
from tokbox.tokens.verification.verify import decode

Cli = Callable[..., Result]


def signed(
    cli: Cli, tmp_path: Path, lines: list[str | bytes], *more: str
) -> tuple[int, list[Any], list[tuple[str, str, str]]]:
    """Sign lines; return the exit code, the signed rows and the rejected ones."""
    source, output = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    source.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    )
    rejects = tmp_path / "rejects.csv"
    ends = ("-o", str(output), "--rejects", str(rejects))
    result = cli("sign", "-q", str(source), *ends, "--session-id", SESSION, *more)
    if result.code == 2:
        pytest.fail(result.err)
    rejected = [(row["row"], row["field"], row["reason"]) for row in tables.read(rejects)]
    return result.code, tables.read(output), rejected


def data(rows: list[Any]) -> list[str]:
    return [decode(row["token"]).connection_data for row in rows]


@pytest.mark.parametrize("column", ["usr", "user.title", "User"])
def test_a_column_that_no_row_has_is_refused(cli: Cli, tmp_path: Path, column: str) -> None:
    source, output = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    source.write_text('{"user": {"name": "A"}, "id": 1}\n{"user": "B", "more": 2}\n')
    args = ("sign", "-q", str(source), "-o", str(output), "--session-id", SESSION)
    for resume in ((), ("--resume",)):
        result = cli(*args, "--connection-data", f"col:{column}", *resume)
        assert result.code == 2
        assert result.err == (
            "tokbox: error: --connection-data must be a column that one of the first rows "
            f"has (user, id, more), or use --allow-missing, not {column!r}\n"
        )
        assert sorted(tmp_path.iterdir()) == [source]


def test_verify_refuses_a_token_column_that_no_row_has(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.ndjson"
    source.write_text('{"tokn": "T1=="}\n')
    result = cli("verify", str(source))
    assert result.code == 2
    assert result.err == (
        "tokbox: error: --token-column must be a column that one of the first rows has "
        "(tokn), not 'token'\n"
    )


def test_allow_missing_signs_rows_without_the_column(cli: Cli, tmp_path: Path) -> None:
    lines: list[str | bytes] = ['{"id": 1}', '{"id": 2}']
    code, rows, _ = signed(
        cli, tmp_path, lines, "--connection-data", "col:user", "--allow-missing"
    )
    assert (code, data(rows)) == (0, ["", ""])


def test_a_column_that_some_rows_have_is_sparse(cli: Cli, tmp_path: Path) -> None:
    lines: list[str | bytes] = ['{"id": 1}', '{"user": "B"}', '{"user": null}']
    code, rows, _ = signed(cli, tmp_path, lines, "--connection-data", "col:user")
    assert (code, data(rows)) == (0, ["", "B", ""])


def test_an_empty_file_is_signed(cli: Cli, tmp_path: Path) -> None:
    code, rows, _ = signed(cli, tmp_path, ["", "  "], "--connection-data", "col:user")
    assert (code, rows) == (0, [])


def test_a_name_with_dots_is_a_path(cli: Cli, tmp_path: Path) -> None:
    lines: list[str | bytes] = [
        '{"user": {"name": {"first": "A"}, "x": 1}}',
        '{"user": {"name": "no object"}}',
        '{"user": [1]}',
        '{"user.name.first": "exact", "user": {"name": {"first": "nested"}}}',
        '{"user": {"name": {"first": null}}}',
    ]
    code, rows, _ = signed(cli, tmp_path, lines, "--connection-data", "col:user.name.first")
    assert (code, data(rows)) == (0, ["A", "", "", "exact", ""])


def test_rows_stay_as_they_are_and_get_a_member_more(cli: Cli, tmp_path: Path) -> None:
    lines = [
        '{"a" : 1.50 }',
        "{}",
        "{ }",
        '{"a":{}}',
        '{"a":"{"}\r',
        ' {"a":1}  ',
        '{"b":1e400}',
    ]
    source, output = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    source.write_bytes("\n".join(lines).encode())
    columns = ("--session-id", SESSION, "--connection-data", "col:name", "--allow-missing")
    assert cli("sign", "-q", str(source), "-o", str(output), *columns).code == 0
    before = [
        line.partition(b'"token":"')[0] for line in output.read_bytes().splitlines(True)
    ]
    assert before == [
        b'{"a" : 1.50,', b"{", b"{", b'{"a":{},', b'{"a":"{",', b' {"a":1,', b'{"b":1e400,',
    ]  # fmt: skip
    assert [line.endswith(b"\r\n") for line in output.read_bytes().splitlines(True)] == [
        i == 4 for i in range(7)
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"user": "A"', "it is not JSON"),
        ('{"user": "A"} {}', "it is not JSON"),
        ('{"other": t}', "it is not JSON"),
        ('{"user": NaN}', "it holds NaN, which is not JSON"),
        ('["user"]', "it is not a JSON object"),
        (b'{"user": "\xe9"}', "it is not UTF-8"),
        ('{"user": ' + "1" * 5000 + "}", "it holds an integer of thousands of digits"),
        ('{"x": ' + "[" * 9999 + "]" * 9999 + "}", "it is nested too deeply"),
        (
            '{"user": "A", "user": "B"}',
            "it holds an object that says the same name twice",
        ),
        (
            r'{"user": "A", "\u0075ser": "B"}',
            "it holds an object that says the same name twice",
        ),
    ],
)
def test_a_line_that_is_not_an_object_is_rejected_alone(
    cli: Cli, tmp_path: Path, line: str | bytes, reason: str
) -> None:
    lines: list[str | bytes] = ['{"user": "first"}', line, '{"user": "last"}']
    code, rows, rejected = signed(cli, tmp_path, lines, "--connection-data", "col:user")
    assert (code, data(rows)) == (4, ["first", "last"])
    assert rejected == [("2", "row", f"must be a JSON object: {reason}")]


@pytest.mark.parametrize("line", ['{"user": "user"}', '{"x": ["user"], "user": "user"}'])
def test_a_name_may_be_a_value(cli: Cli, tmp_path: Path, line: str) -> None:
    code, rows, _ = signed(cli, tmp_path, [line], "--connection-data", "col:user")
    assert (code, data(rows)) == (0, ["user"])


def test_another_name_may_begin_and_end_alike(cli: Cli, tmp_path: Path) -> None:
    lines: list[str | bytes] = ['{"usher": "first", "user": "last"}']
    code, rows, _ = signed(cli, tmp_path, lines, "--connection-data", "col:user")
    assert (code, data(rows)) == (0, ["last"])


def test_unused_members_may_have_any_value(cli: Cli, tmp_path: Path) -> None:
    lines: list[str | bytes] = [
        json.dumps({"user": "A", "n": 10**400, "deep": {"a": [{}] * 50}}),
        '{"user": "\\u0042", "token ": 1, "x": "\\ud83d\\ude00"}',
    ]
    code, rows, _ = signed(cli, tmp_path, lines, "--connection-data", "col:user")
    assert (code, data(rows)) == (0, ["A", "B"])


def test_the_first_line_may_be_longer_than_a_piece(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_BYTES", 16)
    lines: list[str | bytes] = [
        b"\xef\xbb\xbf" + json.dumps({"user": "A", "x": "y" * 100}).encode(),
        '{"user": "B"}',
    ]
    source, output = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    source.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    )
    columns = ("--session-id", SESSION, "--connection-data", "col:user")
    assert cli("sign", "-q", str(source), "-o", str(output), *columns).code == 0
    rows = [json.loads(line) for line in output.read_text("utf-8-sig").splitlines()]
    assert data(rows) == ["A", "B"]


def test_a_file_that_is_not_utf8_is_refused_as_that(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.ndjson"
    source.write_bytes(b'{"user": "caf\xe9"}\n')
    columns = ("--session-id", SESSION, "--connection-data", "col:user")
    result = cli("sign", "-q", str(source), *columns)
    assert result.code == 2
    assert "row 1 must be a JSON object: it is not UTF-8" in result.err


def test_a_name_that_is_twice_in_the_object_of_a_path_is_refused(
    cli: Cli, tmp_path: Path
) -> None:
    lines: list[str | bytes] = [
        '{"user": {"name": "A", "name": "B"}}',
        '{"user": {"name": "A"}, "name": "B"}',
        r'{"user": {"name": "A", "x\"": "name", "y": "\"name\":"}}',
    ]
    code, rows, rejected = signed(
        cli, tmp_path, lines, "--connection-data", "col:user.name"
    )
    assert (code, data(rows)) == (4, ["A", "A"])
    reason = "must be a JSON object: it holds an object that says the same name twice"
    assert rejected == [("1", "row", reason)]
