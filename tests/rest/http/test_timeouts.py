"""``timeout`` bounds a whole call, wherever it is given and wherever the server stalls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import SESSION, answers
from tests.support.faulty import Exchange, FaultyServer, Step, answer, drip, silence
from tests.support.rest import KEY, SECRET, Script
from tokbox import AsyncTokbox, Tokbox, errors

ARCHIVE = "d6f0f2a4-0000-4000-8000-000000000001"
TIMEOUT = 0.25
#: How late a call may end.
TOLERANCE = 0.25

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _slowly_unavailable(exchange: Exchange) -> None:
    time.sleep(0.1)
    answer(503)(exchange)


@contextmanager
def _server(step: Step) -> Iterator[str]:
    with FaultyServer(step) as server:
        yield server.url


@contextmanager
def _handshake() -> Iterator[str]:
    with FaultyServer(silence) as server:
        yield server.url.replace("http:", "https:")


#: A server that stalls at each stage of a call; the fixture `black_hole` is the first.
STAGES: dict[str, Callable[[], Any] | None] = {
    "connection": None,
    "handshake": _handshake,
    "answer": lambda: _server(silence),
    "headers": lambda: _server(drip(_HEAD + b"X: ", b"x")),
    "body": lambda: _server(drip(_HEAD + b"Content-Length: 100000\r\n\r\n", b" ")),
    "retries": lambda: _server(_slowly_unavailable),
}


def _of_the_client(url: str) -> None:
    with Tokbox(KEY, SECRET, url, timeout=TIMEOUT, retries=10, trust_env=False) as tb:
        tb.archives.get(ARCHIVE)


def _of_other_limits(url: str) -> None:
    with Tokbox(KEY, SECRET, url, retries=10, trust_env=False) as tb:
        tb.with_options(timeout=TIMEOUT).archives.get(ARCHIVE)


def _of_the_call(url: str) -> None:
    with Tokbox(KEY, SECRET, url, retries=10, trust_env=False) as tb:
        tb.archives.get(ARCHIVE, timeout=TIMEOUT)


def _of_a_session_s_call(url: str) -> None:
    with Tokbox(KEY, SECRET, url, retries=10, trust_env=False) as tb:
        session = tb.session(SESSION)
        session.list_streams(timeout=TIMEOUT)


def _of_any_request(url: str) -> None:
    with Tokbox(KEY, SECRET, url, retries=10, trust_env=False) as tb:
        tb.request("GET", "/x", timeout=TIMEOUT)


def _of_an_awaited_call(url: str) -> None:
    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, url, retries=10, trust_env=False) as tb:
            await tb.archives.get(ARCHIVE, timeout=TIMEOUT)

    asyncio.run(main())


PLACES = [
    _of_the_client,
    _of_other_limits,
    _of_the_call,
    _of_a_session_s_call,
    _of_any_request,
    _of_an_awaited_call,
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__[1:])
@pytest.mark.parametrize("stage", STAGES)
def test_a_call_ends_within_its_timeout(
    stage: str, place: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    def late(url: str) -> float:
        started = time.monotonic()
        # A wait that would end too late is not begun: then the last answer is raised.
        with pytest.raises((errors.RequestTimeoutError, errors.ServerError)):
            place(url)
        return time.monotonic() - started - TIMEOUT

    server = STAGES[stage] or (
        lambda: nullcontext(f"http://127.0.0.1:{request.getfixturevalue('black_hole')}")
    )
    with server() as url:
        # A busy machine may be late now and then; a client that waits too long always is.
        assert any(late(url) < TOLERANCE for _ in range(5))


def test_a_longer_timeout_replaces_the_default_of_thirty_seconds() -> None:
    script = Script(answers(STARTED))
    with Tokbox(KEY, SECRET, transport=script) as tb:
        tb.archives.get(ARCHIVE)
        tb.with_options(timeout=60).archives.get(ARCHIVE)
        tb.archives.get(ARCHIVE, timeout=90)
    spans = [(request.timeout, request.read_timeout) for request in script.requests]
    assert spans == [(pytest.approx(each, abs=1), 10) for each in (30, 60, 90)]


@pytest.mark.parametrize(
    ("read_timeout", "connect_timeout"), [(0.1, 300), (300, 0.1), (300, 300)]
)
def test_a_read_may_take_no_longer_than_what_is_left_of_the_call(
    read_timeout: float, connect_timeout: float
) -> None:
    script = Script(answers(STARTED))
    options: dict[str, Any] = {
        "timeout": 2,
        "read_timeout": read_timeout,
        "connect_timeout": connect_timeout,
    }
    with Tokbox(KEY, SECRET, transport=script, **options) as tb:
        tb.archives.get(ARCHIVE)
    (request,) = script.requests
    assert request.read_timeout == min(read_timeout, request.timeout)
    assert request.timeout <= 2


def test_a_single_read_ends_at_its_timeout_before_the_call_does() -> None:
    with (
        FaultyServer(silence) as server,
        Tokbox(KEY, SECRET, server.url, read_timeout=0.1, retries=0, trust_env=False) as tb,
        pytest.raises(errors.RequestTimeoutError, match="no response in time"),
    ):
        tb.archives.get(ARCHIVE)
