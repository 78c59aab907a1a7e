"""Connection options of a client: limits for some calls, and a pool of the caller."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import urllib3

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import SESSION, answers
from tests.support.faulty import FaultyServer, answer, drip, raw, reset, silence
from tests.support.rest import KEY, SECRET, Script
from tokbox import Tokbox, errors
from tokbox.transport import Response

ARCHIVE = "d6f0f2a4-0000-4000-8000-000000000001"


def test_some_calls_can_have_other_limits_over_the_same_connection() -> None:
    with (
        FaultyServer(answer(200, STARTED)) as server,
        Tokbox(KEY, SECRET, server.url, trust_env=False) as tb,
    ):
        tb.archives.get(ARCHIVE)
        tb.with_options(timeout=7, read_timeout=5, retries=0).archives.get(ARCHIVE)
        tb.archives.get(ARCHIVE)
        assert server.connections == 1


@pytest.mark.usefixtures("still")
def test_limits_reach_every_attempt() -> None:
    script = Script(Response(503, {}, b""))
    with Tokbox(KEY, SECRET, transport=script) as tb:
        brisk = tb.with_options(timeout=2.5, read_timeout=1.5, retries=0)
        with pytest.raises(errors.ServerError):
            brisk.archives.get(ARCHIVE)
        (request,) = script.requests
        assert request.read_timeout == 1.5
        assert request.timeout == pytest.approx(2.5)


@pytest.mark.trap(60)
@pytest.mark.usefixtures("still")
def test_omitted_options_stay_unchanged() -> None:
    script = Script(answers(STARTED))
    with Tokbox(KEY, SECRET, transport=script, timeout=8, read_timeout=4) as tb:
        tb.with_options(read_timeout=3).with_options(timeout=6).archives.get(ARCHIVE)
        tb.archives.get(ARCHIVE)
        first, second = script.requests
    assert (first.read_timeout, first.timeout) == (3, pytest.approx(6))
    assert (second.read_timeout, second.timeout) == (4, pytest.approx(8))


def test_a_derived_client_borrows_and_does_not_close() -> None:
    script = Script(answers(STARTED))
    tb = Tokbox(KEY, SECRET, transport=script)
    with tb.with_options(retries=0) as borrowed:
        assert borrowed.verify(tb.session(SESSION).token()).session_id == SESSION
    assert script.closed == 0
    tb.archives.get(ARCHIVE)
    tb.close()
    with pytest.raises(errors.TokboxError, match="closed"):
        borrowed.archives.get(ARCHIVE)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"read_timeout": 0}, "read_timeout"),
        ({"retries": 11}, "retries"),
        ({"timeout": "1"}, "timeout"),
    ],
)
def test_a_limit_out_of_bounds_is_refused(options: dict[str, Any], field: str) -> None:
    with Tokbox(KEY, SECRET) as tb, pytest.raises(errors.InvalidInputError) as caught:
        tb.with_options(**options)
    assert caught.value.field == field


def test_the_user_agent_names_the_caller() -> None:
    script = Script(answers(STARTED))
    with Tokbox(KEY, SECRET, transport=script, user_agent="rooms/2.1 (staging)") as tb:
        tb.archives.get(ARCHIVE)
    agent = script.requests[0].headers["user-agent"]
    assert agent.startswith("tokbox/")
    assert agent.endswith(" rooms/2.1 (staging)")


@pytest.mark.parametrize("agent", [" x", "x\r\ny: z", "é", "x" * 201, None, 1])
def test_a_user_agent_that_is_not_a_valid_header_is_refused(agent: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match="user_agent"):
        Tokbox(KEY, SECRET, user_agent=agent)


class Recording(urllib3.PoolManager):
    """A pool of the user's that remembers what it was asked to do."""

    def __init__(self) -> None:
        super().__init__()
        self.options: list[dict[str, Any]] = []

    def request(self, *args: Any, **options: Any) -> Any:
        self.options.append(options)
        return super().request(*args, **options)


def test_a_pool_of_ones_own_sends_and_is_not_closed() -> None:
    pool = Recording()
    with FaultyServer(answer(200, STARTED)) as server:
        with Tokbox(KEY, SECRET, server.url, http=pool, read_timeout=4) as tb:
            assert tb.archives.get(ARCHIVE).id == STARTED["id"]
        assert len(pool.pools) == 1
        (options,) = pool.options
        assert (options["timeout"].read_timeout, options["redirect"]) == (4, False)
        pool.clear()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(reset(), errors.ProtocolError, id="reset"),
        pytest.param(raw(b"nonsense\r\n\r\n"), errors.ProtocolError, id="not-http"),
        pytest.param(silence, errors.RequestTimeoutError, id="silence"),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
            errors.RequestTimeoutError,
            id="dripping-body",
        ),
    ],
)
def test_a_pool_of_ones_own_fails_in_our_words_once_bytes_were_sent(
    fault: Any, kind: type[errors.TransportError]
) -> None:
    with (
        FaultyServer(fault) as server,
        urllib3.PoolManager() as pool,
        Tokbox(KEY, SECRET, server.url, http=pool, retries=2, timeout=0.5) as tb,
    ):
        with pytest.raises(kind) as caught:
            tb.archives.start(SESSION)
        assert len(server.requests) == 1
        assert "canary" not in str(caught.value.__cause__)
        # The server, which waits for more of the body, sees that the connection is closed.
        assert server.notes == []


def test_a_pool_of_ones_own_that_cannot_connect_may_be_asked_again() -> None:
    with FaultyServer(answer(200, STARTED)) as server:
        gone = server.url
    with (
        urllib3.PoolManager() as pool,
        Tokbox(KEY, SECRET, gone, http=pool, retries=1) as tb,
        pytest.raises(errors.ConnectError) as caught,
    ):
        tb.archives.start(SESSION)
    assert caught.value.attempts == 2


def test_a_body_too_large_leaves_no_connection_behind() -> None:
    huge = answer(200, b" " * (8 * 1024 * 1024 + 1))
    with (
        FaultyServer(huge) as server,
        urllib3.PoolManager() as pool,
        Tokbox(KEY, SECRET, server.url, http=pool) as tb,
        pytest.raises(errors.ProtocolError, match="larger than"),
    ):
        tb.archives.get(ARCHIVE)
    # A socket left open would be a ResourceWarning, and those are errors here.
    gc.collect()


@pytest.mark.parametrize(
    "options",
    [
        {"http": urllib3.PoolManager(), "proxy": "http://127.0.0.1:1"},
        {"http": urllib3.PoolManager(), "transport": Script(answers(STARTED))},
        {"proxy": "http://127.0.0.1:1", "transport": Script(answers(STARTED))},
    ],
    ids=lambda options: "-".join(options),
)
def test_one_thing_decides_how_requests_travel(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInputError, match="not be given together with"):
        Tokbox(KEY, SECRET, **options)
