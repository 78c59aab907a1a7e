"""Audio Connectors: a client of a session that goes to a WebSocket."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.emulator import Api

SOCKET: dict[str, Any] = {"uri": "wss://socket.example.org/sound"}
UNKNOWN = str(uuid.UUID(int=7))


@pytest.fixture
def joined(tenant: Api) -> str:
    """A session of either environment with one publisher."""
    session_id = tenant.create_session()
    tenant.join(session_id)
    return session_id


def connect(api: Api, session_id: str, **websocket: object) -> dict[str, Any]:
    return api.start("connect", session_id, websocket={**SOCKET, **websocket})


def refused(api: Api, session_id: str, **changes: object) -> int:
    token = api.token(session_id)
    body = {"sessionId": session_id, "token": token, "websocket": SOCKET, **changes}
    return api.project("POST", "/connect", body).status


def stop(api: Api, connector: dict[str, Any]) -> int:
    return api.project("POST", f"/connect/{connector['id']}/stop").status


def test_reply_names_the_connection(tenant: Api, joined: str) -> None:
    connector = connect(tenant, joined)
    assert sorted(connector) == ["connectionId", "id"]
    assert connector["connectionId"] in tenant.connections(joined)
    assert len(tenant.streams(joined)) == 1


def test_bidirectional_one_publishes_sound(tenant: Api, joined: str) -> None:
    connect(tenant, joined, bidirectional=True)
    assert [stream["videoType"] for stream in tenant.streams(joined)] == ["camera", ""]


@pytest.mark.trap(79)
def test_stop_ends_its_connection(tenant: Api, joined: str) -> None:
    connector = connect(tenant, joined, bidirectional=True)
    # One client sends a body without a content type.
    path = f"/connect/{connector['id']}/stop"
    assert tenant.project("POST", path, b"{}").status == 200
    assert len(tenant.connections(joined)) == len(tenant.streams(joined)) == 1
    assert stop(tenant, connector) == 404


def test_it_ends_with_its_connection(api: Api, live: str) -> None:
    connector = connect(api, live)
    path = f"/session/{live}/connection/{connector['connectionId']}"
    assert api.project("DELETE", path).status == 204
    assert stop(api, connector) == 404


@pytest.mark.parametrize(
    "websocket",
    [
        {"uri": "ws://localhost:8080/"},
        {"streams": [UNKNOWN] * 50},
        {"streams": []},
        {"headers": {"X-Key": "v" * 507}},
        {"audioRate": 8000},
        {"audioRate": 24_000},
        {"bidirectional": False},
        {"audioTransport": {"transport": "binary"}},
        {"audioTransport": {}},
        {"audioTransport": '{"transport":"json","encoding":"base64"}'},
        {
            "audioTransport": {
                "transport": "json",
                "encoding": "base64",
                "audio_field": "sound",
                "receive_audio_field": "answer",
                "static_fields": {"call": "7"},
            }
        },
    ],
)
def test_everything_that_clients_send_is_taken(
    api: Api, live: str, websocket: dict[str, Any]
) -> None:
    assert connect(api, live, **websocket)["id"]


@pytest.mark.trap(81)
def test_rate_may_be_written_in_snake_case(api: Api, live: str) -> None:
    connect(api, live, audio_rate=8000)
    # It is read, not just ignored.
    assert refused(api, live, websocket={**SOCKET, "audio_rate": 7}) == 400


@pytest.mark.trap(112)
@pytest.mark.parametrize(
    "websocket",
    [
        None,
        [],
        {},
        {"uri": 7},
        {"uri": "https://socket.example.org/sound"},
        {"uri": "wss:///sound"},
        {"uri": "wss://["},
        {"uri": "ws://localhost:65536/"},
        {**SOCKET, "streams": "all"},
        {**SOCKET, "streams": [UNKNOWN] * 51},
        {**SOCKET, "headers": {"X-Key": "v" * 508}},
        {**SOCKET, "headers": {"X-Key": 7}},
        {**SOCKET, "headers": []},
        {**SOCKET, "audioRate": 44_100},
        {**SOCKET, "audioRate": 8000.0},
        {**SOCKET, "audioRate": [8000]},
        {**SOCKET, "bidirectional": 1},
        {**SOCKET, "audioTransport": "json"},
        {**SOCKET, "audioTransport": '"json"'},
        {**SOCKET, "audioTransport": "[" * 100_000},
        {**SOCKET, "audioTransport": {"transport": "xml"}},
        {**SOCKET, "audioTransport": {"transport": "json", "encoding": "hex"}},
        {**SOCKET, "audioTransport": {"audio_field": ""}},
        {**SOCKET, "audioTransport": {"static_fields": []}},
        {**SOCKET, "audioTransport": {"static_fields": {"call": 7}}},
        {**SOCKET, "audioTransport": {"transport": "json"}},
    ],
)
def test_invalid_option_is_refused(api: Api, live: str, websocket: object) -> None:
    assert refused(api, live, websocket=websocket) == 400
    assert len(api.connections(live)) == 1


def test_socket_that_cannot_be_opened_is_refused(api: Api, live: str) -> None:
    assert refused(api, live, websocket={"uri": "wss://socket.invalid/"}) == 400
    assert len(api.connections(live)) == 1


def test_token_is_verified(api: Api, live: str) -> None:
    assert refused(api, live, token=None) == 400
    assert refused(api, live, token="nonsense") == 403
    # A connector that only receives audio may have any role.
    subscriber = api.token(live, role="subscriber")
    assert refused(api, live, token=subscriber) == 200
    both_ways = {**SOCKET, "bidirectional": True}
    assert refused(api, live, token=subscriber, websocket=both_ways) == 403
    assert len(api.connections(live)) == 2


def test_session_must_be_known_and_routed(api: Api, session_id: str) -> None:
    assert refused(api, session_id) == 404
    relayed = api.create_session(media="enabled")
    api.join(relayed)
    assert refused(api, relayed) == 409


def test_unknown_connector_is_not_found(api: Api, other: Api, live: str) -> None:
    assert stop(api, {"id": UNKNOWN}) == stop(other, connect(api, live)) == 404
