"""SIP: calls out of a session, tones, and passwords that never show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, claims, sent
from tokbox import SipAuth, errors
from tokbox.transport import Response
from tokbox.types import SipCall

DIAL = f"/v2/project/{KEY}/dial"
ROOT = f"/v2/project/{KEY}/session/{SESSION}"
CALL = {
    "id": "c0ffee00",
    "connectionId": "c",
    "streamId": "s",
    "projectId": KEY,
    "sessionId": SESSION,
    "createdAt": 1700000200123,
    "updatedAt": 1700000200123,
}


def test_a_call_needs_no_more_than_a_uri(make: Make) -> None:
    tb, script = make(answers(CALL))
    call = tb.sip.dial(SESSION, "sip:ada@example.com", token="T1==abc")
    body = {
        "sessionId": SESSION,
        "token": "T1==abc",
        "sip": {"uri": "sip:ada@example.com"},
    }
    assert sent(script) == ("POST", DIAL, body)
    assert (call.id, call.connection_id, call.stream_id) == ("c0ffee00", "c", "s")
    assert (call.project_id, call.session_id) == (KEY, SESSION)
    assert call.created_ms == call.updated_ms == 1700000200123


def test_every_option_of_a_call_is_sent_by_its_name(make: Make) -> None:
    tb, script = make(answers(CALL))
    tb.session(SESSION).dial(
        "sip:ada@example.com;transport=tls",
        token="T1==abc",
        from_="15551234567@example.com",
        headers={"X-Room": "7", "x-lang": "é"},
        auth=SipAuth("ada", "lovelace"),
        secure=True,
        video=False,
        observe_force_mute=True,
        streams=["a", "b"],
    )
    assert sent(script)[2]["sip"] == {
        "uri": "sip:ada@example.com;transport=tls",
        "from": "15551234567@example.com",
        "headers": {"X-Room": "7", "x-lang": "é"},
        "auth": {"username": "ada", "password": "lovelace"},
        "secure": True,
        "video": False,
        "observeForceMute": True,
        "streams": ["a", "b"],
    }


def test_without_a_token_one_is_signed_for_a_publisher_for_ten_minutes(make: Make) -> None:
    tb, script = make(answers(CALL))
    tb.sip.dial(SESSION, "sip:ada@example.com")
    assert claims(sent(script)[2]["token"]) == (SESSION, "publisher", 600)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"session_id": FOREIGN}, "session_id"),
        ({"uri": ""}, "uri"),
        ({"uri": None}, "uri"),
        ({"token": ""}, "token"),
        ({"token": b"canary"}, "token"),
        ({"from_": ""}, "from_"),
        ({"headers": {"Subject": "x"}}, "headers"),
        ({"headers": {"X-": "x"}}, "headers"),
        ({"headers": {"X-A:": "x"}}, "headers"),
        ({"headers": {"X-A\r\nVia": "x"}}, "headers"),
        ({"headers": {"X-A": "canary\r\nVia: x"}}, "headers"),
        ({"headers": {"X-A": 5}}, "headers"),
        ({"headers": {5: "x"}}, "headers"),
        ({"headers": ["X-A"]}, "headers"),
        ({"auth": ("ada", "canary")}, "auth"),
        ({"secure": "true"}, "secure"),
        ({"video": 1}, "video"),
        ({"observe_force_mute": "false"}, "observe_force_mute"),
        ({"streams": "abc"}, "streams"),
        ({"streams": [""]}, "streams"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.sip.dial(**{"session_id": SESSION, "uri": "sip:a", **options})
    assert caught.value.field == field
    assert "canary" not in str(caught.value)
    assert script.requests == []


@pytest.mark.parametrize(
    ("parts", "field"),
    [(("", "canary"), "username"), (("ada", ""), "password"), (("ada", 5), "password")],
)
def test_credentials_that_lack_something_cannot_be_made(
    parts: tuple[Any, Any], field: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        SipAuth(*parts)
    assert caught.value.field == field


def test_the_password_is_not_in_the_repr() -> None:
    assert repr(SipAuth("ada", "canary")) == "SipAuth(username='ada')"


def test_a_call_is_never_made_twice(make: Make) -> None:
    tb, script = make(Response(503, {}, b""))
    with pytest.raises(errors.ServerError):
        tb.sip.dial(SESSION, "sip:a")
    assert len(script.requests) == 1


@pytest.mark.parametrize("source", [{}, {"connectionId": "c"}, [], None])
def test_an_answer_that_is_not_a_call_is_a_protocol_error(
    source: object, make: Make
) -> None:
    with pytest.raises(errors.ProtocolError, match="not a call"):
        make(answers(source))[0].sip.dial(SESSION, "sip:a")


def test_a_call_of_vonage_belongs_to_an_application() -> None:
    call = SipCall.from_json({"id": "a", "applicationId": "3f2b"})
    assert call.project_id == "3f2b"


@pytest.mark.parametrize("body", [b"", b'{"code":200,"message":"OK"}'])
def test_tones_are_played_to_all_or_to_one(body: bytes, make: Make) -> None:
    tb, script = make(Response(200, {"content-type": "application/json"}, body))
    tb.sip.play_dtmf(SESSION, "0123456789*#p")
    tb.session(SESSION).play_dtmf("1", connection_id="c")
    assert [each.path for each in script.requests] == [
        f"{ROOT}/play-dtmf",
        f"{ROOT}/connection/c/play-dtmf",
    ]
    assert script.requests[0].body == b'{"digits":"0123456789*#p"}'


@pytest.mark.parametrize("digits", ["", "12a", "P", "1 2", "1\n", "\u0661", 12, None])
def test_an_invalid_tone_is_refused_and_not_shown(digits: Any, make: Make) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.sip.play_dtmf(SESSION, digits)
    assert caught.value.field == "digits"
    assert caught.value.value is None
    assert script.requests == []
