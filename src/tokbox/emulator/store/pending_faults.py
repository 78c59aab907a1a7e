"""Faults that are injected into later requests."""

from __future__ import annotations

import json
from typing import Any

from tokbox.emulator.store.database import Store
from tokbox.emulator.store.request_log import as_glob

__all__ = ["PendingFaults"]


class PendingFaults:
    """The pending faults of one emulator. Its methods need a transaction of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: False only if there is none; avoids a query for most requests.
        self.may_be_any: bool = True

    def add(
        self, fault: dict[str, Any], *, method: str | None, path: str | None, times: int
    ) -> int:
        """Store *fault* for the next *times* matching requests, and return its number.

        ``*`` in *path* matches any text, including slashes.
        """
        self.may_be_any = True
        cursor = self._store.db.execute(
            "INSERT INTO pending_faults (method, path, fault, times) VALUES (?, ?, ?, ?)",
            (method and method.upper(), path and as_glob(path), json.dumps(fault), times),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def find(self, method: str, path: str) -> tuple[int, dict[str, Any]] | None:
        """Return the number of the oldest matching fault, and the fault, or ``None``."""
        row = self._store.db.execute(
            "SELECT number, fault FROM pending_faults "
            "WHERE coalesce(method, :method) = :method "
            "AND (path IS NULL OR :path GLOB path) ORDER BY number LIMIT 1",
            {"method": method, "path": path},
        ).fetchone()
        if row is None:
            (self.may_be_any,) = self._store.db.execute(
                "SELECT EXISTS (SELECT 1 FROM pending_faults)"
            ).fetchone()
            return None
        return row["number"], json.loads(row["fault"])

    def use(self, number: int) -> None:
        """Count a fault as used once, and delete it after its last use."""
        self._store.db.execute(
            "UPDATE pending_faults SET times = times - 1 WHERE number = ?", (number,)
        )
        self._store.db.execute("DELETE FROM pending_faults WHERE times = 0")

    def clear(self) -> None:
        """Delete all pending faults."""
        self._store.db.execute("DELETE FROM pending_faults")
