"""Sources of the API key and the secret, and places where the secret never appears."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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

Cli = Callable[..., Result]
OTHER_SECRET = "canary1another1canary1another1"


def assert_signed_with(result: Result, secret: str, key: str = KEY) -> None:
    assert result.code == 0, result.err
    Signer(key, secret).verify(result.out.strip())


def test_environment(cli: Cli) -> None:
    assert_signed_with(cli("token", SESSION), SECRET)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=repr)
def test_file(cli: Cli, tmp_path: Path, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes((OTHER_SECRET + end).encode())
    assert_signed_with(cli("token", SESSION, "--secret-file", str(file)), OTHER_SECRET)


def test_standard_input(cli: Cli) -> None:
    result = cli("token", SESSION, "--secret-file", "-", stdin=OTHER_SECRET + "\n")
    assert_signed_with(result, OTHER_SECRET)


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=ascii)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=ascii)
def test_byte_order_mark_and_one_line_end_are_removed(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str, end: str
) -> None:
    framed = f"{start}{OTHER_SECRET}{end}"
    file = tmp_path / "secret"
    file.write_bytes(framed.encode())
    result = cli("token", SESSION, "--secret-file", str(file))
    assert_signed_with(result, OTHER_SECRET)
    result = cli("token", SESSION, "--secret-file", "-", stdin=framed)
    assert_signed_with(result, OTHER_SECRET)
    monkeypatch.setenv("TOKBOX_SECRET", framed)
    monkeypatch.setenv("TOKBOX_API_KEY", f"{start}{KEY}{end}")
    assert_signed_with(cli("token", SESSION), OTHER_SECRET)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{OTHER_SECRET}\n\n", "holds a line break at position 31"),
        (f"{OTHER_SECRET} \n", "holds a space at position 31"),
        (f'"{OTHER_SECRET}"', "holds a quotation mark at position 1"),
        (f"can\ufeffary{OTHER_SECRET}", "holds a byte order mark at position 4"),
        (f"{OTHER_SECRET}é", "holds a character outside ASCII at position 31"),
        ("-----BEGIN PRIVATE KEY-----\ncanary", "not a private key"),
        ("", "must be a string that is not empty"),
    ],
    ids=lambda value: "",
)
def test_a_secret_that_signs_nothing_valid_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, problem: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    monkeypatch.setenv("TOKBOX_SECRET_FILE", str(file))
    results = [
        cli("token", SESSION, "--secret-file", str(file)),
        cli("token", SESSION, "--secret-file", "-", stdin=content),
    ]
    for result in results:
        assert result.code == 2
        assert result.err.startswith("tokbox: error: --secret-file: the API secret must ")
        assert problem in result.err
    monkeypatch.delenv("TOKBOX_SECRET")
    results.append(cli("token", SESSION))
    assert results[-1].err.startswith("tokbox: error: TOKBOX_SECRET")
    for result in results:
        assert (result.code, result.out) == (2, "")
        assert "canary" not in result.err


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (OTHER_SECRET.encode("utf-16"), "it is UTF-16, not UTF-8"),
        (f"{OTHER_SECRET}é".encode("latin-1"), "it is not UTF-8 text"),
        (b"a" * 65_537, "it has more than 65536 bytes"),
    ],
    ids=["UTF-16", "Latin-1", "long"],
)
def test_a_secret_file_that_is_not_utf_8_text_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    result = cli("token", SESSION, "--secret-file", str(file))
    assert (result.code, result.out) == (2, "")
    assert f"--secret-file: {file} cannot be read: {problem}" in " ".join(
        result.err.split()
    )
    done = subprocess.run(
        [*COMMAND, "token", SESSION, "--secret-file", "-"],
        input=content,
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"standard input cannot be read: {problem}" in done.stderr.decode()


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (f"{KEY} ", "holds a space at position 9"),
        (f"{KEY}\r", "holds a carriage return at position 9"),
        (
            "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b",
            "an application's credentials: use Tokbox.from_private_key, or set "
            "TOKBOX_APPLICATION_ID and TOKBOX_PRIVATE_KEY",
        ),
        (OTHER_SECRET, "must be the project's API key, a number"),
        ("", "must be the project's API key, a number"),
    ],
    ids=lambda value: "",
)
def test_key_option_that_is_not_an_api_key_is_refused(
    cli: Cli, key: str, problem: str
) -> None:
    for options in ((), ("--secret-file", "-")):
        result = cli("token", SESSION, "--api-key", key, *options, stdin=OTHER_SECRET)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("tokbox: error: --api-key must be the project's API")
        assert problem in result.err
        assert "canary" not in result.err


def test_terminal_asks_for_the_secret_without_showing_it() -> None:
    result = run_on_terminal(
        ["token", SESSION, "--secret-file", "-"],
        answer=("API secret: ", OTHER_SECRET + "\n"),
    )
    assert "canary" not in result.out
    token = result.out.split()[-1]
    assert_signed_with(Result(result.code, token, ""), OTHER_SECRET)


def test_prompt_that_gets_no_answer_is_an_interruption() -> None:
    result = run_on_terminal(
        ["token", SESSION, "--secret-file", "-"], answer=("API secret: ", "\x04")
    )
    assert result.code == 130
    assert "Traceback" not in result.out


def test_secret_file_of_the_environment(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text(OTHER_SECRET + "\n")
    monkeypatch.delenv("TOKBOX_SECRET")
    monkeypatch.setenv("TOKBOX_SECRET_FILE", str(file))
    assert_signed_with(cli("token", SESSION), OTHER_SECRET)


def test_key_option_replaces_the_variable(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKBOX_API_KEY")
    assert_signed_with(cli("token", SESSION, "--api-key", KEY), SECRET)
    result = cli("token", OTHER_SESSION, "--api-key", "40000123")
    assert_signed_with(result, SECRET, "40000123")


def test_key_option_goes_with_the_secret_of_the_other_family(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKBOX_API_KEY")
    monkeypatch.delenv("TOKBOX_SECRET")
    monkeypatch.setenv("OPENTOK_API_SECRET", OTHER_SECRET)
    assert_signed_with(cli("token", SESSION, "--api-key", KEY), OTHER_SECRET)


def test_secret_file_goes_with_the_key_of_either_family(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text(OTHER_SECRET)
    monkeypatch.delenv("TOKBOX_API_KEY")
    monkeypatch.delenv("TOKBOX_SECRET")
    monkeypatch.setenv("OPENTOK_API_KEY", KEY)
    assert_signed_with(cli("token", SESSION, "--secret-file", str(file)), OTHER_SECRET)


def test_options_name_a_project_even_where_the_environment_names_an_application(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_APPLICATION_ID", "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b")
    assert_signed_with(cli("token", SESSION, "--api-key", KEY), SECRET)
    result = cli("token", SESSION)
    assert result.code == 2
    assert "must not be set together with TOKBOX_APPLICATION_ID" in result.err


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00"], ids=repr)
def test_secret_file_without_a_secret_is_refused(
    cli: Cli, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    result = cli("token", SESSION, "--secret-file", str(file))
    assert result.code == 2
    assert result.err.count("\n") == 1


def test_standard_input_is_used_for_one_option_only(cli: Cli) -> None:
    result = cli("token", "-", "--secret-file", "-", stdin=SESSION)
    assert result.code == 2
    assert "standard input" in result.err


@pytest.mark.parametrize(
    "args",
    [
        ("token", SESSION),
        ("token", "no-session"),
        ("token", SESSION, "--expiration", "1y"),
        ("tokens", "-n", "3", SESSION),
        ("tokens", "-n", "-3", SESSION),
        ("session", "create"),
        ("session", "create", "--location", "nowhere"),
        ("session", "create", "--api-url", "http://127.0.0.1:1"),
        ("archive", "list"),
        ("archive", "start", SESSION),
        ("archive", "get", "x"),
        ("inspect", "T1==x"),
        ("inspect", "eyJ.eyJ.x"),
    ],
    ids=" ".join,
)
def test_secret_is_in_no_output(cli: Cli, server: object, args: tuple[str, ...]) -> None:
    result = cli(*args)
    assert "canary" not in result.out + result.err
    assert "X-OPENTOK-AUTH" not in (result.out + result.err).upper()
    assert "Traceback" not in result.err


def test_wrong_secret_is_refused_without_showing_it(
    cli: Cli, server: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_SECRET", OTHER_SECRET)
    result = cli("session", "create")
    assert result.code == 1
    assert "canary" not in result.out + result.err
