"""The life of an archive, as a table.

::

    (start) -> started <-> paused       paused: nobody publishes, nothing is recorded
    started | paused -> stopped         by a call, or a timer below
    stopped -> available                when the file is made
             | uploaded                 where there is a storage target instead
             | failed                   which could not be reached, and without fallback
    started | paused | stopped -> failed           the service itself fails
    available -> expired                72 hours after the start
    available | uploaded -> deleted     by a call

Nothing here touches the store or the clock: an archive and a time go in, an archive
comes out. Two rules of the documentation contradict one another where nobody ever
publishes (1 minute or 60 minutes); a rule of the emulator says which is followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tokbox.emulator.model.records import Archive

__all__ = [
    "DELETABLE",
    "MAX_LENGTH",
    "RUNNING",
    "STOPPABLE",
    "Change",
    "duration_s",
    "enter",
    "next_change",
]

RUNNING = frozenset({"started", "paused"})
#: From where the calls may be made. Stopping what is stopped changes nothing.
STOPPABLE = frozenset({"started", "paused", "stopped"})
DELETABLE = frozenset({"available", "uploaded", "deleted"})

MAX_LENGTH = "maximum duration exceeded"
_IDLE = "maximum idle time exceeded"
_LOST = "failure"

_MINUTE = 60_000
_HOUR = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Change:
    """What an archive becomes by itself, and when (milliseconds since the epoch)."""

    at_ms: int
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Timer:
    """Leave a status when *length_ms* have passed since a moment (``None``: not yet)."""

    since: Callable[[Archive, int | None], int | None]
    length_ms: int
    status: str
    reason: str = ""


def _created(archive: Archive, emptied_ms: int | None) -> int | None:
    return archive.created_ms


def _entered(archive: Archive, emptied_ms: int | None) -> int | None:
    return archive.since_ms


def _emptied(archive: Archive, emptied_ms: int | None) -> int | None:
    return emptied_ms


def _recorded(archive: Archive, emptied_ms: int | None) -> int | None:
    # As if it had been recorded in one go up to now.
    return archive.since_ms - archive.recorded_ms


_TIMERS: dict[str, tuple[_Timer, ...]] = {
    "started": (
        _Timer(_recorded, 4 * _HOUR, "stopped", MAX_LENGTH),
        _Timer(_created, 12 * _HOUR, "stopped", MAX_LENGTH),
    ),
    "paused": (
        _Timer(_emptied, 1 * _MINUTE, "stopped", "session ended"),
        _Timer(_entered, 60 * _MINUTE, "stopped", _IDLE),
        _Timer(_created, 12 * _HOUR, "stopped", MAX_LENGTH),
    ),
    "available": (_Timer(_created, 72 * _HOUR, "expired"),),
}
_FIRST_PUBLISH = _Timer(_created, 1 * _MINUTE, "stopped", _IDLE)


def next_change(
    archive: Archive,
    *,
    emptied_ms: int | None,
    processing_ms: int,
    outcome: str = "available",
    first_publish: bool = False,
) -> Change | None:
    """Return what happens next if nobody does anything.

    *emptied_ms* is when the last client left the session (``None``: someone is there),
    *processing_ms* how long the file of a stopped archive takes to be made, *outcome*
    the status that it has then. With *first_publish* an archive stops that nobody has
    published into for a minute.
    """
    timers = _TIMERS.get(archive.status, ())
    if archive.status == "stopped":
        reason = _LOST if outcome == "failed" else archive.reason
        timers = (_Timer(_entered, processing_ms, outcome, reason),)
    if archive.status == "paused" and archive.began_ms is None and first_publish:
        timers = (*timers, _FIRST_PUBLISH)
    changes = [
        # A timer never goes back behind the change that set it.
        Change(max(since + timer.length_ms, archive.since_ms), timer.status, timer.reason)
        for timer in timers
        if (since := timer.since(archive, emptied_ms)) is not None
    ]
    return min(changes, key=lambda change: change.at_ms, default=None)


def enter(archive: Archive, status: str, at_ms: int, reason: str | None = None) -> Archive:
    """Return the archive as it is after it entered *status* at *at_ms*.

    Without a *reason* it keeps the one that it has.
    """
    recorded_ms, began_ms = archive.recorded_ms, archive.began_ms
    if archive.status == "started":
        recorded_ms += at_ms - archive.since_ms
    if status == "started" and began_ms is None:
        began_ms = at_ms
    return replace(
        archive,
        status=status,
        reason=archive.reason if reason is None else reason,
        updated_ms=at_ms,
        since_ms=at_ms,
        began_ms=began_ms,
        recorded_ms=recorded_ms,
    )


def duration_s(archive: Archive) -> int:
    """Return its length in whole seconds, which the service tells once it has the file.

    Of an encrypted archive it never knows it.
    """
    if archive.status in RUNNING or archive.status == "stopped" or archive.encrypted:
        return 0
    return (archive.recorded_ms + 500) // 1000
