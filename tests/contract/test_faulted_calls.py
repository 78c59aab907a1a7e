"""Calls on which anything may go wrong: nothing is ever created twice."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.support.contract import client, join
from tests.support.emulator import Api
from tests.support.sizes import size
from tokbox import Tokbox, errors
from tokbox.emulator import Server, serve

#: 10,000 in `make faults`.
CALLS = int(os.environ.get("TOKBOX_FAULTED_CALLS", size(300, 1000)))
#: Calls of one client, before what it has left of retries is no more a help to the test.
_ROUND = 100
_DELAY = 0.05

_STATUSES = [{"status": status} for status in (429, 500, 502, 503, 504)]
_ENDINGS = [
    {"drop": True},
    {"reset": True},
    {"truncate": 0},
    {"truncate": 7},
    {"truncate": 7, "chunked": True},
    {"status": 200, "body": "<html>Log in</html>"},
]
#: Each both before the call does anything and after it has done all.
FAULTS: list[dict[str, Any]] = [
    {**fault, **when} for fault in _STATUSES + _ENDINGS for when in ({}, {"after": True})
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An emulator whose clients do not wait before they try again."""
    monkeypatch.setattr("tokbox.rest.http.requester._FIRST_WAIT", 0.0)
    with serve(processing_delay=86_400) as server:
        yield server


class Caller:
    """Make calls of which one fault or another takes its toll, and count how they end."""

    def __init__(self, server: Server, draw: random.Random) -> None:
        self.server = server
        self.draw = draw
        self.ends: Counter[str] = Counter()
        self._seen = 0

    def call(self, send: Callable[[], object]) -> bool:
        """Return whether it succeeded."""
        if self.draw.random() < 0.8:
            self.server.fail_next(self.draw.choice(FAULTS))
        try:
            send()
        except (errors.APIError, errors.TransportError) as error:
            self.ends[type(error).__name__] += 1
            return False
        self.ends["success"] += 1
        return True

    def created(self) -> int:
        """Return how much the calls since the last time have created."""
        entries = self.server.requests(after=self._seen)
        if entries:
            self._seen = entries[-1].number
        return sum(entry.created for entry in entries)


def live(tb: Tokbox, server: Server) -> str:
    """Return a session in which archives can be started."""
    session = tb.new_session()
    join(server, session)
    return session.session_id


def test_nothing_is_created_twice_after_any_fault(server: Server) -> None:
    caller = Caller(server, random.Random(1))
    for first in range(0, CALLS, _ROUND):
        with client(server, retries=3) as tb:
            session_id = live(tb, server)
            caller.created()
            for number in range(first, min(first + _ROUND, CALLS)):
                ways: list[Callable[[], object]] = [
                    tb.new_session,
                    partial(tb.archives.start, session_id, multi_archive_tag=str(number)),
                    tb.archives.list,
                ]
                send = caller.draw.choice(ways)
                succeeded = caller.call(send)
                created = caller.created()
                assert created <= 1
                assert created or not succeeded or send is ways[-1]
        Api(server.url).request("DELETE", "/_emulator/faults")
    # Otherwise the faults were not what they were meant to be.
    assert caller.ends.keys() >= {
        "success",
        "RateLimitError",
        "ServerError",
        "ProtocolError",
    }
    assert CALLS / 4 < caller.ends["success"] < CALLS


def test_a_call_that_was_given_up_is_not_made_again(server: Server) -> None:
    draw = random.Random(2)
    names = [f"archive {number}" for number in range(max(20, CALLS // 50))]
    given_up = 0
    with client(server, retries=3, read_timeout=_DELAY / 2) as tb:
        patient = tb.with_options(read_timeout=30)
        session_id = live(patient, server)
        for name in names:
            if draw.random() < 0.8:
                server.fail_next({"delay": _DELAY}, method="POST")
            try:
                tb.archives.start(session_id, name=name, multi_archive_tag=name)
            except errors.RequestTimeoutError:
                given_up += 1
        # Requests that the client gave up still reach the server.
        end = time.monotonic() + 60
        while time.monotonic() < end and len(server.requests(path="*/archive")) < len(
            names
        ):
            time.sleep(_DELAY)
        found = Counter(archive.name for archive in patient.archives.iter())
    assert given_up
    # All of them were carried out, although the client gave up most of them.
    assert found == Counter(names)
