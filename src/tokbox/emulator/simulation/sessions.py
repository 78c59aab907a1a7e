"""Sessions on the media router.

A session itself never ends. Webhooks report that it is created and destroyed on a media
router, so relayed sessions have none of these events.
"""

from __future__ import annotations

from dataclasses import replace

from tokbox.emulator.model import events
from tokbox.emulator.model.records import Session
from tokbox.emulator.simulation.emulator import Emulator

__all__ = ["destroy", "empty", "end_due", "enter"]

#: How long an empty session stays active, in milliseconds. This is not documented for
#: sessions, but their archives stop after this time with the reason "session ended".
_LINGERS_MS = 60_000


def enter(emulator: Emulator, session: Session, at_ms: int) -> Session:
    """Record that a client has joined *session*, and activate it if necessary."""
    before = session
    activated_ms = at_ms if session.activated_ms is None else session.activated_ms
    session = replace(session, activated_ms=activated_ms, emptied_ms=None, ends_ms=None)
    emulator.store.save_session(session)
    if session.active and not before.active:
        emulator.emit(events.session_created(session, at_ms))
    return session


def empty(emulator: Emulator, session: Session, at_ms: int) -> Session:
    """Record that the last client has left *session*."""
    ends_ms = None if session.relayed else at_ms + _LINGERS_MS
    session = replace(session, emptied_ms=at_ms, ends_ms=ends_ms)
    emulator.store.save_session(session)
    return session


def end_due(emulator: Emulator, now_ms: int) -> None:
    """Destroy every session whose end was due by *now_ms*."""
    while session := emulator.store.next_ending_session(now_ms):
        assert session.ends_ms is not None, "only what ends is found"
        destroy(emulator, session, session.ends_ms, "clientDisconnected")


def destroy(emulator: Emulator, session: Session, at_ms: int, reason: str) -> None:
    """Remove an empty session from the media router; the next client activates it again."""
    emulator.store.save_session(replace(session, ends_ms=None))
    emulator.rotations.cancel(session.session_id)
    emulator.emit(events.session_destroyed(session, at_ms, reason))
