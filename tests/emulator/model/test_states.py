"""The state machines of jobs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.emulator import KEY
from tokbox.emulator.model.records import Job
from tokbox.emulator.model.states import (
    ENDED,
    MACHINES,
    Change,
    Situation,
    StateMachine,
    duration_s,
    next_change,
    transition,
)

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def archive_in(status: str, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "job_id": "a",
        "kind": "archive",
        "session_id": "s",
        "project_id": KEY,
        "options": {"streamMode": "auto"},
        "status": status,
        "reason": "",
        "created_ms": 0,
        "updated_ms": 0,
        "since_ms": 0,
    }
    return Job(**{**values, **fields})


@pytest.mark.parametrize(
    ("archive", "emptied_ms", "change"),
    [
        (
            archive_in("started", since_ms=5),
            None,
            Change(4 * HOUR + 5, "stopped", "maximum duration exceeded"),
        ),
        # The time recorded before a pause counts, too.
        (
            archive_in("started", since_ms=2 * HOUR, ran_ms=HOUR),
            None,
            Change(5 * HOUR, "stopped", "maximum duration exceeded"),
        ),
        # Twelve hours of pauses and recording end it, however little was recorded.
        (
            archive_in("started", since_ms=11 * HOUR, ran_ms=HOUR),
            None,
            Change(12 * HOUR, "stopped", "maximum duration exceeded"),
        ),
        (
            archive_in("paused", since_ms=7),
            None,
            Change(HOUR + 7, "stopped", "maximum idle time exceeded"),
        ),
        (
            archive_in("paused", since_ms=7),
            9,
            Change(MINUTE + 9, "stopped", "session ended"),
        ),
        (
            archive_in("paused", since_ms=11 * HOUR + 30 * MINUTE),
            None,
            Change(12 * HOUR, "stopped", "maximum duration exceeded"),
        ),
        (
            archive_in("stopped", since_ms=5, reason="user initiated"),
            None,
            Change(2005, "available", None),
        ),
        (archive_in("available", since_ms=99), 5, Change(72 * HOUR, "expired", "")),
        # Made so late that it is over as soon as it is there.
        (
            archive_in("available", since_ms=80 * HOUR),
            None,
            Change(80 * HOUR, "expired", ""),
        ),
        (archive_in("expired"), None, None),
        (archive_in("deleted"), None, None),
    ],
)
def test_next_change(archive: Job, emptied_ms: int | None, change: Change | None) -> None:
    assert next_change(archive, Situation(emptied_ms, processing_ms=2000)) == change


def test_recorded_time_leaves_pauses_out() -> None:
    archive = archive_in("paused")
    for status, at_ms in [("started", 10), ("paused", 3010), ("started", 9000)]:
        archive = transition(archive, status, at_ms)
    archive = transition(archive, "stopped", 11_000, "user initiated")
    assert (archive.began_ms, archive.ran_ms) == (10, 5000)
    assert duration_s(archive) == 0
    assert duration_s(transition(archive, "available", 12_000)) == 5


@pytest.mark.parametrize("outcome", ["available", "uploaded", "failed"])
def test_a_stopped_archive_has_the_outcome_of_its_upload(outcome: str) -> None:
    change = next_change(archive_in("stopped"), Situation(outcome=outcome))
    reason = "failure" if outcome == "failed" else None
    assert change == Change(0, outcome, reason)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_state_machine_ends_in_states_where_nothing_runs(
    machine: StateMachine,
) -> None:
    assert {machine.final, machine.failed} <= ENDED
    assert not {machine.initial, machine.active, machine.idle} & ENDED
    timed = {timer.status for timers in machine.timers.values() for timer in timers}
    assert timed <= {machine.initial, *machine.timers, *ENDED}
