"""The events that webhooks report, and their times."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.emulator import KEY, NOW, Api
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.model.events import Event
from tokbox.emulator.store.ids import Ids


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(clock=Clock(lambda: NOW), processing_delay=2) as server:
        yield server


@pytest.fixture
def sent_events(server: Server) -> list[Event]:
    """Every event of the emulator, in order."""
    events: list[Event] = []
    server._app.state.emulator.events.subscribe(events.append)
    return events


def names(sent_events: list[Event]) -> list[str]:
    return [f"{event.group}_{event.name}" for event in sent_events]


def test_client_that_comes_publishes_and_goes(api: Api, sent_events: list[Event]) -> None:
    session_id = api.create_session()
    joined = api.join(session_id, connection_data="role=host")
    api.advance(1)
    api.leave(session_id, joined)
    connection: dict[str, Any] = {
        "id": joined["connectionId"],
        "createdAt": NOW * 1000,
        "data": "role=host",
    }
    stream = {
        "id": joined["streamId"],
        "createdAt": NOW * 1000,
        "name": "",
        "videoType": "camera",
    }
    came = {"sessionId": session_id, "projectId": KEY, "timestamp": NOW * 1000}
    went = {**came, "timestamp": NOW * 1000 + 1000, "reason": "clientDisconnected"}
    silent = {**connection, "data": ""}
    payloads = [
        event.payload for event in sent_events if event.group in ("connection", "stream")
    ]
    assert payloads == [
        {**came, "event": "connectionCreated", "connection": connection},
        {**came, "event": "streamCreated", "stream": {**stream, "connection": connection}},
        {**went, "event": "streamDestroyed", "stream": {**stream, "connection": silent}},
        {**went, "event": "connectionDestroyed", "connection": silent},
    ]


def test_moderator_is_the_reason(api: Api, sent_events: list[Event]) -> None:
    session_id = api.create_session()
    joined = api.join(session_id, publish=False)
    api.project("DELETE", f"/session/{session_id}/connection/{joined['connectionId']}")
    (event,) = (event for event in sent_events if event.name == "destroyed")
    assert event.payload["reason"] == "forceDisconnected"


def test_archive_sends_every_status_once(api: Api, sent_events: list[Event]) -> None:
    session_id = api.create_session()
    joined = api.join(session_id)
    api.advance(0.5)
    archive_id = api.start_archive(session_id)["id"]
    api.advance(10)
    api.leave(session_id, joined)
    api.advance(60)
    api.advance(72 * 3600)
    archives = [event for event in sent_events if event.group == "archive"]
    assert [(event.payload["status"], event.at_ms - NOW * 1000) for event in archives] == [
        ("started", 500),
        ("paused", 10_500),
        ("stopped", 70_500),
        ("available", 72_500),
        ("expired", 72 * 3600 * 1000 + 500),
    ]
    assert {event.payload["id"] for event in archives} == {archive_id}
    assert {event.payload["createdAt"] for event in archives} == {NOW * 1000}
    urls = [event.payload["url"] for event in archives]
    assert urls[3].startswith(api.url)
    assert [url for url in urls if url] == [urls[3]]


def test_archive_without_publishers_sends_paused(
    api: Api, sent_events: list[Event]
) -> None:
    session_id = api.create_session()
    api.join(session_id, publish=False)
    api.start_archive(session_id)
    (event,) = (event for event in sent_events if event.group == "archive")
    assert event.payload["status"] == "paused"


def test_refused_calls_send_no_events(api: Api, sent_events: list[Event]) -> None:
    session_id = api.create_session()
    assert api.join_with(session_id, "x", publish=True).status == 403
    assert sent_events == []


def test_the_same_chance_makes_the_same_ids() -> None:
    def draw(seed: int) -> tuple[str, str, str]:
        ids = Ids(random.Random(seed).randbytes)
        return ids.uuid(), ids.base64(18), ids.choice(("1_", "2_"))

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
    assert Ids().uuid() != Ids().uuid()
