"""Retries: which requests are retried, after which delay, and for how long. The clock is
simulated."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from tests.support.rest import EPOCH, Clock, Script
from tokbox import errors
from tokbox.rest.http.requester import Requester
from tokbox.transport import Headers, Request, Response

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
        (lambda: broken(errors.ConnectError), ALL),
        (lambda: broken(errors.RequestTimeoutError), SAFE),
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


@pytest.mark.parametrize("attempts", [2, 3])
def test_a_transport_error_contains_the_number_of_attempts(
    attempts: int, scripted: Scripted
) -> None:
    failures = [broken(errors.RequestTimeoutError) for _ in range(attempts)]
    requester, _ = scripted(*failures, retries=attempts - 1)
    with pytest.raises(
        errors.RequestTimeoutError, match=f"after {attempts} attempts"
    ) as caught:
        requester.request("GET", "/x")
    assert caught.value.attempts == attempts


def test_a_first_attempt_is_not_counted_in_words(scripted: Scripted) -> None:
    requester, _ = scripted(broken(errors.RequestTimeoutError))
    with pytest.raises(errors.RequestTimeoutError) as caught:
        requester.request("POST", "/x")
    assert str(caught.value) == "- https://api.example.test:443/x: broke"


def test_an_error_with_a_number_of_attempts_is_not_counted_again(
    scripted: Scripted,
) -> None:
    counted = errors.RequestTimeoutError("broke", method="GET", path="/x", attempts=5)
    requester, _ = scripted(counted, retries=1)
    with pytest.raises(errors.RequestTimeoutError) as caught:
        requester.request("GET", "/x")
    assert caught.value.attempts == 5
    assert str(caught.value) == (
        "GET https://api.example.test:443/x: broke (after 5 attempts)"
    )


def test_waits_double_up_to_eight_seconds(scripted: Scripted, clock: Clock) -> None:
    requester, _ = scripted(status(503), retries=7, timeout=1000.0)
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
    requester, _ = scripted(status(code, retry_after=header), FINE, timeout=1000.0)
    requester.request("GET", "/x")
    assert clock.sleeps == [wait]


def test_a_retry_date_is_relative_to_the_clock_of_the_server(
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


def test_a_wait_beyond_the_timeout_is_not_begun(scripted: Scripted, clock: Clock) -> None:
    requester, script = scripted(status(429, retry_after="45"), FINE, timeout=30.0)
    with pytest.raises(errors.RateLimitError) as caught:
        requester.request("GET", "/x")
    assert caught.value.retry_after == 45.0
    assert clock.sleeps == []
    assert len(script.requests) == 1


def test_a_wait_that_would_end_at_the_timeout_is_not_begun(
    scripted: Scripted, clock: Clock
) -> None:
    requester, _ = scripted(status(503, retry_after="30"), FINE, timeout=30.0)
    with pytest.raises(errors.ServerError):
        requester.request("GET", "/x")
    assert clock.sleeps == []


def test_an_error_shortly_before_the_timeout_is_raised_unchanged(
    scripted: Scripted, clock: Clock
) -> None:
    def slow(request: Request) -> Response:
        clock.now += request.timeout - 0.5
        raise broken(errors.ProtocolError)

    requester, _ = scripted(slow, timeout=30.0)
    with pytest.raises(errors.ProtocolError):
        requester.request("POST", "/x")


def test_each_attempt_gets_the_time_that_is_left(scripted: Scripted, clock: Clock) -> None:
    def slow(request: Request) -> Response:
        clock.now += 10
        return status(503)

    requester, script = scripted(slow, timeout=30.0)
    with pytest.raises(errors.ServerError):
        requester.request("GET", "/x")
    assert [request.timeout for request in script.requests] == [30.0, 19.5, 8.5]


def test_the_timeout_names_itself(scripted: Scripted, clock: Clock) -> None:
    def slow(request: Request) -> Response:
        clock.now += request.timeout
        raise errors.ProtocolError("cut", method="GET", path="/x")

    requester, _ = scripted(slow, timeout=12.5)
    with pytest.raises(errors.RequestTimeoutError, match=r"timeout of 12\.5 s"):
        requester.request("GET", "/x")


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", True])
def test_an_invalid_timeout_is_refused(timeout: Any, scripted: Scripted) -> None:
    requester, script = scripted(FINE)
    with pytest.raises(errors.InvalidInputError) as caught:
        requester.request("GET", "/x", timeout=timeout)
    assert caught.value.field == "timeout"
    assert script.requests == []


def test_up_to_ten_retries_are_accepted(scripted: Scripted) -> None:
    requester, script = scripted(status(503), timeout=1000.0)
    with pytest.raises(errors.ServerError):
        requester.with_options(retries=10).request("GET", "/x")
    assert len(script.requests) == 11
    with pytest.raises(errors.InvalidInputError):
        requester.with_options(retries=11)


def test_limits_that_are_not_given_stay_as_they_were(scripted: Scripted) -> None:
    requester, script = scripted(status(503), retries=1, timeout=20.0, read_timeout=4.0)
    with pytest.raises(errors.ServerError):
        requester.with_options().request("GET", "/x")
    assert [(each.timeout, each.read_timeout) for each in script.requests] == [
        (20.0, 4.0),
        (19.5, 4.0),
    ]


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_a_status_of_two_hundred_and_more_is_a_success(
    code: int, scripted: Scripted
) -> None:
    requester, _ = scripted(Response(code, {}, b""))
    assert requester.request("GET", "/x")[0].status == code


def test_a_status_of_three_hundred_is_invalid(scripted: Scripted) -> None:
    requester, _ = scripted(Response(300, {}, b""))
    with pytest.raises(errors.APIError) as caught:
        requester.request("GET", "/x")
    assert caught.value.status == 300


def test_a_body_of_eight_mebibytes_is_read_and_no_larger_one(scripted: Scripted) -> None:
    largest = bytes(8 * 1024 * 1024)
    requester, script = scripted(
        Response(200, {}, largest), Response(200, {}, largest + b"x"), FINE
    )
    assert requester.request("GET", "/x")[0].body == largest
    with pytest.raises(errors.ProtocolError, match="larger than 8388608 bytes"):
        requester.request("GET", "/x")
    assert [request.max_body for request in script.requests] == [len(largest)] * 2


@pytest.mark.parametrize(
    ("given", "content_type", "body"),
    [
        ({}, None, None),
        ({"json": {"a": [1, "é"]}}, "application/json", b'{"a":[1,"\\u00e9"]}'),
        ({"json": {}}, "application/json", b"{}"),
        ({"json": False}, "application/json", b"false"),
        ({"form": {"a": "b c"}}, "application/x-www-form-urlencoded", b"a=b+c"),
        ({"form": {}}, "application/x-www-form-urlencoded", b""),
    ],
)
def test_a_body_is_sent_as_what_it_is(
    given: dict[str, Any], content_type: str | None, body: bytes | None, scripted: Scripted
) -> None:
    requester, script = scripted(FINE)
    requester.request("POST", "/x", **given)
    (request,) = script.requests
    assert (request.headers.get("content-type"), request.body) == (content_type, body)


def test_a_client_that_is_closed_sends_nothing(scripted: Scripted) -> None:
    requester, script = scripted(FINE)
    borrowed = requester.with_options(retries=0)
    requester.close()
    for each in (requester, borrowed):
        with pytest.raises(errors.TokboxError, match="closed"):
            each.request("GET", "/x")
    assert (script.requests, script.closed) == ([], 1)


def test_every_attempt_has_a_new_signature(scripted: Scripted) -> None:
    requester, script = scripted(status(503), status(503), FINE)
    requester.request("GET", "/x")
    assert len({request.headers["x-opentok-auth"] for request in script.requests}) == 3


def test_the_user_agent_names_the_library_and_python(scripted: Scripted) -> None:
    requester, script = scripted(FINE)
    requester.request("GET", "/x")
    assert script.requests[0].headers["user-agent"].startswith("tokbox/")
    assert " python/3." in script.requests[0].headers["user-agent"]


def test_header_values_are_in_no_repr() -> None:
    request = Request(
        method="GET",
        url="u",
        path="/x",
        headers=Headers({"a": "canary"}),
        body=b"canary",
        timeout=1.0,
        read_timeout=1.0,
        max_body=1,
    )
    assert "canary" not in repr(request) + repr(request.headers)
