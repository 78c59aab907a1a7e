"""``tokbox verify`` of several files and of folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands.test_verify_files import spoiled, table, tokens
from tests.support import tables
from tests.support.cli import Result, run_on_terminal

Cli = Callable[..., Result]


def folder(path: Path) -> Path:
    """A folder with files of all formats; two tokens of one of them are not valid."""
    for i, kind in enumerate(tables.FORMATS):
        found = tokens(2000 + i)
        if kind == "ndjson":
            found[3] = spoiled(found[3])
            found[5] = "no token"
        (path / f"date={i}").mkdir(parents=True)
        table(path / f"date={i}" / f"t.{kind}", found)
    (path / "tokens.txt").write_text("\n".join(tokens(2)))
    (path / "_SUCCESS").touch()
    return path


def test_each_file_has_a_line_and_there_are_totals(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("in"))
    result = cli("verify", "in")
    assert (result.code, result.err) == (4, "")
    lines = result.out.splitlines()
    assert lines[:11] == [
        "file                 tokens  valid  not valid",
        "in/date=0/t.csv       2,000  2,000",
        "in/date=1/t.ndjson    2,001  1,999  1 bad signature, 1 malformed",
        "in/date=2/t.parquet   2,002  2,002",
        "in/tokens.txt             2      2",
        "",
        "tokens         6,005",
        "valid          6,003",
        "bad signature  1",
        "malformed      1",
        "",
    ]
    assert [line.partition(": row ")[0] for line in lines[11:]] == [
        "in/date=1/t.ndjson"
    ] * 2


def test_numbers_of_each_file_are_in_json(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("in"))
    good = {"tokens": 2, "valid": 2, "invalid": 0, "reasons": {}}
    result = cli("verify", "in/tokens.txt", "in/tokens.txt", "--json")
    assert result.code == 0
    assert json.loads(result.out) == {
        **{"tokens": 4, "valid": 4, "invalid": 0, "reasons": {}},
        "first_failures": [],
        "files": [{"file": "in/tokens.txt", **good}] * 2,
    }
    found = json.loads(cli("verify", "in", "--json").out)
    assert (found["tokens"], found["invalid"]) == (6005, 2)
    assert [(each["file"], each["invalid"]) for each in found["files"]] == [
        ("in/date=0/t.csv", 0),
        ("in/date=1/t.ndjson", 2),
        ("in/date=2/t.parquet", 0),
        ("in/tokens.txt", 0),
    ]


def test_rejects_name_the_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("in"))
    assert cli("verify", "in", "--rejects", "r.csv").code == 4
    assert [tuple(row.values())[:3] for row in tables.read(Path("r.csv"))] == [
        ("in/date=1/t.ndjson", "4", "token"),
        ("in/date=1/t.ndjson", "6", "token"),
    ]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("in", "missing.csv"), "missing.csv: No such file or directory"),
        (("in", "other.csv"), "error: other.csv: --token-column must be one of the col"),
        (("in", "bad.parquet"), "error: bad.parquet must be a complete Parquet file"),
        (("in", "x.ndjson"), "error: x.ndjson: --token-column must be a column that"),
        (("in", "-"), "- (standard input) cannot be used with other files"),
        (("empty",), "there are no files in empty"),
        (
            ("in", "odd.dat"),
            "the format of odd.dat is unknown: use --format (csv, ndjson, parquet, text",
        ),
        (("in", "--rejects", "in/r.csv"), "--rejects in/r.csv is in the input folder"),
        (
            ("in", "copy.csv", "--rejects", "copy.csv"),
            "is both FILE copy.csv and --rejects",
        ),
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
    folder(Path("in"))
    Path("empty").mkdir()
    Path("odd.dat").touch()
    Path("other.csv").write_text("a,b\n1,2\n")
    Path("x.ndjson").write_text('{"a": 1}\n')
    Path("bad.parquet").write_bytes(b"PAR1")
    table(Path("copy.csv"), tokens(1))
    result = cli("verify", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_progress_counts_files(tmp_path: Path) -> None:
    result = run_on_terminal(["verify", str(folder(tmp_path / "in"))])
    assert result.code == 4
    assert "Verifying 4/4" in result.out
