"""The log of requests to the service's API.

The entry of a request is written in the same transaction as its effect, so both are stored
or neither. Entries contain no credentials and no bodies, and text that looks like a token
is replaced in paths and queries.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokbox.emulator.store.database import Store
from tokbox.emulator.store.ids import Ids

__all__ = ["LIMIT", "LoggedRequest", "RequestLog", "as_glob"]

#: The maximum number of entries; the oldest are deleted first.
LIMIT = 10_000

_COLUMNS = (
    "number, at_ms, request_id, method, path, query, project_id, status, duration_ms, "
    "created, fault"
)
#: A T1 token, or a JSON Web Token, plain or percent-encoded.
_TOKEN = re.compile(r"T1(?:==|%3[dD]%3[dD])[^&/]*|eyJ[\w-]*\.[\w-]+\.[\w-]*")


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A logged request; ``at_ms`` is in milliseconds since the epoch."""

    #: Counts up from 1 and is never reused; ``after`` compares with it.
    number: int
    at_ms: int
    #: The value of ``X-Request-Id`` in the response.
    request_id: str
    method: str
    path: str
    query: str
    #: The project or application of its credentials, if they were valid.
    project_id: str | None
    #: The status of the response; ``None`` if the connection was closed without one.
    status: int | None
    #: Real time, independent of the emulated clock.
    duration_seconds: float
    #: True if it created something: a session, an archive, a call...
    created: bool
    #: The injected fault, in the form in which it was requested.
    fault: dict[str, Any] | None

    def describe(self) -> dict[str, Any]:
        """Return the entry as ``GET /_emulator/requests`` shows it."""
        return {
            "number": self.number,
            "at": self.at_ms,
            "requestId": self.request_id,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "projectId": self.project_id,
            "status": self.status,
            "duration": round(self.duration_seconds * 1000, 3),
            "created": self.created,
            "fault": self.fault,
        }

    @classmethod
    def from_description(cls, entry: Mapping[str, Any]) -> LoggedRequest:
        """Return the entry that :meth:`describe` made *entry* of."""
        return cls(
            number=entry["number"],
            at_ms=entry["at"],
            request_id=entry["requestId"],
            method=entry["method"],
            path=entry["path"],
            query=entry["query"],
            project_id=entry["projectId"],
            status=entry["status"],
            duration_seconds=entry["duration"] / 1000,
            created=entry["created"],
            fault=entry["fault"],
        )


class RequestLog:
    """The logged requests of one emulator. Its methods need a transaction of the store."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def add(
        self,
        *,
        at_ms: int,
        method: str,
        path: str,
        query: str,
        project_id: str | None,
        status: int | None,
        duration_seconds: float,
        created: bool,
        fault: dict[str, Any] | None,
    ) -> str:
        """Log a request, and return its new request ID."""
        request_id = self._ids.uuid()
        cursor = self._store.db.execute(
            f"INSERT INTO requests ({_COLUMNS}) "  # noqa: S608
            "VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                at_ms,
                request_id,
                method,
                _redact_tokens(path),
                _redact_tokens(query),
                project_id,
                status,
                round(duration_seconds * 1000, 3),
                created,
                None if fault is None else json.dumps(fault),
            ),
        )
        assert cursor.lastrowid is not None
        self._store.db.execute(
            "DELETE FROM requests WHERE number <= ?", (cursor.lastrowid - LIMIT,)
        )
        return request_id

    def entries(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        project_id: str | None = None,
        status: int | None = None,
        created: bool | None = None,
        after: int = 0,
        count: int = LIMIT,
    ) -> list[LoggedRequest]:
        """Return the entries that match all given filters, oldest first.

        ``*`` in *path* matches any text, including slashes; *created* is whether the
        request created something; *after* excludes entries up to that number.
        """
        conditions: Mapping[str, object] = {
            "method = ?": method and method.upper(),
            "path GLOB ?": path and as_glob(path),
            "project_id = ?": project_id,
            "status = ?": status,
            "created = ?": created,
        }
        given = {text: value for text, value in conditions.items() if value is not None}
        rows = self._store.db.execute(
            f"SELECT {_COLUMNS} FROM requests WHERE "  # noqa: S608
            + " AND ".join(["number > ?", *given])
            + " ORDER BY number LIMIT ?",
            (after, *given.values(), count),
        )
        return [_entry(row) for row in rows]

    def last_number(self) -> int:
        """Return the number of the newest entry; 0 if there is none."""
        (number,) = self._store.db.execute(
            "SELECT coalesce(max(number), 0) FROM requests"
        ).fetchone()
        return int(number)

    def count(self) -> int:
        """Count the entries."""
        (count,) = self._store.db.execute("SELECT count(*) FROM requests").fetchone()
        return int(count)

    def clear(self) -> None:
        """Delete all entries; numbering continues."""
        self._store.db.execute("DELETE FROM requests")


def _entry(row: sqlite3.Row) -> LoggedRequest:
    fields: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118
    fields["duration_seconds"] = fields.pop("duration_ms") / 1000
    fields["created"] = bool(fields["created"])
    if fields["fault"] is not None:
        fields["fault"] = json.loads(fields["fault"])
    return LoggedRequest(**fields)


def as_glob(pattern: str) -> str:
    """Convert *pattern* to SQLite's GLOB syntax, with ``*`` as the only wildcard."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _redact_tokens(text: str) -> str:
    return _TOKEN.sub("(token)", text)
