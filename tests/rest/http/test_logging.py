"""Log records: what they contain, and what they never contain."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.rest.test_sessions import SESSION, answers
from tests.support.rest import KEY, SECRET, Clock, Script
from tokbox import Tokbox, errors
from tokbox.rest.http.logging import log
from tokbox.rest.http.requester import Requester
from tokbox.transport import Request, Response

Scripted = Callable[..., tuple[Requester, Script]]


def test_calls_are_logged_by_path_status_time_and_attempt(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tokbox")
    requester, _ = scripted(Response(503, {}, b"canary"), answers({}))
    requester.request("GET", "/x", params={"q": "canary"})
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("DEBUG", "GET /x: 503, 0 ms, attempt 1"),
        ("INFO", "GET /x: retry in 0.5 s"),
        ("DEBUG", "GET /x: 200, 0 ms, attempt 2"),
    ]


def test_records_have_their_values_as_attributes(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tokbox")
    broken = errors.ConnectError("refused", method="GET", path="/x")
    answer = Response(200, {"x-request-id": "r-1"}, b"{}")
    requester, _ = scripted(broken, answer)
    requester.request("GET", "/x")
    fields = [
        {name: value for name, value in vars(each).items() if "." in name}
        for each in caplog.records
    ]
    call = {"http.request.method": "GET", "url.path": "/x"}
    assert fields == [
        {
            **call,
            "http.request.resend_count": 0,
            "error.type": "ConnectError",
            "tokbox.duration": 0.0,
            "tokbox.request_id": None,
        },
        {**call, "http.request.resend_count": 0, "tokbox.wait": 0.5},
        {
            **call,
            "http.request.resend_count": 1,
            "http.response.status_code": 200,
            "tokbox.duration": 0.0,
            "tokbox.request_id": "r-1",
        },
    ]


def test_the_time_of_a_call_is_logged_in_milliseconds(
    scripted: Scripted, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(request: Request) -> Response:
        clock.now += 1.25
        return answers({})

    caplog.set_level(logging.DEBUG, logger="tokbox")
    requester, _ = scripted(slow)
    requester.request("GET", "/x")
    assert caplog.messages == ["GET /x: 200, 1250 ms, attempt 1"]


def test_headers_and_bodies_are_logged_at_no_level(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    requester, script = scripted(Response(403, {"x": "canary"}, b'{"message": "canary"}'))
    with pytest.raises(errors.AuthenticationError):
        requester.request(
            "POST", "/x", json={"data": "canary"}, headers={"x-own": "canary"}
        )
    assert caplog.records
    assert "canary" not in caplog.text
    assert script.requests[0].headers["x-opentok-auth"] not in caplog.text


def test_a_token_in_a_path_shows_in_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script(Response(404, {}, b""))
    with Tokbox(KEY, SECRET, transport=script) as tb:
        session = tb.session(SESSION)
        # T1 tokens are too long to be ids; JWTs may be short enough.
        t1, jwt = session.token()[:250], "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl"
        for token in (t1, jwt):
            with pytest.raises(errors.NotFoundError) as caught:
                tb.archives.get(token)
            assert caught.value.path == f"/v2/project/{KEY}/archive/[removed]"
            assert token[-20:] not in str(caught.value)
            assert token[-20:] not in caplog.text
            assert "archive/[removed]: 404" in caplog.text


def test_all_records_are_redacted_before_a_handler_sees_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log.info("sent %s and %s", "T1==cGFydG5lcl9pZD0x", "eyJhIjoxfQ.eyJhIjoxfQ.c2ln")
    (record,) = caplog.records
    assert (record.getMessage(), record.args) == ("sent [removed] and [removed]", ())


PROGRAM = f"""
import logging, sys, tokbox
from tokbox.transport import Request, Response
class Canned:
    def send(self, request): return Response(404, {{}}, b"")
    def close(self): pass
if "--configured" in sys.argv:
    logging.basicConfig(format="mine: %(message)s")
for turn in range(2):
    tb = tokbox.Tokbox("{KEY}", "{SECRET}", transport=Canned())
try:
    tb.archives.get("a")
except tokbox.NotFoundError:
    pass
"""


def say(level: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        env={**os.environ, "TOKBOX_LOG": level},
        capture_output=True,
        text=True,
    )
    return done.stderr


def test_the_environment_can_ask_for_a_log() -> None:
    lines = say("debug").splitlines()
    assert len(lines) == 1
    assert f"tokbox GET /v2/project/{KEY}/archive/a: 404" in lines[0]


@pytest.mark.parametrize("level", ["", "info"])
def test_requests_are_logged_at_debug_only(level: str) -> None:
    assert say(level) == ""


def test_logging_that_is_set_up_already_is_left_alone() -> None:
    lines = say("DEBUG", "--configured").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("mine: GET")


def test_a_level_that_there_is_not_is_named() -> None:
    assert "TOKBOX_LOG must be debug or info, not 'loud'" in say("loud")
