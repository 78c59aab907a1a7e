"""Behaviour that all jobs of a session share: webhooks, the request log, and the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import KEY, NOW, Api
from tests.support.receiver import Receiver, receiving
from tokbox.emulator import Clock, Server, serve

#: The request that starts each job: the noun of its path, and its options.
STARTS: dict[str, dict[str, Any]] = {
    "archive": {},
    "broadcast": {"outputs": {"hls": {}}},
    "render": {"url": "https://app.example.org/view"},
    "captions": {},
    "dial": {"sip": {"uri": "sip:user@gateway.example.org"}},
    "connect": {"websocket": {"uri": "wss://socket.example.org/"}},
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def configure(api: Api, url: str, *names: str) -> None:
    body = {"projectId": api.key, "webhooks": dict.fromkeys(names, url)}
    assert api.request("POST", "/_emulator/webhooks", body).status == 204


def test_every_start_counts_as_a_creation(server: Server, api: Api, live: str) -> None:
    for noun, options in STARTS.items():
        api.start(noun, live, **options)
        api.project("POST", f"/{noun}", b"")
    created = [entry.path for entry in server.requests(created=True)]
    assert created[1:] == [f"/v2/project/{KEY}/{noun}" for noun in STARTS]


@pytest.mark.trap(68, 74, 79, 82)
@pytest.mark.parametrize("content_type", [None, "text/plain", "APPLICATION/JSON; x=y"])
def test_slashes_and_content_types_do_not_matter(
    api: Api, live: str, content_type: str | None
) -> None:
    for noun, options in STARTS.items():
        token = {"token": api.token(live, role="moderator")}
        body = {"sessionId": live, **options, **token}
        headers = {"Content-Type": content_type}
        answer = api.project("POST", f"/{noun}/", body, headers=headers)
        assert answer.status in (200, 202)


@pytest.mark.trap(64)
@pytest.mark.parametrize("noun", ["broadcast", "render"])
def test_reads_may_have_a_content_type(api: Api, noun: str) -> None:
    headers: dict[str, str | None] = {"Content-Type": "application/json"}
    assert api.project("GET", f"/{noun}", headers=headers).status == 200


@pytest.mark.trap(77)
def test_body_that_is_cut_short_is_refused(api: Api, live: str) -> None:
    """One client counts characters where it should count bytes."""
    body = json.dumps({"sessionId": live, "outputs": {"hls": {}}, "multiBroadcastTag": "é"})
    cut = body.replace("\\u00e9", "é").encode()[:-1]
    assert api.project("POST", "/broadcast", cut).status == 400


def test_broadcast_event_contains_its_status(
    server: Server, api: Api, live: str, receiver: Receiver
) -> None:
    configure(api, receiver.url, "broadcast_status")
    broadcast = api.start("broadcast", live, **STARTS["broadcast"], maxDuration=60)
    api.advance(61)
    server.drain_webhooks()
    first, second = (one.json() for one in receiver.received)
    assert first == broadcast
    assert second == api.read(f"/broadcast/{broadcast['id']}")
    assert second["status"] == "stopped"


def test_render_events_go_to_the_url_of_its_call(
    server: Server, api: Api, live: str, receiver: Receiver
) -> None:
    # An address that is listed twice gets one webhook.
    configure(api, receiver.url, "render_status")
    options = {**STARTS["render"], "statusCallbackUrl": receiver.url, "maxDuration": 60}
    render = api.start("render", live, **options)
    api.advance(61)
    server.drain_webhooks()
    stream_id = api.read(f"/render/{render['id']}")["streamId"]
    shown = {"id": render["id"], "sessionId": live, "streamId": stream_id}
    assert [one.json() for one in receiver.received] == [
        {**shown, "status": "started"},
        {**shown, "status": "stopped", "reason": "Max Duration Exceeded."},
    ]


def test_failed_render_sends_no_stream(
    server: Server, api: Api, live: str, receiver: Receiver
) -> None:
    configure(api, receiver.url, "render_status")
    render = api.start("render", live, url="https://app.invalid/view")
    api.advance(1)
    server.drain_webhooks()
    (failed,) = (one.json() for one in receiver.received)
    assert failed == {
        "id": render["id"],
        "sessionId": live,
        "status": "failed",
        "reason": "Could not load URL",
    }


def test_captions_events_go_to_the_url_of_their_call(
    server: Server, api: Api, session_id: str, receiver: Receiver
) -> None:
    joined = api.join(session_id)
    options = {"statusCallbackUrl": receiver.url, "maxDuration": 300}
    captions = api.start("captions", session_id, **options)
    api.advance(100)
    api.leave(session_id, joined)
    api.advance(300)
    server.drain_webhooks()
    told = [one.json() for one in receiver.received]
    assert [(body["status"], body["duration"]) for body in told] == [
        ("started", 0),
        ("paused", 100),
        ("stopped", 100),
    ]
    assert told[2] == api.read(f"/captions/{captions['captionsId']}")


def test_call_events_go_to_three_webhooks(
    server: Server, api: Api, live: str, receiver: Receiver
) -> None:
    names = ("created", "updated", "destroyed")
    configure(api, receiver.url, *(f"sip_call_{name}" for name in names))
    call = api.start("dial", live, **STARTS["dial"])
    api.advance(3)
    api.project("DELETE", f"/session/{live}/connection/{call['connectionId']}")
    server.drain_webhooks()
    events = [one.json()["event"] for one in receiver.received]
    assert events == ["callCreated", "callUpdated", "callUpdated", "callDestroyed"]


def test_jobs_continue_after_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        started = {noun: api.start(noun, session_id, **STARTS[noun]) for noun in STARTS}
        connections = api.connections(session_id)
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        assert api.connections(session_id) == connections
        api.advance(2)
        broadcast = api.read(f"/broadcast/{started['broadcast']['id']}")
        assert broadcast["createdAt"] == started["broadcast"]["createdAt"]
        assert api.read(f"/render/{started['render']['id']}")["status"] == "started"
        assert len(api.streams(session_id)) == 3
        for connection_id in connections:
            api.project("DELETE", f"/session/{session_id}/connection/{connection_id}")
        api.advance(60)
        assert api.read("/broadcast")["count"] == 0


def test_fresh_start_forgets_them(api: Api, live: str) -> None:
    for noun, options in STARTS.items():
        api.start(noun, live, **options)
    assert api.request("POST", "/_emulator/reset").status == 204
    assert api.read("/broadcast")["count"] == api.read("/render")["count"] == 0


def test_order_of_time_is_kept_in_one_leap(api: Api, live: str) -> None:
    """A broadcast ends a minute after the render that was the last client."""
    (client,) = api.connections(live)
    broadcast = api.start("broadcast", live, **STARTS["broadcast"])
    api.start("render", live, **STARTS["render"], maxDuration=120)
    api.project("DELETE", f"/session/{live}/connection/{client}")
    api.advance(10_000)
    stopped = api.read(f"/broadcast/{broadcast['id']}")
    assert (stopped["status"], stopped["updatedAt"]) == ("stopped", (NOW + 180) * 1000)
