"""Sessions on the media router: created, notified and destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.emulator import NOW, Api, events_of
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.model.events import Event


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(clock=Clock(lambda: NOW)) as server:
        yield server


@pytest.fixture
def sent_events(server: Server) -> list[Event]:
    """The webhooks about sessions, in order."""
    return events_of(server, "session")


def seen(sent_events: list[Event]) -> list[tuple[str, int, Any]]:
    """The notifications, with seconds and reason."""
    return [
        (one.payload["event"], one.at_ms // 1000 - NOW, one.payload.get("reason"))
        for one in sent_events
    ]


def test_session_is_created_by_its_first_client(
    tenant: Api, sent_events: list[Event]
) -> None:
    session_id = tenant.create_session()
    assert sent_events == []
    tenant.advance(5)
    for _ in range(2):
        tenant.join(session_id)
    (created,) = sent_events
    assert (created.project_id, created.group, created.name) == (
        tenant.key,
        "session",
        "created",
    )
    assert created.payload == {
        "sessionId": session_id,
        "projectId": tenant.key,
        "event": "sessionCreated",
        "timestamp": (NOW + 5) * 1000,
    }


def test_session_is_created_before_its_connection(server: Server, api: Api) -> None:
    order: list[str] = []
    server._app.state.emulator.events.subscribe(
        lambda one: order.append(one.payload["event"])
    )
    api.join(api.create_session())
    assert order == ["sessionCreated", "connectionCreated", "streamCreated"]


def test_session_is_destroyed_a_minute_after_its_last_client(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    first, second = (api.join(session_id) for _ in range(2))
    api.leave(session_id, first)
    api.advance(1000)
    api.leave(session_id, second)
    api.advance(59)
    assert [one.name for one in sent_events] == ["created"]
    api.advance(1000)
    assert sent_events[1].payload == {
        "sessionId": session_id,
        "projectId": api.key,
        "event": "sessionDestroyed",
        "timestamp": (NOW + 1060) * 1000,
        "reason": "clientDisconnected",
    }


def test_client_that_comes_back_in_time_keeps_the_session(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    api.leave(session_id, api.join(session_id))
    api.advance(59)
    joined = api.join(session_id)
    api.advance(1000)
    api.leave(session_id, joined)
    api.advance(60)
    assert seen(sent_events) == [
        ("sessionCreated", 0, None),
        ("sessionDestroyed", 1119, "clientDisconnected"),
    ]


def test_destroyed_session_is_created_again(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    for _ in range(2):
        api.leave(session_id, api.join(session_id))
        api.advance(100)
    assert seen(sent_events) == [
        ("sessionCreated", 0, None),
        ("sessionDestroyed", 60, "clientDisconnected"),
        ("sessionCreated", 100, None),
        ("sessionDestroyed", 160, "clientDisconnected"),
    ]


def test_jobs_end_before_their_session(server: Server, api: Api, session_id: str) -> None:
    order: list[str] = []
    joined = api.join(session_id)
    api.start_archive(session_id)
    api.start("broadcast", session_id, outputs={"hls": {}})
    api.leave(session_id, joined)
    server._app.state.emulator.events.subscribe(
        lambda one: order.append(one.payload["event"])
    )
    api.advance(60)
    assert order == ["archive", "broadcast", "sessionDestroyed"]


def test_call_keeps_its_session(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    joined = api.join(session_id)
    api.start("dial", session_id, sip={"uri": "sip:user@gateway.example.org"})
    api.leave(session_id, joined)
    api.advance(1000)
    assert seen(sent_events)[1:] == [("sessionDestroyed", 360, "clientDisconnected")]


def test_relayed_session_is_on_no_media_router(api: Api, sent_events: list[Event]) -> None:
    session_id = api.create_session(media="enabled")
    api.leave(session_id, api.join(session_id))
    api.advance(1000)
    assert sent_events == []


def test_server_rotation_sends_events_while_the_session_is_active(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    path = f"/_emulator/session/{session_id}/notification"
    assert api.request("POST", path).status == 409
    joined = api.join(session_id)
    assert api.request("POST", path).status == 204
    assert sent_events[-1].payload == {
        "sessionId": session_id,
        "projectId": api.key,
        "event": "sessionNotification",
        "timestamp": NOW * 1000,
        "reason": "serverRotation",
    }
    api.leave(session_id, joined)
    api.advance(60)
    assert api.request("POST", path).status == 409
    assert [one.name for one in sent_events] == ["created", "notification", "destroyed"]


def test_unknown_session_is_not_notified(api: Api, sent_events: list[Event]) -> None:
    answer = api.request("POST", "/_emulator/session/1_none/notification")
    assert (answer.status, sent_events) == (404, [])
