"""SIP calls: clients of a session as soon as they are dialled."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import NOW, Api, events_of
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.model.events import Event

SIP: dict[str, Any] = {"uri": "sip:user@gateway.example.org;transport=tls"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(clock=Clock(lambda: NOW)) as server:
        yield server


@pytest.fixture
def sent_events(server: Server) -> list[Event]:
    """The webhooks about calls, in order."""
    return events_of(server, "sip_call")


@pytest.fixture
def joined(tenant: Api) -> str:
    """A session of either environment with one publisher."""
    session_id = tenant.create_session()
    tenant.join(session_id)
    return session_id


def dial(api: Api, session_id: str, **sip: object) -> dict[str, Any]:
    return api.start("dial", session_id, sip={**SIP, **sip})


def refused(api: Api, session_id: str, **changes: object) -> int:
    token = api.token(session_id)
    body = {"sessionId": session_id, "token": token, "sip": SIP, **changes}
    return api.project("POST", "/dial", body).status


# Start.


def test_reply_is_complete(tenant: Api, joined: str) -> None:
    call = dial(tenant, joined)
    for name in ("id", "connectionId", "streamId"):
        assert uuid.UUID(call[name])
    assert {name: call[name] for name in call if not name.endswith(("id", "Id"))} == {
        "createdAt": NOW * 1000,
        "updatedAt": NOW * 1000,
    }
    # The name of this member is the same for an application.
    assert (call["projectId"], call["sessionId"]) == (tenant.key, joined)


def test_call_is_a_client_before_anybody_answers(tenant: Api, joined: str) -> None:
    call = dial(tenant, joined)
    assert call["connectionId"] in tenant.connections(joined)
    (stream,) = (s for s in tenant.streams(joined) if s["id"] == call["streamId"])
    assert stream["videoType"] == ""


@pytest.mark.trap(62)
@pytest.mark.parametrize("value", [True, "true"])
def test_video_shows_a_picture(api: Api, live: str, value: object) -> None:
    call = dial(api, live, video=value, secure="false", observeForceMute="true")
    (stream,) = (s for s in api.streams(live) if s["id"] == call["streamId"])
    assert stream["videoType"] == "camera"


@pytest.mark.trap(65)
def test_call_is_another_word_for_dial(api: Api, live: str) -> None:
    assert api.start("call", live, sip=SIP)["connectionId"] in api.connections(live)


def test_everything_that_clients_send_is_taken(api: Api, live: str) -> None:
    dial(
        api,
        live,
        **{"from": "15551234567@example.com"},
        headers={"X-Answer": "42", "x-other": ""},
        auth={"username": "u", "password": "p"},
        secure=True,
        streams=[api.streams(live)[0]["id"]],
    )


@pytest.mark.parametrize(
    "sip",
    [
        None,
        "sip:a@b",
        {},
        {"uri": 7},
        {"uri": ""},
        {**SIP, "from": 7},
        {**SIP, "headers": []},
        {**SIP, "headers": {"Answer": "42"}},
        {**SIP, "headers": {"X-": "42"}},
        {**SIP, "headers": {"X-Answer": 42}},
        {**SIP, "auth": {"password": "p"}},
        {**SIP, "auth": {"username": "u", "password": 7}},
        {**SIP, "secure": "yes"},
        {**SIP, "video": 1},
        {**SIP, "streams": "all"},
        {**SIP, "streams": [7]},
    ],
)
def test_invalid_option_is_refused(api: Api, live: str, sip: object) -> None:
    assert refused(api, live, sip=sip) == 400
    assert len(api.connections(live)) == 1


def test_token_must_allow_publishing(api: Api, live: str) -> None:
    assert refused(api, live, token=None) == 400
    for token in ("nonsense", api.token(live, role="subscriber")):
        assert refused(api, live, token=token) == 403
    assert len(api.connections(live)) == 1


def test_session_must_be_known_and_routed(api: Api, session_id: str) -> None:
    assert refused(api, session_id) == 404
    relayed = api.create_session(media="enabled")
    api.join(relayed)
    assert refused(api, relayed) == 409


def test_secrets_of_a_call_are_not_kept(tmp_path: Path) -> None:
    with serve(db=tmp_path / "emulator.db", clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        secrets = ("example0password", "example0header")
        auth = {"username": "u", "password": secrets[0]}
        dial(api, session_id, auth=auth, headers={"X-Key": secrets[1]})
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"gateway.example.org" in content
    assert not any(secret.encode() in content for secret in secrets)


# Life.


def test_call_rings_is_answered_and_ends_with_its_connection(
    api: Api, live: str, sent_events: list[Event]
) -> None:
    call = dial(api, live)
    api.advance(10)
    api.project("DELETE", f"/session/{live}/connection/{call['connectionId']}")
    assert [(event.name, event.at_ms - NOW * 1000) for event in sent_events] == [
        ("created", 0),
        ("updated", 1000),
        ("updated", 3000),
        ("destroyed", 10_000),
    ]
    assert sent_events[0].payload == {
        "sessionId": live,
        "projectId": api.key,
        "event": "callCreated",
        "timestamp": NOW * 1000,
        "call": {
            "id": call["id"],
            "connectionId": call["connectionId"],
            "createdAt": NOW * 1000,
        },
    }
    assert [event.payload["state"] for event in sent_events[1:3]] == ["RINGING", "ACTIVE"]
    end = sent_events[3].payload
    assert (end["event"], end["reason_code"]) == ("callDestroyed", "700")
    assert end["reason_message"] == "Normal Clearing"


def test_call_ends_after_six_hours(api: Api, live: str, sent_events: list[Event]) -> None:
    dial(api, live)
    api.advance(6 * 3600 - 1)
    assert len(api.connections(live)) == 2
    api.advance(10)
    assert len(api.connections(live)) == len(api.streams(live)) == 1
    assert sent_events[-1].payload["reason_code"] == "705"
    assert sent_events[-1].at_ms == (NOW + 6 * 3600) * 1000


@pytest.mark.parametrize(
    "uri",
    [
        "sip:user@gateway.invalid",
        "sips:gateway.invalid:5061;transport=tls",
        "sip:user@GATEWAY.Invalid.",
    ],
)
def test_gateway_that_cannot_be_reached_ends_the_call(
    api: Api, live: str, sent_events: list[Event], uri: str
) -> None:
    dial(api, live, uri=uri)
    api.advance(1)
    assert [event.name for event in sent_events] == ["created", "destroyed"]
    assert sent_events[1].payload["reason_code"] == "503"
    assert len(api.connections(live)) == 1


def test_sound_without_a_picture_has_no_type_of_it(
    server: Server, api: Api, live: str
) -> None:
    streams = events_of(server, "stream")
    call = dial(api, live)
    (created,) = streams
    assert created.payload["stream"]["id"] == call["streamId"]
    assert "videoType" not in created.payload["stream"]


def test_call_ends_after_five_minutes_without_clients(
    api: Api, sent_events: list[Event]
) -> None:
    session_id = api.create_session()
    joined = api.join(session_id)
    dial(api, session_id)
    api.advance(1000)
    api.leave(session_id, joined)
    api.advance(299)
    assert len(api.connections(session_id)) == 1
    api.advance(1)
    assert api.connections(session_id) == []
    assert sent_events[-1].at_ms == (NOW + 1300) * 1000
    assert (sent_events[-1].name, sent_events[-1].payload["reason_code"]) == (
        "destroyed",
        "706",
    )
    assert sent_events[-1].payload["reason_message"] == "Max Inactive"


def test_call_of_an_empty_session_ends_after_five_minutes_too(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    api.leave(session_id, api.join(session_id))
    dial(api, session_id)
    api.advance(301)
    assert sent_events[-1].payload["reason_code"] == "706"
    assert sent_events[-1].at_ms == (NOW + 300) * 1000


@pytest.mark.parametrize("publish", [True, False])
def test_a_returning_client_keeps_the_call(
    api: Api, session_id: str, sent_events: list[Event], publish: bool
) -> None:
    joined = api.join(session_id)
    dial(api, session_id)
    api.leave(session_id, joined)
    api.advance(299)
    joined = api.join(session_id, publish=publish)
    api.advance(3000)
    assert sent_events[-1].payload["state"] == "ACTIVE"
    api.leave(session_id, joined)
    api.advance(299)
    assert sent_events[-1].payload["state"] == "ACTIVE"


def test_two_calls_keep_one_another(
    api: Api, session_id: str, sent_events: list[Event]
) -> None:
    joined = api.join(session_id)
    calls = [dial(api, session_id) for _ in range(2)]
    api.leave(session_id, joined)
    api.advance(3000)
    assert sorted(api.connections(session_id)) == sorted(c["connectionId"] for c in calls)


@pytest.mark.parametrize("observes", [True, False])
def test_call_that_is_dialled_into_a_muted_session_is_muted(
    api: Api, live: str, sent_events: list[Event], observes: bool
) -> None:
    api.project("POST", f"/session/{live}/mute", {"active": True})
    call = dial(api, live, observeForceMute=observes)
    names = [event.payload["event"] for event in sent_events]
    assert names == ["callCreated", *["muteForced"] * observes]
    assert {event.payload["call"]["id"] for event in sent_events} == {call["id"]}
    streams = api.request("GET", f"/_emulator/session/{live}").json()["connections"]
    assert streams[-1]["streams"][0]["muted"] is True


def test_uri_that_cannot_be_parsed_is_dialled(api: Api, live: str) -> None:
    api.start("dial", live, sip={"uri": "sip://["})
    api.advance(5)
    assert len(api.connections(live)) == 2
