"""``tokbox verify``: tables of tokens."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import tables
from tests.support.applications import APPLICATION, key_pair, private_pem, public_pem
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.cli import (
    COMMAND,
    KEY,
    OTHER_SESSION,
    SECRET,
    SESSION,
    Result,
    environment,
    run,
)
from tokbox import Signer

Cli = Callable[..., Result]

signer = Signer(KEY, SECRET)


def tokens(n: int) -> list[str]:
    return signer.session(SESSION).tokens(n)


def spoiled(token: str) -> str:
    """The same with another signature."""
    return Signer(KEY, SECRET[::-1]).session(SESSION).token() if token else ""


def table(path: Path, found: list[str]) -> str:
    rows = [{"id": str(i), "token": token} for i, token in enumerate(found)]
    return tables.write(path, rows, ("id", "token"))


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_valid_tokens_are_counted(cli: Cli, tmp_path: Path, kind: str) -> None:
    source = table(tmp_path / f"t.{kind}", tokens(3000))
    assert cli("verify", source) == Result(0, "tokens  3,000\nvalid   3,000\n", "")


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_an_invalid_token_is_named(cli: Cli, tmp_path: Path, kind: str) -> None:
    found = tokens(3000)
    found[1233] = spoiled(found[1233])
    source = table(tmp_path / f"t.{kind}", found)
    rejects = tmp_path / "rejects.csv"
    result = cli("verify", source, "--rejects", str(rejects))
    assert result.code == 4
    counts = "tokens         3,000\nvalid          2,999\nbad signature  1\n\n"
    assert result.out.startswith(f"{counts}row 1,234: bad_signature: ")
    (row,) = tables.read(rejects)
    assert (row["row"], row["field"]) == ("1234", "token")
    assert row["reason"].startswith("bad_signature: ")


@pytest.mark.parametrize("kind", [*tables.FORMATS, "text"])
def test_tokens_come_from_standard_input(tmp_path: Path, kind: str) -> None:
    source = tmp_path / f"t.{kind}"
    if kind == "text":
        source.write_text("\n".join(tokens(3)))
    else:
        table(source, tokens(3))
    done = subprocess.run(
        [*COMMAND, "verify", "-", "--format", kind],
        input=source.read_bytes(),
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"tokens  3\nvalid   3\n")


def test_output_of_tokens_is_read(cli: Cli, tmp_path: Path) -> None:
    file = str(tmp_path / "tokens.txt")
    assert cli("tokens", SESSION, "-n", "20_000", "-o", file).code == 0
    assert cli("verify", file, "--threads").out == "tokens  20,000\nvalid   20,000\n"


def test_reasons_are_counted_as_json(cli: Cli, tmp_path: Path) -> None:
    lines = [
        json.dumps({"t": tokens(1)[0]}),
        json.dumps({"t": spoiled("x")}),
        json.dumps({"t": 5}),
        json.dumps({}),
        "no JSON",
    ]
    source = tmp_path / "t.ndjson"
    source.write_text("\n".join(lines))
    result = cli("verify", str(source), "--token-column", "t", "--json")
    assert result.code == 4
    found = json.loads(result.out)
    assert found == {
        "tokens": 5,
        "valid": 1,
        "invalid": 4,
        "reasons": {"bad_signature": 1, "malformed": 3},
        "first_failures": [
            {"row": 2, "reason": found["first_failures"][0]["reason"]},
            {"row": 3, "reason": "malformed: not a T1 token: it must be a string, not int"},
            {"row": 4, "reason": found["first_failures"][2]["reason"]},
            {"row": 5, "reason": found["first_failures"][3]["reason"]},
        ],
    }


def test_the_first_ten_failures_are_printed_with_their_rows(
    cli: Cli, tmp_path: Path
) -> None:
    source = tmp_path / "t.txt"
    source.write_text("\n".join([*tokens(2), *["wrong"] * 12]))
    result = cli("verify", str(source))
    assert result.code == 4
    lines = result.out.splitlines()
    assert lines[:4] == ["tokens     14", "valid      2", "malformed  12", ""]
    reason = "malformed: not a T1 token: it must begin with T1=="
    assert lines[4:14] == [f"row {row}: {reason}" for row in range(3, 13)]
    assert lines[14:] == ["2 more: use --rejects FILE to list all"]
    found = json.loads(cli("verify", str(source), "--json").out)["first_failures"]
    assert [each["row"] for each in found] == [*range(3, 13)]


def test_tokens_must_be_for_the_given_session(cli: Cli, tmp_path: Path) -> None:
    source = table(tmp_path / "t.csv", tokens(2))
    assert cli("verify", source, "--session-id", SESSION).code == 0
    result = cli("verify", source, "--session-id", OTHER_SESSION)
    assert (result.code, "wrong session  2" in result.out) == (4, True)


def test_rows_of_another_width_are_invalid(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "t.csv"
    (token,) = tokens(1)
    source.write_text(f"id,token\n1,{token}\n2,{token},more\n3\n")
    rejects = tmp_path / "rejects.csv"
    assert cli("verify", str(source), "--rejects", str(rejects)).code == 4
    assert [(row["row"], row["field"]) for row in tables.read(rejects)] == [
        ("2", "row"),
        ("3", "row"),
    ]


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_no_rows_are_valid(cli: Cli, tmp_path: Path, kind: str) -> None:
    source = table(tmp_path / f"t.{kind}", [])
    assert cli("verify", source) == Result(0, "tokens  0\nvalid   0\n", "")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("t.csv",), "--token-column must be one of the columns (a, b, b)"),
        (("t.csv", "--token-column", "b"), "that exists only once"),
        (("t.csv", "--rejects", "-"), "--rejects must be a file"),
        (("t",), "the format of t is unknown: use --format (csv, ndjson, parquet, text"),
        (("-", "--format", "text", "--secret-file", "-"), "cannot both be read"),
        (("missing.csv",), "missing.csv: No such file or directory"),
    ],
)
def test_unreadable_input_is_refused(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,b,b\n1,2,3\n")
    result = cli("verify", *args, stdin=SECRET)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


@pytest.mark.parametrize(
    ("content", "good"),
    [
        (b"TOKEN\n\nTOKEN", 2),
        (b"TOKEN\r\n\r\n\tTOKEN \n", 2),
        (b'"TOKEN"\nTOKEN\n', 1),
        (b'"TOKEN\nTOKEN\n', 1),
        (b"TOKEN\0TOKEN\nTOKEN\n", 1),
        (b"TOKEN\rTOKEN\nTOKEN\n", 1),
        (b"TOKEN,TOKEN\nTOKEN\n", 1),
        (b"TOKEN\xff\nTOKEN\n", 1),
    ],
)
def test_a_line_of_text_is_a_token(
    cli: Cli, tmp_path: Path, content: bytes, good: int
) -> None:
    source = tmp_path / "tokens.txt"
    source.write_bytes(content.replace(b"TOKEN", tokens(1)[0].encode()))
    result = cli("verify", str(source), "--json")
    found = json.loads(result.out)
    assert (found["tokens"], found["valid"]) == (2, good)


OLD_SECRET = SECRET[::-1]


def test_tokens_of_another_key_file_are_valid(cli: Cli, tmp_path: Path) -> None:
    old = Signer(KEY, OLD_SECRET).session(SESSION).tokens(2)
    source = table(tmp_path / "t.csv", tokens(3) + old)
    assert cli("verify", source).code == 4
    files = []
    for name, secret in (("oldest", "oldest0secret"), ("old", f"{OLD_SECRET}\n")):
        (tmp_path / name).write_text(secret)
        files += ["--other-key-file", str(tmp_path / name)]
    result = cli("verify", source, *files, "--rejects", str(tmp_path / "rejects.csv"))
    assert result == Result(0, "tokens  5\nvalid   5\n", "")


def test_tokens_of_another_public_key_are_valid(tmp_path: Path) -> None:
    old = Signer.from_private_key(APPLICATION, private_pem(key_pair(number=1)))
    source = table(tmp_path / "t.csv", old.session(APPLICATION_SESSION).tokens(2))
    (tmp_path / "old.pem").write_text(public_pem(key_pair(number=1)))
    env = environment(
        TOKBOX_API_KEY="",
        TOKBOX_SECRET="",
        TOKBOX_APPLICATION_ID=APPLICATION,
        TOKBOX_PRIVATE_KEY=private_pem(key_pair(number=0)),
    )
    assert run(["verify", source], env=env).code == 4
    args = ["verify", source, "--other-key-file", str(tmp_path / "old.pem")]
    assert run(args, env=env) == Result(0, "tokens  2\nvalid   2\n", "")


def test_a_file_without_a_key_is_refused_and_not_shown(cli: Cli, tmp_path: Path) -> None:
    source = table(tmp_path / "t.csv", tokens(1))
    (tmp_path / "old").write_text(f"{OLD_SECRET} {OLD_SECRET}")
    result = cli("verify", source, "--other-key-file", str(tmp_path / "old"))
    assert result.code == 2
    assert "old holds no such key: secret must be printable ASCII" in result.err
    assert OLD_SECRET not in result.err


def test_a_key_file_is_not_overwritten(cli: Cli, tmp_path: Path) -> None:
    source = table(tmp_path / "t.csv", tokens(1))
    file = tmp_path / "old.csv"
    file.write_text(OLD_SECRET)
    result = cli("verify", source, "--other-key-file", str(file), "--rejects", str(file))
    assert result.code == 2
    assert "is both --other-key-file" in result.err
    assert file.read_text() == OLD_SECRET
