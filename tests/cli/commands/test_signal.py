"""``tokbox signal``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import KEY, SESSION, Result
from tests.support.rest import Script, sent

Cli = Callable[..., Result]
Play = Callable[..., Script]

ROOT = f"/v2/project/{KEY}/session/{SESSION}"


def test_a_signal_goes_to_all(cli: Cli, play: Play) -> None:
    script = play()
    result = cli("signal", SESSION, "hello", "--type", "chat")
    assert (result.code, result.out) == (0, f"signalled  {SESSION}\n")
    assert sent(script) == ("POST", f"{ROOT}/signal", {"type": "chat", "data": "hello"})


def test_a_signal_goes_to_one(cli: Cli, play: Play) -> None:
    script = play()
    assert cli("signal", SESSION, "", "--to", "c").out == "signalled  c\n"
    assert sent(script) == ("POST", f"{ROOT}/connection/c/signal", {"data": ""})


def test_a_signal_comes_from_a_file_as_it_is(cli: Cli, play: Play, tmp_path: Path) -> None:
    script = play()
    file = tmp_path / "data"
    file.write_text('{"a": 1}\n')
    assert cli("signal", SESSION, "--file", str(file)).code == 0
    assert sent(script)[2] == {"data": '{"a": 1}\n'}


@pytest.mark.parametrize("arguments", [(), ("hello", "--file", "-")])
def test_a_signal_has_one_text(arguments: tuple[str, ...], cli: Cli, play: Play) -> None:
    script = play()
    result = cli("signal", SESSION, *arguments)
    assert result.code == 2
    assert "either TEXT or --file" in result.err
    assert script.requests == []


def test_a_signal_that_is_too_long_is_refused_by_its_name(cli: Cli, play: Play) -> None:
    play()
    result = cli("signal", SESSION, "x", "--type", "x" * 129)
    assert result.code == 2
    assert "--type must have at most 128 bytes" in result.err


def test_a_file_that_is_not_text_is_refused_by_its_option(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "signal.txt"
    path.write_bytes(b"\xff\xfe")
    result = cli("signal", SESSION, "--file", str(path))
    assert (result.code, result.err.startswith("tokbox: error: --file")) == (2, True)
    assert f"{path} is not UTF-8 text" in result.err
