"""The states of jobs: one state machine for each kind.

::

    archive     (start) -> paused <-> started           paused: no stream is published
                paused | started -> stopped
                stopped -> available                    when the file is made
                stopped -> uploaded                     with a storage target
                stopped -> failed                       the target cannot be reached
                paused | started | stopped -> failed
                available -> expired                    72 hours after the start
                available | uploaded -> deleted
    broadcast   (start) -> started -> stopped | failed
    render      (start) -> starting -> started -> stopped
                starting -> failed                      the page cannot be loaded
                starting | started -> failed
    captions    (start) -> started <-> paused           paused: no stream is published
                started | paused -> stopped | failed
    call        (start) -> DIALING -> RINGING -> ACTIVE
                DIALING -> HANGUP                       the gateway cannot be reached
                DIALING | RINGING | ACTIVE -> HANGUP
    connector   (start) -> connected -> disconnected

The state of a job changes after a request, by a timer below, when its own connection to the
session ends, or when the service fails. The functions are pure: they take a job and a time,
and return a job.

The documentation has two contradictory limits for an archive without any published stream
(1 minute and 60 minutes): the rule ``first_publish`` selects one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tokbox.emulator.model.records import Job

__all__ = [
    "DELETABLE",
    "ENDED",
    "MACHINES",
    "MAX_LENGTH",
    "STOPPABLE",
    "Change",
    "Situation",
    "StateMachine",
    "duration_s",
    "is_unreachable",
    "next_change",
    "ran_s",
    "transition",
]

#: The states of jobs that have ended.
ENDED = frozenset(
    {
        *("stopped", "failed", "HANGUP", "disconnected"),
        *("available", "uploaded", "expired", "deleted"),
    }
)
#: The states of archives that can be stopped or fail. Stopping again changes nothing.
STOPPABLE = frozenset({"started", "paused", "stopped"})
#: The states of archives that can be deleted.
DELETABLE = frozenset({"available", "uploaded", "deleted"})

#: The reason for the end of an archive or broadcast that reached its maximum duration.
MAX_LENGTH = "maximum duration exceeded"
_IDLE = "maximum idle time exceeded"

_MINUTE = 60_000
_HOUR = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Situation:
    """The context of a job: everything else that determines its next change."""

    #: When the last client left the session; ``None`` while a client is connected.
    emptied_ms: int | None = None
    #: The time until the file of a stopped archive is available, in milliseconds.
    processing_ms: int = 0
    #: The state of an archive whose file has been made.
    outcome: str = "available"
    #: True if an archive stops when no stream is published in its first minute.
    first_publish: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The next change of a job by a timer; ``at_ms`` is in milliseconds since the epoch."""

    at_ms: int
    status: str
    #: ``None`` keeps the current reason of the job.
    reason: str | None


#: When a timer ends the current state, in milliseconds since the epoch, or ``None``.
_Moment = Callable[[Job, Situation], int | None]


@dataclass(frozen=True, slots=True)
class _Timer:
    at: _Moment
    status: str
    reason: str | None = ""


@dataclass(frozen=True, slots=True)
class StateMachine:
    """The states of one kind of job, and the reasons that the service reports for them."""

    initial: str
    #: The state after a stop request, and after the end of the job's connection.
    final: str
    stop_reason: str = ""
    disconnect_reason: str = ""
    #: The state after a failure of the service. An empty reason means the service's
    #: default.
    failed: str = "failed"
    failure_reason: str = ""
    timers: dict[str, tuple[_Timer, ...]] = field(default_factory=dict)
    #: The state in which the job publishes its stream, if it has one.
    publishing: str = ""
    #: True if its webhooks contain that stream, which is therefore published first.
    shows_stream: bool = False
    #: The states with and without published streams; empty if there is no difference.
    active: str = ""
    idle: str = ""


def _created(after_ms: int) -> _Moment:
    return lambda job, situation: job.created_ms + after_ms


def _entered(after_ms: int) -> _Moment:
    return lambda job, situation: job.since_ms + after_ms


def _ran_for(after_ms: int) -> _Moment:
    return lambda job, situation: job.since_ms - job.ran_ms + after_ms


def _emptied(job: Job, situation: Situation) -> int | None:
    return None if situation.emptied_ms is None else situation.emptied_ms + _MINUTE


def _never_published(job: Job, situation: Situation) -> int | None:
    waits = situation.first_publish and job.began_ms is None
    return job.created_ms + _MINUTE if waits else None


def _processed(outcome: str) -> _Moment:
    return lambda job, situation: (
        job.since_ms + situation.processing_ms if situation.outcome == outcome else None
    )


def _max_duration(job: Job, situation: Situation) -> int:
    return job.created_ms + int(job.options["maxDuration"]) * 1000


def _no_other_clients(job: Job, situation: Situation) -> int | None:
    # Other clients are assumed to subscribe, so that media flow.
    return None if job.alone_ms is None else job.alone_ms + 5 * _MINUTE


def _reached(job: Job, situation: Situation) -> int | None:
    return None if is_unreachable(_address(job)) else job.since_ms + 1000


