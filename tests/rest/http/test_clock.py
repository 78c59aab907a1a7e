"""A wrong clock: it is distinguished from wrong credentials, and corrected on request."""

from __future__ import annotations

import contextlib
import logging
import threading
from email.utils import formatdate
from typing import Any

import jwt
import pytest

from tests.support.rest import EPOCH, KEY, SECRET, Clock, Script, sign
from tokbox import Tokbox, errors
from tokbox.rest.http.auth import ProjectAuth
from tokbox.rest.http.requester import Requester
from tokbox.transport import Request, Response


class Service:
    """Refuse tokens that are not of about now, as its own clock has it."""

    def __init__(self, now: float, *, refuse_all: bool = False) -> None:
        self.now = now
        self.refuse_all = refuse_all
        self.statuses: list[int] = []

    def send(self, request: Request) -> Response:
        token = request.headers["x-opentok-auth"]
        options = {"verify_exp": False, "verify_iat": False}
        claims = jwt.decode(token, SECRET, ["HS256"], options=options)
        good = claims["iat"] <= self.now < claims["exp"] and not self.refuse_all
        self.statuses.append(200 if good else 403)
        date = {"date": formatdate(self.now, usegmt=True)}
        return Response(self.statuses[-1], date, b"{}")

    def close(self) -> None:
        pass


def connect(service: Service | Script, clock: Clock, **options: Any) -> Requester:
    settings: dict[str, Any] = {
        "api_url": "https://api.example.test",
        "timeout": 30,
        "retries": 0,
        "now": clock,
        **options,
    }
    return Requester(service, ProjectAuth(KEY, sign, now=clock), **settings)


@pytest.mark.parametrize("offset", [600.0, -600.0])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_clock_is_corrected_by_what_a_refusal_shows(
    offset: float, method: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="tokbox")
    service = Service(EPOCH - offset)
    requester = connect(service, clock, correct_clock=True)
    requester.request(method, "/x")
    requester.request(method, "/x")
    # The second call knows what the first one learned.
    assert service.statuses == [403, 200, 200]
    side = "ahead of" if offset > 0 else "behind"
    assert f"the local clock is 600 s {side} it" in caplog.text


def test_nothing_is_corrected_unless_asked(clock: Clock) -> None:
    service = Service(EPOCH - 600)
    with pytest.raises(errors.ClockSkewError) as caught:
        connect(service, clock).request("GET", "/x")
    assert caught.value.offset == 600
    assert service.statuses == [403]


def test_the_correction_is_measured_again_when_the_clock_is_set(clock: Clock) -> None:
    service = Service(EPOCH - 600)
    requester = connect(service, clock, correct_clock=True)
    requester.request("GET", "/x")
    clock.now -= 600
    requester.request("GET", "/x")
    assert service.statuses == [403, 200, 403, 200]


def test_a_corrected_clock_is_not_blamed_again(clock: Clock) -> None:
    service = Service(EPOCH - 600, refuse_all=True)
    requester = connect(service, clock, correct_clock=True)
    with pytest.raises(errors.AuthenticationError) as caught:
        requester.request("GET", "/x")
    assert type(caught.value) is errors.AuthenticationError
    assert (service.statuses, caught.value.attempts) == ([403, 403], 2)


def test_a_service_whose_clock_jumps_is_followed_once_a_call(clock: Clock) -> None:
    class Jumping(Service):
        def send(self, request: Request) -> Response:
            self.now += 1000
            return super().send(request)

    service = Jumping(EPOCH)
    requester = connect(service, clock, correct_clock=True)
    with pytest.raises(errors.ClockSkewError) as caught:
        requester.request("GET", "/x")
    assert caught.value.offset == -2000
    assert service.statuses == [403, 403]


def test_a_correction_comes_on_top_of_the_retries(clock: Clock) -> None:
    skewed = Response(403, {"date": formatdate(EPOCH - 600, usegmt=True)}, b"")
    script = Script(skewed, Response(503, {}, b""), Response(200, {}, b"{}"))
    requester = connect(script, clock, retries=1, correct_clock=True, sleep=clock.sleep)
    requester.request("GET", "/x")
    assert len(script.requests) == 3


@pytest.mark.parametrize(("left", "attempts"), [(0.5, 2), (0.0, 1)])
def test_a_correction_comes_before_the_timeout_or_not_at_all(
    left: float, attempts: int, clock: Clock
) -> None:
    def slow(request: Request) -> Response:
        clock.now += request.timeout - left
        return Response(403, {"date": formatdate(clock.now - 600, usegmt=True)}, b"")

    script = Script(slow, Response(200, {}, b"{}"))
    requester = connect(script, clock, correct_clock=True, monotonic=clock)
    with contextlib.suppress(errors.ClockSkewError):
        requester.request("GET", "/x")
    assert len(script.requests) == attempts


def test_threads_that_learn_at_once_learn_the_same(clock: Clock) -> None:
    together = threading.Barrier(8)

    class Simultaneous(Service):
        def send(self, request: Request) -> Response:
            response = super().send(request)
            if response.status == 403:
                together.wait()
            return response

    service = Simultaneous(EPOCH - 600)
    requester = connect(service, clock, correct_clock=True)
    threads = [
        threading.Thread(target=requester.request, args=("POST", "/x")) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(service.statuses) == [200] * 8 + [403] * 8


def test_a_client_takes_the_switch_and_shares_what_it_learned() -> None:
    import time

    service = Service(time.time() - 7200)
    with Tokbox(KEY, SECRET, transport=service, correct_clock=True) as tb:
        tb.with_options(retries=0).request("GET", "/x")
        tb.request("GET", "/x")
    assert service.statuses == [403, 200, 200]
    with pytest.raises(errors.InvalidInputError, match="correct_clock"):
        Tokbox(KEY, SECRET, correct_clock="yes")  # type: ignore[arg-type]
