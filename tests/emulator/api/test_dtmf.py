"""Tones for participants of SIP calls."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, Rules, Server, serve


def play(api: Api, session_id: str, body: object, connection_id: str = "") -> Any:
    to = f"/connection/{connection_id}" if connection_id else ""
    return api.project("POST", f"/session/{session_id}{to}/play-dtmf", body)


@pytest.mark.trap(90)
def test_tones_reach_all_or_one(server: Server, tenant: Api) -> None:
    session_id = tenant.create_session()
    one, two = (tenant.join(session_id)["connectionId"] for _ in range(2))
    for to in ("", two):
        answer = play(tenant, session_id, {"digits": "0123456789*#p"}, to)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["Content-Type"] == "application/json"
    all_of_them, only_two = server.messages(kind="dtmf")
    assert all_of_them.content == {"digits": "0123456789*#p"}
    assert all_of_them.recipients == (one, two)
    assert only_two.recipients == (two,)


@pytest.mark.parametrize(
    "body",
    [
        {},
        *({"digits": digits} for digits in ("", "12a", "1 2", "P", "1\n", "\u0661", 12)),
    ],
)
def test_invalid_digits_are_refused_as_recorded(
    server: Server, api: Api, live: str, body: object
) -> None:
    answer = play(api, live, body)
    assert answer.status == 400
    assert (answer.json()["code"], answer.json()["message"]) == (400, "Invalid DTMF Digits")
    assert server.messages() == []


def test_dtmf_without_recipients_is_not_found(api: Api, session_id: str) -> None:
    assert play(api, session_id, {"digits": "1"}).status == 404
    joined = api.join(session_id)
    assert play(api, session_id, {"digits": "1"}, str(uuid.UUID(int=1))).status == 404
    api.leave(session_id, joined)
    assert play(api, session_id, {"digits": "1"}).status == 404
    assert play(api, "nonsense", {"digits": "1"}).json()["code"] == 10101


def test_reply_can_be_a_message() -> None:
    with serve(strict=Rules(dtmf_reply="message"), clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        answer = play(api, session_id, {"digits": "1"})
    assert (answer.status, answer.json()) == (200, {"code": 200, "message": "OK"})
