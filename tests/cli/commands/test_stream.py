"""``tokbox stream`` and ``tokbox connection``."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.support.cli import KEY, OTHER_SESSION, SESSION, Result
from tests.support.rest import Script, sent

Cli = Callable[..., Result]
Play = Callable[..., Script]

ROOT = f"/v2/project/{KEY}/session/{SESSION}"
CAMERA = {"id": "s", "videoType": "camera", "name": "Ada", "layoutClassList": ["a", "b"]}
CONNECTED = {
    "connectionId": "c",
    "connectionState": "Connected",
    "createdAt": 1700000000000,
}


def test_streams_are_a_table(cli: Cli, play: Play) -> None:
    script = play({"count": 1, "items": [CAMERA]})
    header, line = cli("stream", "list", SESSION).out.splitlines()
    assert sent(script) == ("GET", f"{ROOT}/stream", None)
    assert header.split() == ["ID", "VIDEO", "CLASSES", "NAME"]
    assert line.split() == ["s", "camera", "a", "b", "Ada"]


def test_streams_as_json_are_an_array(cli: Cli, play: Play) -> None:
    play({"count": 1, "items": [CAMERA]})
    (stream,) = json.loads(cli("stream", "list", "-", "--json", stdin=SESSION).out)
    assert (stream["id"], stream["layout_classes"]) == ("s", ["a", "b"])


def test_classes_are_replaced(cli: Cli, play: Play) -> None:
    script = play()
    result = cli("stream", "classes", SESSION, "s", "full", "x")
    assert (result.code, result.out) == (0, "arranged  s\n")
    items = [{"id": "s", "layoutClassList": ["full", "x"]}]
    assert sent(script) == ("PUT", f"{ROOT}/stream", {"items": items})


def test_classes_are_taken_away(cli: Cli, play: Play) -> None:
    script = play()
    result = cli("stream", "classes", SESSION, "s", "--json")
    assert json.loads(result.out) == {"id": "s", "arranged": True}
    assert sent(script)[2] == {"items": [{"id": "s", "layoutClassList": []}]}


def test_connections_are_a_table(cli: Cli, play: Play) -> None:
    script = play({"count": 1, "items": [CONNECTED]})
    header, line = cli("connection", "list", SESSION).out.splitlines()
    assert sent(script) == ("GET", f"{ROOT}/connection", None)
    assert header.split() == ["ID", "STATE", "SINCE"]
    assert line.split() == ["c", "Connected", "2023-11-14", "22:13:20Z"]


def test_a_foreign_session_is_refused(cli: Cli, play: Play) -> None:
    script = play()
    result = cli("connection", "list", OTHER_SESSION)
    assert result.code == 2
    assert "belongs to API key" in result.err
    assert script.requests == []
