"""Force-disconnect and muting."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.support.emulator import APPLICATION, KEY, NOW, SECRET, Api
from tokbox.emulator import Clock, Rules, Server, serve

UNKNOWN = str(uuid.UUID(int=1))


def muted(api: Api, session_id: str) -> dict[str, bool]:
    """Return, for each stream of a session, whether it is muted."""
    shown = api.request("GET", f"/_emulator/session/{session_id}").json()
    return {
        stream["id"]: stream["muted"]
        for connection in shown["connections"]
        for stream in connection["streams"]
    }


def mute_all(api: Api, session_id: str, body: object) -> int:
    return api.project("POST", f"/session/{session_id}/mute", body).status


# Disconnecting.


def test_moderator_disconnects_a_client(api: Api, session_id: str) -> None:
    joined = api.join(session_id)
    path = f"/session/{session_id}/connection/{joined['connectionId']}"
    assert api.project("DELETE", path).status == 204
    assert api.project("GET", f"/session/{session_id}/stream").json()["count"] == 0
    assert api.project("DELETE", path).status == 404


def test_malformed_connection_id_is_refused(api: Api, session_id: str) -> None:
    api.join(session_id)
    assert api.project("DELETE", f"/session/{session_id}/connection/x").status == 400


def test_clients_of_another_project_are_out_of_reach(
    api: Api, other: Api, session_id: str
) -> None:
    joined = api.join(session_id)
    path = f"/session/{session_id}/connection/{joined['connectionId']}"
    assert other.project("DELETE", path).status == 404


def test_client_of_an_application_is_disconnected(application: Api) -> None:
    session_id = application.create_session()
    joined = application.join(session_id)
    path = f"/session/{session_id}/connection/{joined['connectionId']}"
    assert application.project("DELETE", path).status == 204


# Muting one stream.


def test_one_stream_is_muted_and_its_publisher_notified(
    server: Server, tenant: Api
) -> None:
    session_id = tenant.create_session()
    one, two = tenant.join(session_id), tenant.join(session_id)
    path = f"/session/{session_id}/stream/{one['streamId']}/mute"
    assert tenant.project("POST", path).status == 200
    assert muted(tenant, session_id) == {one["streamId"]: True, two["streamId"]: False}
    (message,) = server.messages(kind="mute")
    assert message.content == {"streamIds": [one["streamId"]]}
    assert message.recipients == (one["connectionId"],)


@pytest.mark.trap(93)
def test_stream_that_cannot_be_is_408_and_an_unknown_one_404(
    api: Api, session_id: str
) -> None:
    api.join(session_id)
    for stream_id, status in (("x", 408), (UNKNOWN, 404)):
        path = f"/session/{session_id}/stream/{stream_id}/mute"
        assert api.project("POST", path).status == status


@pytest.mark.parametrize("path", ["mute", f"stream/{UNKNOWN}/mute"])
def test_muting_needs_a_session_that_is_known(api: Api, session_id: str, path: str) -> None:
    body: dict[str, Any] = {"active": True, "excludedStreamIds": []}
    assert api.project("POST", f"/session/{session_id}/{path}", body).status == 404
    answer = api.project("POST", f"/session/nonsense/{path}", body)
    assert (answer.status, answer.json()["code"]) == (400, 10101)


# Muting all.


def test_all_streams_but_the_excluded_are_muted(server: Server, tenant: Api) -> None:
    session_id = tenant.create_session()
    one, two, three = (tenant.join(session_id)["streamId"] for _ in range(3))
    body = {"active": True, "excludedStreamIds": [two]}
    assert mute_all(tenant, session_id, body) == 200
    assert muted(tenant, session_id) == {one: True, two: False, three: True}
    (message,) = server.messages(kind="mute")
    assert message.content == {"streamIds": [one, three]}


def test_new_streams_are_muted_and_notified_while_muting_is_active(
    server: Server, api: Api, session_id: str
) -> None:
    first = api.join(session_id)["streamId"]
    assert mute_all(api, session_id, {"active": True, "excludedStreamIds": [first]}) == 200
    late = api.join(session_id)
    assert muted(api, session_id) == {first: False, late["streamId"]: True}
    (message,) = server.messages(connection_id=late["connectionId"])
    assert (message.kind, message.recipients) == ("mute", (late["connectionId"],))
    assert mute_all(api, session_id, {"active": False}) == 200
    last = api.join(session_id)["streamId"]
    # Muted streams stay muted; streams of clients that join later are not muted.
    assert muted(api, session_id) == {first: False, late["streamId"]: True, last: False}


@pytest.mark.trap(46, 62)
@pytest.mark.parametrize(
    "names", [("excludedStreamIds",), ("excludedStreams",), ("excluded_stream_ids",)]
)
def test_every_name_for_the_excluded_is_read(
    api: Api, session_id: str, names: tuple[str]
) -> None:
    one, two = (api.join(session_id)["streamId"] for _ in range(2))
    assert mute_all(api, session_id, {"active": True, names[0]: [one]}) == 200
    assert muted(api, session_id) == {one: False, two: True}


def test_documented_name_beats_the_others(api: Api, session_id: str) -> None:
    one, two = (api.join(session_id)["streamId"] for _ in range(2))
    body = {"active": True, "excludedStreamIds": [one], "excludedStreams": [two]}
    assert mute_all(api, session_id, body) == 200
    assert muted(api, session_id) == {one: False, two: True}


@pytest.mark.trap(62)
@pytest.mark.parametrize(("active", "expected"), [("true", True), ("false", False)])
def test_truth_may_be_text(api: Api, session_id: str, active: str, expected: bool) -> None:
    stream_id = api.join(session_id)["streamId"]
    assert mute_all(api, session_id, {"active": active}) == 200
    assert muted(api, session_id) == {stream_id: expected}


@pytest.mark.parametrize(
    "body",
    [
        {"active": "yes"},
        {"active": 1},
        {"active": []},
        {"active": True, "excludedStreamIds": "x"},
        {"active": True, "excludedStreamIds": [1]},
        {"active": True, "excludedStreams": {}},
        [],
        b"",
    ],
)
def test_malformed_muting_is_refused(api: Api, session_id: str, body: object) -> None:
    stream_id = api.join(session_id)["streamId"]
    assert mute_all(api, session_id, body) == 400
    assert muted(api, session_id) == {stream_id: False}


def test_strict_rules_accept_the_documented_name_only() -> None:
    with serve(
        strict=Rules(refuse_unknown_fields=True), clock=Clock(lambda: NOW)
    ) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        for name, status in (("excludedStreamIds", 200), ("excludedStreams", 400)):
            assert mute_all(api, session_id, {"active": True, name: []}) == status


# SIP calls.


@pytest.mark.parametrize(("observes", "count"), [(True, 1), (False, 0)])
def test_call_that_observes_muting_sends_a_webhook(
    server: Server, api: Api, live: str, observes: bool, count: int
) -> None:
    webhooks = {"sip_call_mute_forced": "http://calls.example.org/"}
    api.request("POST", "/_emulator/webhooks", {"projectId": KEY, "webhooks": webhooks})
    sip = {"uri": "sip:user@gateway.example.org", "observeForceMute": observes}
    call = api.start("dial", live, sip=sip)
    assert mute_all(api, live, {"active": True}) == 200
    bodies = [json.loads(one.body) for one in server.webhooks()]
    told = {"id": call["id"], "connectionId": call["connectionId"]}
    assert (
        bodies
        == [
            {
                "sessionId": live,
                "projectId": KEY,
                "event": "muteForced",
                "timestamp": NOW * 1000,
                "call": {**told, "createdAt": NOW * 1000},
            }
        ]
        * count
    )


# The reply.


@pytest.mark.trap(96)
@pytest.mark.parametrize("path", ["mute", "stream/STREAM/mute"])
def test_reply_is_the_project_with_its_secret(api: Api, session_id: str, path: str) -> None:
    path = path.replace("STREAM", api.join(session_id)["streamId"])
    answer = api.project("POST", f"/session/{session_id}/{path}", {"active": True})
    assert answer.json() == {
        "id": KEY,
        "secret": SECRET,
        "status": "ACTIVE",
        "name": "",
        "environment": "standard",
        "createdAt": NOW * 1000,
    }


@pytest.mark.trap(96)
def test_reply_to_an_application_contains_no_secret(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    answer = application.project("POST", f"/session/{session_id}/mute", {"active": True})
    assert answer.json() == {
        "applicationId": APPLICATION,
        "status": "ACTIVE",
        "name": "",
        "environment": "standard",
        "createdAt": NOW * 1000,
    }


@pytest.mark.trap(90, 96)
@pytest.mark.parametrize(
    ("kind", "body"), [("empty", b""), ("message", b'{"code":200,"message":"OK"}')]
)
def test_reply_varies_by_a_rule(kind: Any, body: bytes) -> None:
    with serve(strict=Rules(mute_reply=kind), clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        answer = api.project("POST", f"/session/{session_id}/mute", {"active": True})
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["Content-Type"] == "application/json"
