"""``tokbox dial`` and ``tokbox dtmf``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import KEY, SESSION, Result
from tests.support.rest import Script, sent

Cli = Callable[..., Result]
Play = Callable[..., Script]

CALL = {"id": "call", "connectionId": "c", "streamId": "s"}


def test_dial_prints_the_id_alone_in_a_pipe(cli: Cli, play: Play) -> None:
    script = play(CALL)
    result = cli("dial", SESSION, "sip:ada@example.com")
    assert (result.code, result.out) == (0, "call\n")
    method, path, body = sent(script)
    assert (method, path) == ("POST", f"/v2/project/{KEY}/dial")
    assert body["sip"] == {"uri": "sip:ada@example.com"}


def test_dial_takes_options_and_a_password_from_a_file(
    cli: Cli, play: Play, tmp_path: Path
) -> None:
    script = play(CALL)
    file = tmp_path / "password"
    file.write_bytes("\ufeffcanary\r\n".encode())
    result = cli(
        *("dial", SESSION, "sip:a", "--from", "b@c", "--secure", "--video", "--json"),
        *("--header", "X-Room: 7", "--header", "X-A:b:c", "--stream-id", "s"),
        *("--user", "ada", "--password-file", str(file), "--observe-force-mute"),
    )
    assert json.loads(result.out)["connection_id"] == "c"
    assert "canary" not in result.out
    assert sent(script)[2]["sip"] == {
        "uri": "sip:a",
        "from": "b@c",
        "headers": {"X-Room": "7", "X-A": "b:c"},
        "auth": {"username": "ada", "password": "canary"},
        "secure": True,
        "video": True,
        "observeForceMute": True,
        "streams": ["s"],
    }


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--user", "ada"), "together"),
        (("--password-file", "-"), "together"),
        (("--header", "X-Room"), "--header must be a name and a value"),
        (("--header", "Subject: x"), "--header must have names that begin with X-"),
    ],
)
def test_dial_refuses_bad_input_before_sending(
    options: tuple[str, ...], problem: str, cli: Cli, play: Play
) -> None:
    script = play(CALL)
    result = cli("dial", SESSION, "sip:a", *options)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert script.requests == []


def test_tones_are_played(cli: Cli, play: Play) -> None:
    script = play()
    assert cli("dtmf", SESSION, "12p#").out == f"played  {SESSION}\n"
    root = f"/v2/project/{KEY}/session/{SESSION}"
    assert sent(script) == ("POST", f"{root}/play-dtmf", {"digits": "12p#"})


def test_tones_can_come_from_standard_input(cli: Cli, play: Play) -> None:
    script = play()
    assert cli("dtmf", SESSION, "-", "--to", "c", stdin="1234\n").out == "played  c\n"
    assert sent(script)[2] == {"digits": "1234"}


def test_an_invalid_tone_is_refused(cli: Cli, play: Play) -> None:
    play()
    result = cli("dtmf", SESSION, "9876x")
    assert result.code == 2
    assert "DIGITS must be" in result.err
    assert "9876" not in result.err
