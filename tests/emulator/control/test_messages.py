"""The record of what clients received."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.store import messages


def shown(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.request("GET", f"/_emulator/messages{query}")
    assert answer.status == 200, answer.body
    content = answer.json()
    assert content["count"] == len(content["items"])
    items: list[dict[str, Any]] = content["items"]
    return items


def signal(api: Api, session_id: str, data: str) -> None:
    answer = api.project("POST", f"/session/{session_id}/signal", {"data": data})
    assert answer.status == 204


def test_message_contains_recipients_content_and_time(
    server: Server, api: Api, session_id: str
) -> None:
    joined = api.join(session_id)
    signal(api, session_id, "hello")
    (message,) = server.messages()
    assert shown(api) == [message.describe()]
    assert message.describe() == {
        "number": message.number,
        "kind": "signal",
        "sessionId": session_id,
        "at": NOW * 1000,
        "content": {"type": None, "data": "hello"},
        "recipients": [joined["connectionId"]],
    }


def test_filters_combine(server: Server, api: Api) -> None:
    one, two = api.create_session(), api.create_session()
    client = api.join(one)["connectionId"]
    api.join(two)
    for session_id in (one, two):
        signal(api, session_id, session_id)
    api.project("POST", f"/session/{one}/play-dtmf", {"digits": "1"})

    def found(query: str) -> list[tuple[str, str]]:
        return [(item["kind"], item["sessionId"]) for item in shown(api, query)]

    assert found("?kind=dtmf") == [("dtmf", one)]
    assert found(f"?session_id={two}") == [("signal", two)]
    assert found(f"?connection_id={client}&kind=signal") == [("signal", one)]
    assert found(f"?connection_id={client[:-1]}") == []
    assert found("?count=1") == [("signal", one)]
    last = server.messages()[-1]
    assert found(f"?after={last.number - 1}") == [("dtmf", one)]
    assert server.messages(after=last.number) == []


def test_bad_filter_is_refused_by_name(api: Api) -> None:
    answer = api.request("GET", "/_emulator/messages?colour=red")
    assert answer.status == 400
    assert "'colour'" in answer.json()["message"]


def test_cleared_messages_go_on_counting(server: Server, api: Api, live: str) -> None:
    signal(api, live, "a")
    (before,) = server.messages()
    assert api.request("DELETE", "/_emulator/messages").status == 204
    assert server.messages() == []
    signal(api, live, "b")
    assert server.messages()[0].number > before.number


def test_only_so_many_are_kept(
    monkeypatch: pytest.MonkeyPatch, server: Server, api: Api, live: str
) -> None:
    monkeypatch.setattr(messages, "LIMIT", 3)
    for number in range(5):
        signal(api, live, str(number))
    with server._store.transaction():
        kept = server._app.state.emulator.messages.sent()
    assert [message.content["data"] for message in kept] == ["2", "3", "4"]


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        signal(api, session_id, "kept")
        before = server.messages()
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        assert server.messages() == before


def test_unknown_session_is_not_shown(api: Api) -> None:
    assert api.request("GET", "/_emulator/session/1_abc").status == 404
