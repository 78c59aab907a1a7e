"""``tokbox captions``, ``render``, ``connector`` and ``callback``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli import KEY, SESSION, Result
from tests.support.rest import Script, sent

Cli = Callable[..., Result]
Play = Callable[..., Script]

ROOT = f"/v2/project/{KEY}"
PAGE = "https://app.example/view"
RENDER = {"id": "r", "sessionId": SESSION, "status": "starting", "url": PAGE}
CAPTIONS = {"captionId": "k", "status": "started", "duration": 120}
CALLBACK = {"id": "5", "group": "archive", "event": "status", "url": PAGE}


@pytest.mark.parametrize(
    ("arguments", "answer", "said", "path", "expected"),
    [
        (
            (
                *("captions", "start", SESSION, "--language", "de-DE", "--no-partial"),
                *("--max-duration", "300", "--callback", PAGE),
            ),
            {"captionsId": "k"},
            "k",
            "captions",
            {
                "languageCode": "de-DE",
                "partialCaptions": False,
                "maxDuration": 300,
                "statusCallbackUrl": PAGE,
            },
        ),
        (
            (
                *("render", "start", SESSION, PAGE, "--name", "n", "--callback", PAGE),
                *("--resolution", "1280x720", "--max-duration", "60"),
            ),
            RENDER,
            "r",
            "render",
            {
                "url": PAGE,
                "properties": {"name": "n"},
                "resolution": "1280x720",
                "maxDuration": 60,
                "statusCallbackUrl": PAGE,
            },
        ),
        (
            (
                *("connector", "start", SESSION, "wss://a.example", "--stream-id", "s"),
                *("--audio-rate", "8000", "--bidirectional"),
            ),
            {"id": "w", "connectionId": "c"},
            "w",
            "connect",
            {
                "websocket": {
                    "uri": "wss://a.example",
                    "streams": ["s"],
                    "audioRate": 8000,
                    "bidirectional": True,
                }
            },
        ),
    ],
    ids=["captions", "render", "connector"],
)
def test_start_prints_the_id_alone_in_a_pipe(
    arguments: tuple[str, ...],
    answer: Any,
    said: str,
    path: str,
    expected: dict[str, Any],
    cli: Cli,
    play: Play,
) -> None:
    script = play(answer)
    result = cli(*arguments)
    assert (result.code, result.out, result.err) == (0, f"{said}\n", "")
    method, where, body = sent(script)
    assert (method, where) == ("POST", f"{ROOT}/{path}")
    assert body.pop("sessionId") == SESSION
    assert body.pop("token")
    assert body == expected


@pytest.mark.parametrize(
    ("arguments", "said", "expected"),
    [
        (("captions", "stop", "k"), "stopped  k", ("POST", f"{ROOT}/captions/k/stop")),
        (("render", "stop", "r"), "stopped  r", ("DELETE", f"{ROOT}/render/r")),
        (
            ("connector", "stop", SESSION, "w"),
            "stopped  w",
            ("DELETE", f"{ROOT}/session/{SESSION}/connection/w"),
        ),
        (("callback", "delete", "5"), "deleted  5", ("DELETE", f"{ROOT}/callback/5")),
    ],
)
def test_ending_a_job_is_confirmed(
    arguments: tuple[str, ...], said: str, expected: tuple[str, str], cli: Cli, play: Play
) -> None:
    script = play()
    assert cli(*arguments).out == f"{said}\n"
    assert sent(script) == (*expected, None)


def test_renders_are_shown(cli: Cli, play: Play) -> None:
    play(RENDER)
    assert json.loads(cli("render", "get", "r", "--json").out)["url"] == PAGE


def test_renders_are_a_table(cli: Cli, play: Play) -> None:
    script = play({"count": 1, "items": [RENDER]})
    header, line = cli("render", "list", "--count", "5").out.splitlines()
    assert script.requests[0].url.endswith("/render?offset=0&count=5")
    assert header.split() == ["ID", "STATUS", "CREATED", "NAME", "URL"]
    assert line.split() == ["r", "starting", PAGE]


def test_callbacks_are_registered_and_listed(cli: Cli, play: Play) -> None:
    script = play(CALLBACK)
    assert cli("callback", "create", "archive", "status", PAGE).out == "5\n"
    body = {"group": "archive", "event": "status", "url": PAGE}
    assert sent(script) == ("POST", f"{ROOT}/callback", body)
    play([CALLBACK])
    header, line = cli("callback", "list").out.splitlines()
    assert header.split() == ["ID", "GROUP", "EVENT", "URL"]
    assert line.split() == ["5", "archive", "status", PAGE]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("captions", "start", SESSION, "--max-duration", "5"), "--max-duration must be"),
        (("render", "start", SESSION, "x"), "URL must be a URL that begins with http://"),
        (("connector", "start", SESSION, "http://a"), "URI must be a URL"),
        (("connector", "stop", SESSION, ".."), "CONNECTION must be"),
        (("callback", "create", "session", "x", PAGE), "GROUP 'session' is not valid: use"),
    ],
)
def test_bad_input_is_refused_before_sending(
    arguments: tuple[str, ...], problem: str, cli: Cli, play: Play
) -> None:
    script = play()
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert script.requests == []
