"""What is tried again, after which wait, and when it is given up. No time passes here."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from tests.rest.conftest import EPOCH, Clock, Script
from tokbox import errors
from tokbox.rest.requester import Requester
from tokbox.rest.transport import Headers, Request, Response

Scripted = Callable[..., tuple[Requester, Script]]

FINE = Response(200, {}, b"{}")


def status(code: int, **headers: str) -> Response:
    return Response(code, {n.replace("_", "-"): v for n, v in headers.items()}, b"")


def broken(kind: type[errors.TransportError]) -> errors.TransportError:
    return kind("broke", method="-", path="/x")


ALL = ("GET", "PUT", "DELETE", "POST", "PATCH")
SAFE = ("GET", "PUT", "DELETE")


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    ("fault", "repeated"),
    [
        (lambda: broken(errors.ConnectFailed), ALL),
        (lambda: broken(errors.TimedOut), SAFE),
        (lambda: broken(errors.ProtocolError), SAFE),
        (lambda: broken(errors.TLSError), ()),
        (lambda: status(400), ()),
        (lambda: status(403), ()),
        (lambda: status(404), ()),
        (lambda: status(408), ()),
        (lambda: status(409), ()),
        (lambda: status(302), ()),
        (lambda: status(429), SAFE),
        (lambda: status(500), ("GET",)),
        (lambda: status(501), ()),
        (lambda: status(502), SAFE),
        (lambda: status(503), SAFE),
        (lambda: status(504), SAFE),
    ],
    ids=[
        "connect",
        "time-out",
        "reset",
        "tls",
        *map(str, (400, 403, 404, 408, 409, 302, 429, 500, 501, 502, 503, 504)),
    ],
)
def test_only_what_cannot_do_harm_is_repeated(
    method: str, fault: Callable[[], Any], repeated: tuple[str, ...], scripted: Scripted
) -> None:
    requester, script = scripted(fault(), FINE)
    if method in repeated:
        requester.request(method, "/x")
        assert len(script.requests) == 2
    else:
        with pytest.raises(errors.TokboxError):
            requester.request(method, "/x")
        assert len(script.requests) == 1


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_retries_are_counted_after_the_first_attempt(
    retries: int, scripted: Scripted
) -> None:
    requester, script = scripted(status(503), retries=retries)
    with pytest.raises(errors.ServerError) as caught:
        requester.request("GET", "/x")
    assert len(script.requests) == retries + 1
    assert caught.value.attempts == retries + 1


def test_a_transport_error_tells_how_often_it_was_tried(scripted: Scripted) -> None:
    requester, _ = scripted(*(broken(errors.TimedOut) for _ in range(3)))
    with pytest.raises(errors.TimedOut, match=r"after 3 attempts") as caught:
        requester.request("GET", "/x")
    assert caught.value.attempts == 3


def test_waits_double_up_to_eight_seconds(scripted: Scripted, clock: Clock) -> None:
    requester, _ = scripted(status(503), retries=7, deadline=1000.0)
    with pytest.raises(errors.ServerError):
        requester.request("GET", "/x")
    assert clock.sleeps == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("3", 3.0),
        ("2.5", 2.5),
        (formatdate(EPOCH + 7, usegmt=True), 7.0),
        ("60", 60.0),
        ("1000000000", 60.0),
        (formatdate(EPOCH + 86_400, usegmt=True), 60.0),
        (formatdate(EPOCH - 50, usegmt=True), 0.5),
        ("0", 0.5),
        ("-5", 0.5),
        ("soon", 0.5),
        ("", 0.5),
        ("1e9", 0.5),
        ("nan", 0.5),
        ("٣", 0.5),
        ("Mon, 99 Nov 2023 25:61:61 GMT", 0.5),
        ("3, 5", 0.5),  # two of them, as they are joined
        ("9" * 400, 0.5),
        (formatdate(EPOCH + 7).replace("-0000", "+9999"), 0.5),
        (formatdate(EPOCH + 7, usegmt=True).replace("2023", "99999"), 0.5),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured_within_reason(
    code: int, header: str, wait: float, scripted: Scripted, clock: Clock
) -> None:
    requester, _ = scripted(status(code, retry_after=header), FINE, deadline=1000.0)
    requester.request("GET", "/x")
    assert clock.sleeps == [wait]


def test_a_retry_date_is_read_by_the_clock_of_who_wrote_it(
    scripted: Scripted, clock: Clock
) -> None:
    their_now = EPOCH + 5_000
    refusal = status(
        503,
        date=formatdate(their_now, usegmt=True),
        retry_after=formatdate(their_now + 4, usegmt=True),
    )
    requester, _ = scripted(refusal, FINE)
    requester.request("GET", "/x")
    assert clock.sleeps == [4.0]


def test_a_wait_beyond_the_deadline_is_not_begun(scripted: Scripted, clock: Clock) -> None:
    requester, script = scripted(status(429, retry_after="45"), FINE, deadline=30.0)
    with pytest.raises(errors.RateLimited) as caught:
        requester.request("GET", "/x")
    assert caught.value.retry_after == 45.0
    assert clock.sleeps == []
    assert len(script.requests) == 1


def test_each_attempt_gets_the_time_that_is_left(scripted: Scripted, clock: Clock) -> None:
    def slow(request: Request) -> Response:
        clock.now += 10
        return status(503)

    requester, script = scripted(slow, deadline=30.0)
    with pytest.raises(errors.ServerError):
        requester.request("GET", "/x")
    assert [request.timeout for request in script.requests] == [30.0, 19.5, 8.5]


def test_the_deadline_names_itself(scripted: Scripted, clock: Clock) -> None:
    def slow(request: Request) -> Response:
        clock.now += request.timeout
        raise errors.ProtocolError("cut", method="GET", path="/x")

    requester, _ = scripted(slow, deadline=12.5)
    with pytest.raises(errors.TimedOut, match=r"deadline of 12\.5 s"):
        requester.request("GET", "/x")


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), "5", True])
def test_a_deadline_that_is_none_is_refused(deadline: Any, scripted: Scripted) -> None:
    requester, script = scripted(FINE)
    with pytest.raises(errors.InvalidInput) as caught:
        requester.request("GET", "/x", deadline=deadline)
    assert caught.value.field == "deadline"
    assert script.requests == []


def test_every_attempt_is_signed_anew(scripted: Scripted) -> None:
    requester, script = scripted(status(503), status(503), FINE)
    requester.request("GET", "/x")
    assert len({request.headers["x-opentok-auth"] for request in script.requests}) == 3


def test_the_user_agent_names_the_library_and_python(scripted: Scripted) -> None:
    requester, script = scripted(FINE)
    requester.request("GET", "/x")
    assert script.requests[0].headers["user-agent"].startswith("tokbox/")
    assert " python/3." in script.requests[0].headers["user-agent"]


def test_header_values_are_in_no_repr() -> None:
    request = Request("GET", "u", "/x", Headers({"a": "canary"}), b"canary", 1.0, 1.0, 1)
    assert "canary" not in repr(request) + repr(request.headers)