def _not_reached(job: Job, situation: Situation) -> int | None:
    return job.since_ms + 1000 if is_unreachable(_address(job)) else None


def _address(job: Job) -> str:
    return str(job.options["url" if job.kind == "render" else "uri"])


def is_unreachable(address: str) -> bool:
    """Return whether *address* has a host below ``.invalid`` (RFC 6761).

    Such hosts never exist. The emulator opens no connection; tests use such addresses to
    request a failure.
    """
    try:
        host = urlsplit(address).hostname
    except ValueError:
        return False
    if host is None:
        # sip:user@host;parameters
        host = address.partition(":")[2].rpartition("@")[2].partition(";")[0]
        host = host.partition(":")[0].lower()
    return host.rstrip(".").endswith(".invalid")


_TWELVE_HOURS = _Timer(_created(12 * _HOUR), "stopped", MAX_LENGTH)
_MAX_DURATION = _Timer(_max_duration, "stopped", MAX_LENGTH)

MACHINES = {
    "archive": StateMachine(
        initial="paused",
        final="stopped",
        stop_reason="user initiated",
        timers={
            "started": (
                _Timer(_ran_for(4 * _HOUR), "stopped", MAX_LENGTH),
                _TWELVE_HOURS,
            ),
            "paused": (
                _Timer(_emptied, "stopped", "session ended"),
                _Timer(_entered(_HOUR), "stopped", _IDLE),
                _TWELVE_HOURS,
                _Timer(_never_published, "stopped", _IDLE),
            ),
            "stopped": (
                _Timer(_processed("available"), "available", None),
                _Timer(_processed("uploaded"), "uploaded", None),
                _Timer(_processed("failed"), "failed", "failure"),
            ),
            "available": (_Timer(_created(72 * _HOUR), "expired"),),
        },
        active="started",
        idle="paused",
    ),
    "broadcast": StateMachine(
        initial="started",
        final="stopped",
        stop_reason="user initiated",
        timers={"started": (_Timer(_emptied, "stopped", "session ended"), _MAX_DURATION)},
    ),
    "render": StateMachine(
        initial="starting",
        final="stopped",
        stop_reason="Stop Requested.",
        disconnect_reason="Forced to disconnect.",
        timers={
            "starting": (
                _Timer(_reached, "started"),
                _Timer(_not_reached, "failed", "Could not load URL"),
            ),
            "started": (_Timer(_max_duration, "stopped", "Max Duration Exceeded."),),
        },
        publishing="started",
        shows_stream=True,
    ),
    "captions": StateMachine(
        initial="started",
        final="stopped",
        stop_reason="user initiated",
        timers={"started": (_MAX_DURATION,), "paused": (_MAX_DURATION,)},
        active="started",
        idle="paused",
    ),
    "call": StateMachine(
        initial="DIALING",
        final="HANGUP",
        disconnect_reason="700 Normal Clearing",
        timers={
            "DIALING": (
                _Timer(_reached, "RINGING"),
                # An unreachable gateway counts as this response (RFC 3261, 8.1.3.1).
                _Timer(_not_reached, "HANGUP", "503 Service Unavailable"),
            ),
            "RINGING": (_Timer(_entered(2000), "ACTIVE"),),
            "ACTIVE": (
                _Timer(_no_other_clients, "HANGUP", "706 Max Inactive"),
                _Timer(_created(6 * _HOUR), "HANGUP", "705 Max Duration"),
            ),
        },
        failed="HANGUP",
        failure_reason="703 Unexpected Clearing",
        publishing="DIALING",
    ),
    "connector": StateMachine(
        initial="connected",
        final="disconnected",
        failed="disconnected",
        publishing="connected",
    ),
}


def next_change(job: Job, situation: Situation) -> Change | None:
    """Return the next change by a timer, or ``None``."""
    changes = [
        # A timer is never due before the change that set it.
        Change(max(at_ms, job.since_ms), timer.status, timer.reason)
        for timer in MACHINES[job.kind].timers.get(job.status, ())
        if (at_ms := timer.at(job, situation)) is not None
    ]
    return min(changes, key=lambda change: change.at_ms, default=None)


def transition(job: Job, status: str, at_ms: int, reason: str | None = None) -> Job:
    """Return *job* with a new status; without a *reason* it keeps the current one."""
    began_ms = at_ms if status == "started" and job.began_ms is None else job.began_ms
    return replace(
        job,
        status=status,
        reason=job.reason if reason is None else reason,
        updated_ms=at_ms,
        since_ms=at_ms,
        ran_ms=_ran_ms(job, at_ms),
        began_ms=began_ms,
    )


def ran_s(job: Job, now_ms: int) -> int:
    """Return how long *job* was ``started``, in whole seconds."""
    return _ran_ms(job, now_ms) // 1000


def duration_s(archive: Job) -> int:
    """Return the length of an archive in whole seconds; 0 until its file is made.

    It remains 0 if the archive is encrypted.
    """
    if archive.status in STOPPABLE or archive.encrypted:
        return 0
    return (archive.ran_ms + 500) // 1000


def _ran_ms(job: Job, now_ms: int) -> int:
    return job.ran_ms + (now_ms - job.since_ms if job.status == "started" else 0)
