"""``tokbox disconnect``, ``mute`` and ``unmute``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli import KEY, SESSION, Result
from tests.support.rest import Script, sent

Cli = Callable[..., Result]
Play = Callable[..., Script]

ROOT = f"/v2/project/{KEY}/session/{SESSION}"


@pytest.mark.parametrize(
    ("arguments", "said", "expected"),
    [
        (
            ("disconnect", SESSION, "c"),
            "disconnected  c",
            ("DELETE", f"{ROOT}/connection/c", None),
        ),
        (
            ("mute", SESSION, "--stream-id", "s"),
            "muted  s",
            ("POST", f"{ROOT}/stream/s/mute", None),
        ),
        (
            ("mute", SESSION),
            f"muted  {SESSION}",
            ("POST", f"{ROOT}/mute", {"active": True, "excludedStreamIds": []}),
        ),
        (
            ("mute", SESSION, "--except", "a", "--except", "b"),
            f"muted  {SESSION}",
            ("POST", f"{ROOT}/mute", {"active": True, "excludedStreamIds": ["a", "b"]}),
        ),
        (
            ("unmute", SESSION),
            f"unmuted  {SESSION}",
            ("POST", f"{ROOT}/mute", {"active": False}),
        ),
    ],
)
def test_a_command_is_one_request(
    arguments: tuple[str, ...],
    said: str,
    expected: tuple[str, str, Any],
    cli: Cli,
    play: Play,
) -> None:
    script = play({"id": KEY, "secret": "canary"})
    result = cli(*arguments)
    assert (result.code, result.out, result.err) == (0, f"{said}\n", "")
    assert sent(script) == expected


def test_one_stream_and_exceptions_exclude_each_other(cli: Cli, play: Play) -> None:
    script = play()
    result = cli("mute", SESSION, "--stream-id", "s", "--except", "a")
    assert result.code == 2
    assert script.requests == []
