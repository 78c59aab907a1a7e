"""Names of columns and other text in options that a file cannot hold, or only escaped."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.signing.test_sign import COLUMNS, says, signer
from tests.support import tables
from tests.support.cli import KEY, SESSION, Result
from tokbox.errors import InvalidInputError
from tokbox.integrations import SigningJob, col

Cli = Callable[..., Result]
KINDS = pytest.mark.parametrize("kind", tables.FORMATS)

#: Bytes that are not UTF-8, as Python has them from a command line.
SURROGATE = "a\udcff"


@KINDS
@pytest.mark.parametrize(
    ("args", "option"),
    [
        (("--token-column", SURROGATE), "--token-column"),
        (("--role", f"col:{SURROGATE}"), "--role"),
        (("--connection-data", SURROGATE), "--connection-data"),
        (("--layout-classes", SURROGATE), "--layout-classes"),
        (("--default", f"connection-data={SURROGATE}"), "--connection-data"),
        (("--default", f"role={SURROGATE}"), "role"),
        (("--default", f"session-id={SURROGATE}"), "--session-id"),
        (("--row-key", f"col:{SURROGATE}"), "--row-key"),
        (("--run-id", SURROGATE), "--run-id"),
    ],
)
def test_text_that_utf8_cannot_encode_is_a_usage_error(
    cli: Cli, tmp_path: Path, kind: str, args: tuple[str, ...], option: str
) -> None:
    source = tables.write(tmp_path / f"in.{kind}", tables.rows(1))
    derived = ("--nonce", "derived", "--row-key", "col:user", "--run-id", "r")
    if option in ("--row-key", "--run-id"):
        args = (*derived, "--issued-at", "1", *args)
    result = cli("sign", "-q", source, "-o", str(tmp_path / "out"), *COLUMNS, *args)
    assert (result.code, result.out) == (2, "")
    assert option in result.err
    assert "bug" not in result.err
    assert not (tmp_path / "out").exists()


@KINDS
def test_a_column_of_tokens_that_utf8_cannot_encode_is_a_usage_error(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    source = tables.write(tmp_path / f"in.{kind}", tables.rows(1))
    result = cli("verify", source, "--token-column", SURROGATE)
    assert result == Result(
        2,
        "",
        "tokbox: error: --token-column must be text that UTF-8 can carry, without "
        "lone surrogates, not 'a\\udcff'\n",
    )


def test_the_column_of_tokens_must_have_a_name(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(1))
    for args in (("sign", "-q", source, *COLUMNS), ("verify", source)):
        result = cli(*args, "--token-column", "")
        assert (result.code, "--token-column must be the name" in result.err) == (2, True)


@pytest.mark.parametrize("field", ["token_column", "error_column"])
def test_a_job_refuses_names_that_utf8_cannot_encode(field: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{field} must be text that UTF-8 can"):
        SigningJob(project_id=KEY, key="env:X", session_id=col("s"), **{field: SURROGATE})


def test_a_column_of_a_job_refuses_names_that_utf8_cannot_encode() -> None:
    with pytest.raises(InvalidInputError, match="column must be text that UTF-8 can"):
        col(SURROGATE)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\rb", "a,b", " a;", "é", "'"])
@KINDS
def test_other_names_are_written_and_read(
    cli: Cli, tmp_path: Path, kind: str, name: str
) -> None:
    source, output = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    if kind == "csv":
        with source.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[f"{name} "], ["Ada"], ["Grace"]])
    elif kind == "ndjson":
        lines = [json.dumps({f"{name} ": user}) + "\n" for user in ("Ada", "Grace")]
        source.write_text("".join(lines))
    else:
        rows = [{f"{name} ": user} for user in ("Ada", "Grace")]
        tables.write(source, rows, [f"{name} "])
    claims = ("--session-id", SESSION, "--connection-data", f"col:{name} ")
    args = ("sign", "-q", str(source), "-o", str(output), *claims, "--token-column", name)
    assert cli(*args) == Result(0, "", "")
    found = tables.read(output)
    assert [says(row[name])[2] for row in found] == ["Ada", "Grace"]
    assert not signer.verify_many([row[name] for row in found]).failures
    assert cli("verify", str(output), "--token-column", name).code == 0


def test_the_header_of_csv_quotes_its_delimiter(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("user;x\nAda;1\n")
    claims = ("--session-id", SESSION, "--connection-data", "col:user")
    args = ("sign", "-q", str(source), "-o", str(output), *claims, "--delimiter", ";")
    assert cli(*args, "--token-column", "a;b").code == 0
    assert output.read_text().startswith('user;x;"a;b"\n')


def test_a_host_that_is_not_a_name_is_a_usage_error(cli: Cli) -> None:
    result = cli("emulator", "--port", "0", "--host", SURROGATE)
    assert (result.code, "--host must be an address, or a name" in result.err) == (2, True)


def test_an_empty_path_is_not_found(cli: Cli) -> None:
    result = cli("sign", "-q", "", "--format", "csv", *COLUMNS)
    assert (result.code, "No such file or directory" in result.err) == (2, True)
