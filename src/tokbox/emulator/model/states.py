"""The lives of what runs in a session beside archives, as tables: one for each kind.

::

    broadcast   (start) -> started -> stopped | failed
    render      (start) -> starting -> started -> stopped
                starting -> failed                      the page cannot be loaded
                starting | started -> failed
    captions    (start) -> started <-> paused           paused: nobody publishes
                started | paused -> stopped | failed
    call        (start) -> DIALING -> RINGING -> ACTIVE
                DIALING -> HANGUP                       the gateway cannot be reached
                DIALING | RINGING | ACTIVE -> HANGUP
    connector   (start) -> connected -> disconnected

What leads to the end is a call, a timer below, the end of the connection by which it
takes part in the session, or a failure of the service itself. Nothing here touches the
store or the clock: a job and a time go in, a job comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tokbox.emulator.model.lifecycle import Change
from tokbox.emulator.model.records import Job

__all__ = ["LIVES", "OVER", "Life", "enter", "is_unreachable", "next_change", "ran_s"]

#: Where every life ends.
OVER = frozenset({"stopped", "failed", "HANGUP", "disconnected"})

#: When a status is left, in milliseconds since the epoch, by when the last client left
#: the session (``None``: someone is there). ``None``: not for this reason.
_Moment = Callable[[Job, int | None], int | None]


@dataclass(frozen=True, slots=True)
class _Timer:
    at: _Moment
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """What becomes of one kind of job."""

    first: str
    #: How it ends by a call or with its connection, and why, by the service's words.
    last: str
    asked: str = ""
    lost: str = ""
    #: The same where the service itself fails; without a reason it is that of the service.
    failed: str = "failed"
    broken: str = ""
    timers: dict[str, tuple[_Timer, ...]] = field(default_factory=dict)
    #: Where it publishes its stream, if it has one.
    publishing: str = ""
    #: Whether webhooks are told of that stream, which then must be there before.
    shows_stream: bool = False
    #: Where it waits for somebody to publish, if it does.
    idle: str = ""


def _after(seconds: int) -> _Moment:
    """Return the moment when that much has passed since it entered its status."""
    return lambda job, emptied_ms: job.since_ms + seconds * 1000


def _deserted(job: Job, emptied_ms: int | None) -> int | None:
    return None if emptied_ms is None else emptied_ms + 60_000


def _longest(job: Job, emptied_ms: int | None) -> int:
    return job.created_ms + int(job.options["maxDuration"]) * 1000


def _six_hours(job: Job, emptied_ms: int | None) -> int:
    return job.created_ms + 6 * 3_600_000


def _left_alone(job: Job, emptied_ms: int | None) -> int | None:
    # Whoever else is there subscribes, or so it is taken: then media flow.
    return None if job.alone_ms is None else job.alone_ms + 5 * 60_000


def _reached(job: Job, emptied_ms: int | None) -> int | None:
    return None if is_unreachable(_address(job)) else job.since_ms + 1000


def _not_reached(job: Job, emptied_ms: int | None) -> int | None:
    return job.since_ms + 1000 if is_unreachable(_address(job)) else None


def _address(job: Job) -> str:
    return str(job.options["url" if job.kind == "render" else "uri"])


def is_unreachable(address: str) -> bool:
    """Tell whether *address* names a host below ``.invalid``, which cannot exist.

    Nothing is ever fetched, so this is how a test asks for a failure (RFC 6761, 6.4).
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


_END_OF_CAPTIONS = _Timer(_longest, "stopped", "maximum duration exceeded")

LIVES = {
    "broadcast": Life(
        first="started",
        last="stopped",
        asked="user initiated",
        timers={
            "started": (
                _Timer(_deserted, "stopped", "session ended"),
                _Timer(_longest, "stopped", "maximum duration exceeded"),
            )
        },
    ),
    "render": Life(
        first="starting",
        last="stopped",
        asked="Stop Requested.",
        lost="Forced to disconnect.",
        timers={
            "starting": (
                _Timer(_reached, "started"),
                _Timer(_not_reached, "failed", "Could not load URL"),
            ),
            "started": (_Timer(_longest, "stopped", "Max Duration Exceeded."),),
        },
        publishing="started",
        shows_stream=True,
    ),
    "captions": Life(
        first="started",
        last="stopped",
        asked="user initiated",
        timers={"started": (_END_OF_CAPTIONS,), "paused": (_END_OF_CAPTIONS,)},
        idle="paused",
    ),
    "call": Life(
        first="DIALING",
        last="HANGUP",
        lost="700 Normal Clearing",
        timers={
            "DIALING": (
                _Timer(_reached, "RINGING"),
                # What cannot be reached counts as this answer (RFC 3261, 8.1.3.1).
                _Timer(_not_reached, "HANGUP", "503 Service Unavailable"),
            ),
            "RINGING": (_Timer(_after(2), "ACTIVE"),),
            "ACTIVE": (
                _Timer(_left_alone, "HANGUP", "706 Max Inactive"),
                _Timer(_six_hours, "HANGUP", "705 Max Duration"),
            ),
        },
        failed="HANGUP",
        broken="703 Unexpected Clearing",
        publishing="DIALING",
    ),
    "connector": Life(
        first="connected",
        last="disconnected",
        failed="disconnected",
        publishing="connected",
    ),
}


def next_change(job: Job, *, emptied_ms: int | None) -> Change | None:
    """Return what happens next if nobody does anything.

    *emptied_ms* is when the last client left the session (``None``: someone is there).
    """
    changes = [
        # A timer never goes back behind the change that set it.
        Change(max(at_ms, job.since_ms), timer.status, timer.reason)
        for timer in LIVES[job.kind].timers.get(job.status, ())
        if (at_ms := timer.at(job, emptied_ms)) is not None
    ]
    return min(changes, key=lambda change: change.at_ms, default=None)


def enter(job: Job, status: str, at_ms: int, reason: str = "") -> Job:
    """Return the job as it is after it entered *status* at *at_ms*."""
    return replace(
        job,
        status=status,
        reason=reason,
        updated_ms=at_ms,
        since_ms=at_ms,
        ran_ms=_ran_ms(job, at_ms),
    )


def ran_s(job: Job, now_ms: int) -> int:
    """Return for how long it was ``started``, in whole seconds."""
    return _ran_ms(job, now_ms) // 1000


def _ran_ms(job: Job, now_ms: int) -> int:
    return job.ran_ms + (now_ms - job.since_ms if job.status == "started" else 0)
