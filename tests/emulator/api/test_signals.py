"""Signals to clients."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, Rules, Server, serve

UNKNOWN = str(uuid.UUID(int=1))
NO_CLIENTS = {
    "message": "Not found. No clients are actively connected to the OpenTok session."
}


def signal(api: Api, session_id: str, body: object, connection_id: str = "") -> Any:
    to = f"/connection/{connection_id}" if connection_id else ""
    return api.project("POST", f"/session/{session_id}{to}/signal", body)


def test_signal_reaches_every_client(server: Server, tenant: Api) -> None:
    session_id = tenant.create_session()
    joined = [tenant.join(session_id)["connectionId"] for _ in range(2)]
    answer = signal(tenant, session_id, {"type": "chat", "data": "hello"})
    assert (answer.status, answer.body) == (204, b"")
    (message,) = server.messages(session_id=session_id)
    assert (message.kind, message.sent_ms) == ("signal", NOW * 1000)
    assert message.content == {"type": "chat", "data": "hello"}
    assert list(message.recipients) == joined


def test_signal_reaches_one_client_only(server: Server, tenant: Api) -> None:
    session_id = tenant.create_session()
    one, two = (tenant.join(session_id)["connectionId"] for _ in range(2))
    assert signal(tenant, session_id, {"data": "hello"}, one).status == 204
    assert server.messages(connection_id=two) == []
    (message,) = server.messages(connection_id=one)
    assert message.content == {"type": None, "data": "hello"}


def test_signal_works_in_a_relayed_session(server: Server, api: Api) -> None:
    session_id = api.create_session(media="enabled")
    api.join(session_id)
    assert signal(api, session_id, {"data": "x"}).status == 204
    assert len(server.messages()) == 1


@pytest.mark.parametrize(
    "body", [{}, {"type": "chat"}, {"data": None}, {"data": 7}, {"data": ["x"]}]
)
def test_signal_without_data_is_refused_by_its_own_code(
    server: Server, api: Api, live: str, body: object
) -> None:
    answer = signal(api, live, body)
    assert (answer.status, answer.json()["code"]) == (400, 15202)
    assert answer.json()["message"] == "Signal payload 'data' must be set"
    assert server.messages() == []


@pytest.mark.parametrize("body", [b"", b"{", [], "hello", {"type": 7, "data": "x"}])
def test_malformed_signal_is_refused(api: Api, live: str, body: object) -> None:
    assert signal(api, live, body).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "t" * 128, "data": "d" * 8192}, 204),
        ({"type": "é" * 64, "data": "é" * 4096}, 204),
        ({"type": "t" * 129, "data": ""}, 413),
        ({"type": "é" * 65, "data": ""}, 413),
        ({"data": "d" * 8193}, 413),
        ({"data": "é" * 4097}, 413),
    ],
)
def test_limits_are_in_bytes(api: Api, live: str, body: object, status: int) -> None:
    answer = signal(api, live, body)
    assert answer.status == status
    if status == 413:
        assert (answer.json()["code"], answer.json()["message"]) == (-99, "Unknown error")


@pytest.mark.trap(41)
def test_session_that_was_never_joined_has_no_clients(api: Api, session_id: str) -> None:
    answer = signal(api, session_id, {"data": "x"})
    assert (answer.status, answer.json()) == (404, NO_CLIENTS)


def test_session_that_everybody_left_has_no_clients(api: Api, session_id: str) -> None:
    joined = api.join(session_id)
    api.leave(session_id, joined)
    for to in ("", joined["connectionId"]):
        answer = signal(api, session_id, {"data": "x"}, to)
        assert (answer.status, answer.json()) == (404, NO_CLIENTS)


def test_client_that_is_not_connected_is_not_found(api: Api, live: str) -> None:
    assert signal(api, live, {"data": "x"}, UNKNOWN).status == 404
    assert signal(api, live, {"data": "x"}, "nonsense").status == 400


def test_session_of_another_project_is_out_of_reach(
    api: Api, other: Api, live: str
) -> None:
    assert signal(other, live, {"data": "x"}).status == 404


@pytest.mark.trap(90)
def test_error_is_xml_unless_json_is_accepted(api: Api, live: str) -> None:
    answer = api.project("POST", f"/session/{live}/signal", {}, headers={"Accept": "*/*"})
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/xml")
    assert ET.fromstring(answer.body).findtext("code") == "15202"


def test_strict_rules_refuse_unknown_members() -> None:
    with serve(
        strict=Rules(refuse_unknown_fields=True), clock=Clock(lambda: NOW)
    ) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        assert signal(api, session_id, {"data": "x", "from": "me"}).status == 400
        assert server.messages() == []
