"""How much load retries add while a service is down. No time passes here."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from tests.support.rest import KEY, Clock, Script, sign
from tokbox import errors
from tokbox.rest.http.auth import ProjectAuth
from tokbox.rest.http.requester import Requester
from tokbox.rest.http.retry_budget import RETRIES, SUCCESSES, RetryBudget
from tokbox.transport import Request, Response

Scripted = Callable[..., tuple[Requester, Script]]

FINE = Response(200, {}, b"{}")
DOWN = Response(503, {}, b"")


def unreachable() -> errors.TransportError:
    return errors.ConnectError("no connection", method="-", path="/x")


def call(requester: Requester, method: str = "GET") -> None:
    with pytest.raises((errors.ServerError, errors.ConnectError)):
        requester.request(method, "/x")


@pytest.mark.parametrize(
    ("method", "failure"), [("GET", DOWN), ("POST", unreachable())], ids=["down", "away"]
)
def test_an_outage_adds_at_most_a_tenth_to_a_thousand_calls(
    method: str, failure: object, scripted: Scripted
) -> None:
    requester, script = scripted(failure, retries=10, timeout=1000.0)
    for _ in range(1000):
        call(requester, method)
    assert len(script.requests) == 1100


def test_a_service_that_fails_half_the_time_gets_a_tenth_more_in_the_long_run(
    scripted: Scripted,
) -> None:
    draw = random.Random(1)
    requester, script = scripted(lambda _: draw.choice((FINE, DOWN)), retries=10)
    calls, succeeded = 5000, 0
    for _ in range(calls):
        try:
            requester.request("GET", "/x")
        except errors.ServerError:
            continue
        succeeded += 1
    assert calls < len(script.requests) <= calls + RETRIES + succeeded // SUCCESSES


def test_calls_that_succeed_bring_retries_back(scripted: Scripted) -> None:
    budget: list[Response] = [DOWN]
    requester, script = scripted(lambda _: budget[0], retries=10, timeout=1000.0)
    for _ in range(RETRIES // 10 + 1):
        call(requester)
    budget[0] = FINE
    for _ in range(SUCCESSES):
        requester.request("GET", "/x")
    budget[0] = DOWN
    script.requests.clear()
    call(requester)
    assert len(script.requests) == 2


def test_the_tenth_call_that_succeeds_brings_the_first_retry_back() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(2):
        for _ in range(9):
            budget.succeed()
        assert not budget.take()
        budget.succeed()
        assert [budget.take(), budget.take()] == [True, False]


def test_the_original_error_is_raised_and_the_log_has_the_reason(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="tokbox")
    requester, _ = scripted(DOWN, retries=10, timeout=1000.0)
    for _ in range(RETRIES // 10):
        call(requester)
    caplog.clear()
    with pytest.raises(errors.ServerError) as caught:
        requester.request("GET", "/x")
    assert (caught.value.status, caught.value.attempts) == (503, 1)
    assert caplog.messages == ["GET /x: no retry, too many calls fail"]


def test_with_options_shares_what_is_left(scripted: Scripted) -> None:
    requester, script = scripted(DOWN, retries=10, timeout=1000.0)
    for _ in range(RETRIES // 10):
        call(requester.with_options(retries=10))
    script.requests.clear()
    call(requester)
    assert len(script.requests) == 1


def test_threads_take_each_retry_once() -> None:
    budget, taken = RetryBudget(), []

    def work() -> None:
        while budget.take():
            taken.append(None)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == RETRIES


def test_the_stock_does_not_grow_beyond_its_beginning() -> None:
    budget = RetryBudget()
    for _ in range(50 * SUCCESSES):
        budget.succeed()
    assert [budget.take() for _ in range(RETRIES + 1)] == [True] * RETRIES + [False]


def test_waits_are_spread_over_all_that_they_may_last(clock: Clock) -> None:
    def busy_once(request: Request) -> Response:
        return FINE if next(turns) % 2 else DOWN

    turns = iter(range(10_000))
    requester = Requester(
        Script(busy_once),
        ProjectAuth(KEY, sign, now=clock),
        api_url="https://api.example.test",
        timeout=30.0,
        retries=1,
        sleep=clock.sleep,
        monotonic=clock,
        now=clock,
    )
    for _ in range(RETRIES):
        requester.request("GET", "/x")
    assert len(clock.sleeps) == RETRIES
    assert all(0 <= wait <= 0.5 for wait in clock.sleeps)
    # The odds that none of a hundred is in one of these thirds are 1 to 10**17.
    assert min(clock.sleeps) < 0.5 / 3
    assert max(clock.sleeps) > 0.5 * 2 / 3
