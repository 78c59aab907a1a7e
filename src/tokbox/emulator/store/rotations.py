"""Scheduled rotations of sessions to other servers."""

from __future__ import annotations

from collections.abc import Iterable

from tokbox.emulator.model.records import RotationStep
from tokbox.emulator.store.database import Store

__all__ = ["Rotations"]


class Rotations:
    """The rotations of one emulator. Use it inside a transaction of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def replace(self, session_id: str, steps: Iterable[RotationStep]) -> None:
        """Replace the scheduled steps of a session."""
        self.cancel(session_id)
        self._store.db.executemany(
            "INSERT INTO rotations (session_id, due_ms, action) VALUES (?, ?, ?)",
            [(session_id, step.due_ms, step.action) for step in steps],
        )

    def pop(self, now_ms: int) -> RotationStep | None:
        """Remove and return the step that was due first by *now_ms*, or ``None``."""
        row = self._store.db.execute(
            "SELECT number, session_id, due_ms, action FROM rotations WHERE due_ms <= ? "
            "ORDER BY due_ms, number LIMIT 1",
            (now_ms,),
        ).fetchone()
        if row is None:
            return None
        number, *fields = row
        self._store.db.execute("DELETE FROM rotations WHERE number = ?", (number,))
        return RotationStep(*fields)

    def cancel(self, session_id: str) -> None:
        """Remove the scheduled steps of a session."""
        self._store.db.execute("DELETE FROM rotations WHERE session_id = ?", (session_id,))
