"""Failures of the service, requested by tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.emulator import NOW, Api, events_of
from tokbox.emulator import Clock, Rules, Server, serve


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(clock=Clock(lambda: NOW)) as server:
        yield server


#: The jobs that can fail, and how they are started.
THINGS: dict[str, dict[str, Any]] = {
    "broadcast": {"outputs": {"hls": {}}},
    "captions": {},
    "render": {"url": "https://app.example.org/view"},
    "dial": {"sip": {"uri": "sip:user@gateway.example.org"}},
    "connect": {"websocket": {"uri": "wss://media.example.org/in"}},
}


@pytest.fixture
def joined(tenant: Api) -> str:
    """A session of either environment with one publisher."""
    session_id = tenant.create_session()
    tenant.join(session_id)
    return session_id


def start(api: Api, noun: str, session_id: str) -> str:
    started = api.start(noun, session_id, **THINGS[noun])
    return str(started.get("id") or started["captionsId"])


def fail(api: Api, session_id: str, **body: object) -> int:
    return api.request("POST", f"/_emulator/session/{session_id}/failure", body).status


def documented(api: Api) -> str:
    return "forceDisconnected" if api.pem else "Internal server failure"


# One thing.


@pytest.mark.parametrize("noun", ["broadcast", "captions", "render"])
def test_failure_sends_webhooks(
    server: Server, tenant: Api, joined: str, noun: str
) -> None:
    thing = start(tenant, noun, joined)
    tenant.advance(2)
    told = events_of(server, noun)
    assert fail(tenant, joined, id=thing) == 204
    shown = tenant.read(f"/{noun}/{thing}")
    assert shown["status"] == "failed"
    (event,) = told
    assert (event.name, event.payload["status"]) == ("status", "failed")
    # The event of a broadcast contains the broadcast, which has no reason.
    if noun != "broadcast":
        assert event.payload["reason"] == shown["reason"] == documented(tenant)
    assert len(tenant.connections(joined)) == 1
    assert fail(tenant, joined, id=thing) == 404


def test_render_that_is_starting_fails_too(api: Api, live: str) -> None:
    render = start(api, "render", live)
    fail(api, live, id=render, reason="Could not load URL")
    api.advance(10)
    shown = api.read(f"/render/{render}")
    assert (shown["status"], shown["reason"]) == ("failed", "Could not load URL")


def test_paused_captions_fail_too(api: Api, session_id: str) -> None:
    api.join(session_id, publish=False)
    captions = start(api, "captions", session_id)
    fail(api, session_id, id=captions)
    assert api.read(f"/captions/{captions}")["status"] == "failed"


@pytest.mark.parametrize("when", ["started", "paused", "stopped"])
def test_archive_fails_while_it_has_no_file(server: Server, tenant: Api, when: str) -> None:
    session_id = tenant.create_session()
    tenant.join(session_id, publish=when != "paused")
    archive = tenant.start_archive(session_id)
    if when == "stopped":
        tenant.stop_archive(archive["id"])
    told = events_of(server, "archive")
    assert fail(tenant, session_id, id=archive["id"]) == 204
    tenant.advance(3600)
    shown = tenant.archive(archive["id"])
    assert (shown["status"], shown["reason"]) == ("failed", documented(tenant))
    assert [one.payload["status"] for one in told] == ["failed"]


def test_archive_that_is_available_cannot_fail(api: Api, live: str) -> None:
    archive = api.start_archive(live)
    api.stop_archive(archive["id"])
    api.advance(10)
    assert fail(api, live, id=archive["id"]) == 404
    assert api.archive(archive["id"])["status"] == "available"


@pytest.mark.parametrize(
    ("reason", "code", "message"),
    [
        (None, "703", "Unexpected Clearing"),
        ("704 Media Timeout", "704", "Media Timeout"),
        ("486 Busy Here", "486", "Busy Here"),
    ],
)
def test_call_ends_with_a_code(
    server: Server, api: Api, live: str, reason: str | None, code: str, message: str
) -> None:
    call = start(api, "dial", live)
    told = events_of(server, "sip_call")
    assert fail(api, live, id=call, reason=reason) == 204
    (end,) = told
    assert end.payload["event"] == "callDestroyed"
    assert end.payload["reason_code"] == code
    assert end.payload["reason_message"] == message
    assert len(api.connections(live)) == 1


def test_audio_connector_loses_its_connection(api: Api, live: str) -> None:
    assert fail(api, live, id=start(api, "connect", live)) == 204
    assert len(api.connections(live)) == 1


def test_outputs_of_a_broadcast_that_failed_are_in_error() -> None:
    rules = Rules(keep_broadcast_urls=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        target = {"serverUrl": "rtmp://live.example.org/app", "streamName": "x"}
        outputs = {"hls": {}, "rtmp": [target]}
        broadcast = api.start("broadcast", session_id, outputs=outputs)
        fail(api, session_id, id=broadcast["id"])
        urls = api.read(f"/broadcast/{broadcast['id']}")["broadcastUrls"]
    assert (urls["hlsStatus"], urls["rtmp"][0]["status"]) == ("error", "error")


# A whole session.


def test_session_is_destroyed_with_all_that_is_in_it(
    server: Server, tenant: Api, joined: str
) -> None:
    for noun in THINGS:
        start(tenant, noun, joined)
    archive = tenant.start_archive(joined)
    told: list[dict[str, Any]] = []
    server._app.state.emulator.events.subscribe(lambda event: told.append(event.payload))
    assert fail(tenant, joined) == 204
    assert told[-1] == {
        "sessionId": joined,
        "projectId": tenant.key,
        "event": "sessionDestroyed",
        "timestamp": NOW * 1000,
        "reason": documented(tenant),
    }
    assert [one["status"] for one in told if "status" in one] == ["failed"] * 4
    (end,) = (one for one in told if "reason_code" in one)
    assert end["reason_code"] == "703"
    assert told[-2]["reason"] == told[-3]["reason"] == "forceDisconnected"
    assert tenant.connections(joined) == []
    assert tenant.archive(archive["id"])["status"] == "failed"
    tenant.advance(1000)
    assert told[-1]["event"] == "sessionDestroyed"
    tenant.join(joined)
    assert [one["event"] for one in told[-3:]] == [
        "sessionCreated",
        "connectionCreated",
        "streamCreated",
    ]


def test_session_that_has_been_left_is_destroyed_once(
    server: Server, api: Api, session_id: str
) -> None:
    api.leave(session_id, api.join(session_id))
    told = events_of(server, "session")
    assert fail(api, session_id, reason="forceDisconnected") == 204
    api.advance(100)
    assert fail(api, session_id) == 409
    assert [one.payload["reason"] for one in told] == ["forceDisconnected"]


# Refused requests.


@pytest.mark.parametrize(
    "body", [{"id": 7}, {"reason": 7}, {"reason": ""}, {"why": "so"}, [], "x"]
)
def test_malformed_body_is_refused(api: Api, live: str, body: object) -> None:
    answer = api.request("POST", f"/_emulator/session/{live}/failure", body)
    assert answer.status == 400
    assert len(api.connections(live)) == 1


@pytest.mark.parametrize("reason", ["Busy", "486", "486 ", "4860 Busy", "486 B\nusy"])
def test_reason_of_a_call_needs_a_code(api: Api, live: str, reason: str) -> None:
    call = start(api, "dial", live)
    assert fail(api, live, id=call, reason=reason) == 400
    assert len(api.connections(live)) == 2


def test_only_what_is_named_fails(api: Api, live: str) -> None:
    things = [start(api, noun, live) for noun in ("broadcast", "render", "captions")]
    api.advance(2)
    assert fail(api, live, id=things[2]) == 204
    assert api.read(f"/broadcast/{things[0]}")["status"] == "started"
    assert api.read(f"/render/{things[1]}")["status"] == "started"
    assert fail(api, live, id=things[2]) == 404


def test_a_missing_job_cannot_fail(api: Api, live: str) -> None:
    elsewhere = api.create_session()
    api.join(elsewhere)
    things = [start(api, "broadcast", elsewhere), api.start_archive(elsewhere)["id"], "x"]
    assert [fail(api, live, id=thing) for thing in things] == [404] * 3
    assert fail(api, "1_none") == fail(api, "1_none", id="x") == 404
    assert fail(api, api.create_session()) == 409
