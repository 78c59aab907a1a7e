"""The state of the emulator in SQLite, in a file or in memory.

This module reads and writes the records of ``model/records.py``, without the rules of the
service. All access happens inside :meth:`Store.transaction`, which is atomic and held by
one thread at a time.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tokbox.emulator.model.records import (
    Connection,
    Session,
    Stream,
)
from tokbox.emulator.store.mapping import from_row, to_row
from tokbox.emulator.store.schema import check, prepare
from tokbox.errors import InvalidInputError
from tokbox.private_files import check_private, make_private, open_private

__all__ = ["CLOCK_OFFSET", "PRIVATE_KEY", "Store"]

#: SQLite's name for an in-memory database.
_MEMORY = ":memory:"
#: The setting with the private key of the default application.
PRIVATE_KEY = "private_key"
#: The setting with the offset of the clock, in milliseconds.
CLOCK_OFFSET = "clock_offset_ms"

_PROJECT_COLUMNS = "api_key, account_key, secret, status, name, environment, created_ms"


class Store:
    """The tables of one emulator; a path stores them in a file."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """Open or create the database.

        Only the owner can read and write the file, and the files that SQLite creates beside
        it. Raises :class:`InvalidInputError` if the file is not a database of this version,
        :class:`PermissionError` if it is a link or belongs to another user, another
        :class:`OSError` if it cannot be opened, and :class:`sqlite3.OperationalError` if
        SQLite cannot use it.
        """
        file = _MEMORY if path is None else os.fsdecode(path)
        in_file = file != _MEMORY
        if in_file:
            _create_or_check(file)
        self._lock = threading.RLock()
        self._depth = 0
        # Transactions are begun explicitly, because sqlite3 begins them late, and not for
        # reads. The lock makes sharing between threads safe.
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        try:
            check(self._db, path)
            if in_file:
                # Only after the check: the mode of another program's file must not change.
                _for_each_file(file, make_private)
            prepare(self._db, in_file=in_file)
            if in_file:
                # In a shared folder, another user may have created a file meanwhile.
                _for_each_file(file, make_private)
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise InvalidInputError("db", path, "be a database of this emulator") from None
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Lock the store; commit at the end, or roll back if an exception is raised."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    @property
    def db(self) -> sqlite3.Connection:
        """The SQLite connection, for classes with their own tables.

        Use it inside a transaction.
        """
        return self._db

    def exists(self, where: str, *values: object) -> bool:
        """Return whether a row exists; *where* is a table and a WHERE clause in SQL."""
        row = self._db.execute(f"SELECT 1 FROM {where} LIMIT 1", values)  # noqa: S608
        return row.fetchone() is not None

    # Settings.

    def find_setting(self, name: str) -> str | None:
        """Return a setting, or ``None`` if it was never set."""
        row = self._db.execute(
            "SELECT value FROM settings WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else str(row[0])

    def setting(self, name: str, default: str) -> str:
        """Return a setting; the first call stores *default* permanently."""
        self._db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, default))
        (value,) = self._db.execute(
            "SELECT value FROM settings WHERE name = ?", (name,)
        ).fetchone()
        return str(value)

    def set_setting(self, name: str, value: str) -> None:
        """Replace a setting."""
        self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def link_key(self) -> bytes:
        """Return the random key for download links, generated once for each store."""
        return bytes.fromhex(self.setting("link_key", secrets.token_hex(32)))

    def clear(self) -> None:
        """Delete everything except the private key, which clients may have."""
        self._db.execute("PRAGMA defer_foreign_keys = ON")
        tables = self._db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite_%' AND name <> 'settings'"
        ).fetchall()
        for (table,) in tables:
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608
        self._db.execute("DELETE FROM settings WHERE name <> ?", (PRIVATE_KEY,))

    def counts(self, project_id: str) -> dict[str, int]:
        """Count the sessions, connections, streams and archives of a project."""
        queries = {
            "sessions": "SELECT count(*) FROM sessions WHERE project_id = ?",
            "connections": "SELECT count(*) FROM connections JOIN sessions "
            "USING (session_id) WHERE project_id = ?",
            "streams": "SELECT count(*) FROM streams JOIN sessions "
            "USING (session_id) WHERE project_id = ?",
            "archives": "SELECT count(*) FROM jobs WHERE project_id = ? "
            "AND kind = 'archive' AND status <> 'deleted'",
        }
        return {
            name: int(self._db.execute(query, (project_id,)).fetchone()[0])
            for name, query in queries.items()
        }

    def next_due_ms(self, now_ms: int) -> int | None:
        """Return when the earliest change due by *now_ms* was due, or ``None``."""
        (due_ms,) = self._db.execute(
            "SELECT min(due_ms) FROM ("
            "SELECT min(due_ms) AS due_ms FROM jobs WHERE due_ms <= :now UNION ALL "
            "SELECT min(due_ms) FROM rotations WHERE due_ms <= :now UNION ALL "
            "SELECT min(ends_ms) FROM sessions WHERE ends_ms <= :now)",
            {"now": now_ms},
        ).fetchone()
        return None if due_ms is None else int(due_ms)

    # Projects.

    def add_project(self, api_key: str, account_key: str, created_ms: int) -> None:
        """Insert a project without a stored secret, unless it exists."""
        self._db.execute(
            "INSERT OR IGNORE INTO projects (api_key, account_key, secret, status, name, "
            "environment, created_ms) VALUES (?, ?, NULL, 'ACTIVE', '', 'standard', ?)",
            (api_key, account_key, created_ms),
        )

    def save_project(self, values: dict[str, Any]) -> None:
        """Insert or update a project."""
        self._db.execute(
            "INSERT INTO projects (api_key, account_key, secret, status, name, "
            "environment, created_ms) VALUES (:api_key, :account_key, :secret, :status, "
            ":name, :environment, :created_ms) ON CONFLICT (api_key) DO UPDATE SET "
            "secret = excluded.secret, status = excluded.status, "
            "environment = excluded.environment",
            values,
        )

    def project_row(self, api_key: str) -> dict[str, Any] | None:
        """Find a project, deleted or not; its secret may be ``None``."""
        row = self._db.execute(
            f"SELECT {_PROJECT_COLUMNS} FROM projects WHERE api_key = ?",  # noqa: S608
            (api_key,),
        ).fetchone()
        return None if row is None else dict(row)

    def project_rows(self) -> list[dict[str, Any]]:
        """List all projects, deleted or not, oldest first."""
        rows = self._db.execute(
            f"SELECT {_PROJECT_COLUMNS} FROM projects ORDER BY number"  # noqa: S608
        )
        return [dict(row) for row in rows]

    # Sessions.

    def save_session(self, session: Session) -> None:
        """Insert a session, or update its presence times and its muting."""
        self._db.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (session_id) DO UPDATE SET muted = excluded.muted, "
            "activated_ms = excluded.activated_ms, emptied_ms = excluded.emptied_ms, "
            "ends_ms = excluded.ends_ms",
            to_row(session),
        )

    def session(self, session_id: str) -> Session | None:
        """Find a session."""
        row = self._db.execute(
            "SELECT * FROM sessions WHERE session_id = ?", (session_id,)
        ).fetchone()
        if row is None:
            return None
        return Session(**from_row(row))

    def emptied_ms(self, session_id: str) -> int | None:
        """Return when the last client left a session; ``None`` if one is connected."""
        (emptied_ms,) = self._db.execute(
            "SELECT emptied_ms FROM sessions WHERE session_id = ?", (session_id,)
        ).fetchone()
        return None if emptied_ms is None else int(emptied_ms)

    def newest_sessions(self, count: int) -> list[Session]:
        """Return the newest sessions, newest first."""
        rows = self._db.execute(
            "SELECT * FROM sessions ORDER BY rowid DESC LIMIT ?", (count,)
        )
        return [Session(**from_row(row)) for row in rows]

    def count_sessions(self) -> int:
        """Count the sessions of all projects."""
        (count,) = self._db.execute("SELECT count(*) FROM sessions").fetchone()
        return int(count)

    def next_ending_session(self, now_ms: int) -> Session | None:
        """Return the session whose end was due first, or ``None``."""
        row = self._db.execute(
            "SELECT * FROM sessions WHERE ends_ms <= ? ORDER BY ends_ms, rowid LIMIT 1",
            (now_ms,),
        ).fetchone()
        return None if row is None else Session(**from_row(row))

    # Connections and streams.

    def add_connection(self, connection: Connection) -> None:
        """Insert a connection."""
        self._db.execute(
            "INSERT INTO connections VALUES (?, ?, ?, ?, ?, ?)", to_row(connection)
        )

    def remove_connection(self, connection_id: str) -> None:
        """Delete a connection and its streams."""
        self._db.execute(
            "DELETE FROM connections WHERE connection_id = ?", (connection_id,)
        )

    def connections(self, session_id: str) -> list[Connection]:
        """List the connections of a session, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM connections WHERE session_id = ? ORDER BY rowid", (session_id,)
        )
        return [Connection(**from_row(row)) for row in rows]

    def is_connected(self, session_id: str, besides: str | None = None) -> bool:
        """Return whether a session has a connection other than *besides*."""
        return self.exists(
            "connections WHERE session_id = ? AND connection_id IS NOT ?",
            session_id,
            besides,
        )

    def connection(self, session_id: str, connection_id: str) -> Connection | None:
        """Find a connection of a session."""
        row = self._db.execute(
            "SELECT * FROM connections WHERE session_id = ? AND connection_id = ?",
            (session_id, connection_id),
        ).fetchone()
        return None if row is None else Connection(**from_row(row))

    def save_stream(self, stream: Stream) -> None:
        """Insert a stream, or update its layout classes and whether it is muted."""
        self._db.execute(
            "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (stream_id) DO UPDATE SET "
            "layout_classes = excluded.layout_classes, muted = excluded.muted",
            to_row(stream),
        )

    def remove_stream(self, stream_id: str) -> None:
        """Delete a stream."""
        self._db.execute("DELETE FROM streams WHERE stream_id = ?", (stream_id,))

    def streams(self, session_id: str) -> list[Stream]:
        """List the streams of a session, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM streams WHERE session_id = ? ORDER BY rowid", (session_id,)
        )
        return [Stream(**from_row(row)) for row in rows]

    def streams_of(self, connection_id: str) -> list[Stream]:
        """List the streams of a connection, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM streams WHERE connection_id = ? ORDER BY rowid", (connection_id,)
        )
        return [Stream(**from_row(row)) for row in rows]

    def has_streams(self, session_id: str) -> bool:
        """Return whether a session has a stream."""
        return self.exists("streams WHERE session_id = ?", session_id)

    def stream(self, session_id: str, stream_id: str) -> Stream | None:
        """Find a stream of a session."""
        row = self._db.execute(
            "SELECT * FROM streams WHERE session_id = ? AND stream_id = ?",
            (session_id, stream_id),
        ).fetchone()
        return None if row is None else Stream(**from_row(row))


def _create_or_check(file: str) -> None:
    """Create an empty database file, or check the permissions of existing files."""
    if not file:
        raise InvalidInputError("db", file, "be the path of a file")
    with suppress(FileExistsError):
        os.close(open_private(file, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    # This also checks for a journal that was put there before: SQLite would read it.
    _for_each_file(file, check_private)


def _for_each_file(file: str, apply: Callable[[str], None]) -> None:
    """Call *apply* with the database file and the existing files beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            apply(file + suffix)
