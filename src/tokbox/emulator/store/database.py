"""The state of the emulator in SQLite: a file, or memory.

Nothing here knows a rule of the service; it reads and writes the records of
``model/records.py``. Everything happens inside :meth:`Store.transaction`, which one thread
holds at a time and which either happens as a whole or not at all.
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

#: The name of a database in memory, in SQLite.
_MEMORY = ":memory:"
#: The setting that keeps the private key of the default application.
PRIVATE_KEY = "private_key"
#: The setting that keeps how far the clock was advanced, in milliseconds.
CLOCK_OFFSET = "clock_offset_ms"

_PROJECT_COLUMNS = "api_key, account_key, secret, status, name, environment, created_ms"


class Store:
    """The tables of one emulator; give a path to keep them in a file."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """Open or create the database.

        A file is readable and writable by its owner only, and so are those that SQLite
        keeps beside it. Raises :class:`InvalidInputError` if the file is something else or
        of another version, :class:`PermissionError` if it is a link or belongs to another
        user, another :class:`OSError` if it cannot be opened, and
        :class:`sqlite3.OperationalError` if SQLite cannot use it.
        """
        file = _MEMORY if path is None else os.fsdecode(path)
        in_file = file != _MEMORY
        if in_file:
            _create_or_check(file)
        self._lock = threading.RLock()
        self._depth = 0
        # Transactions are begun by hand, because sqlite3 would otherwise begin them
        # late and not at all around reads; the lock makes sharing between threads safe.
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        try:
            check(self._db, path)
            if in_file:
                # Not earlier: the mode of a file of another program stays as it is.
                _for_each_file(file, make_private)
            prepare(self._db, in_file=in_file)
            if in_file:
                # In a folder of others, a file may have been put there meanwhile.
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
        """Hold the store; commit at the end, or undo everything if an exception leaves."""
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
        """The database itself, for those that keep tables of their own in it.

        To be used inside a transaction.
        """
        return self._db

    def exists(self, where: str, *values: object) -> bool:
        """Return whether there is a row: *where* is a table and a WHERE clause in SQL."""
        row = self._db.execute(f"SELECT 1 FROM {where} LIMIT 1", values)  # noqa: S608
        return row.fetchone() is not None

    # Settings.

    def find_setting(self, name: str) -> str | None:
        """Return a setting that may never have been made."""
        row = self._db.execute(
            "SELECT value FROM settings WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else str(row[0])

    def setting(self, name: str, default: str) -> str:
        """Return a setting; the first call for a name keeps *default* for ever."""
        self._db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, default))
        (value,) = self._db.execute(
            "SELECT value FROM settings WHERE name = ?", (name,)
        ).fetchone()
        return str(value)

    def set_setting(self, name: str, value: str) -> None:
        """Replace a setting."""
        self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def link_key(self) -> bytes:
        """Return the random key that signs download links, made once for each store."""
        return bytes.fromhex(self.setting("link_key", secrets.token_hex(32)))

    def clear(self) -> None:
        """Forget everything, but for the key that was given out."""
        self._db.execute("PRAGMA defer_foreign_keys = ON")
        tables = self._db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite_%' AND name <> 'settings'"
        ).fetchall()
        for (table,) in tables:
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608
        self._db.execute("DELETE FROM settings WHERE name <> ?", (PRIVATE_KEY,))

    def counts(self, project_id: str) -> dict[str, int]:
        """Count what a project has."""
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
        """Find when the first of the changes that are due by themselves was due."""
        (due_ms,) = self._db.execute(
            "SELECT min(due_ms) FROM ("
            "SELECT min(due_ms) AS due_ms FROM jobs WHERE due_ms <= :now UNION ALL "
            "SELECT min(ends_ms) FROM sessions WHERE ends_ms <= :now)",
            {"now": now_ms},
        ).fetchone()
        return None if due_ms is None else int(due_ms)

    # Projects.

    def add_project(self, api_key: str, account_key: str, created_ms: int) -> None:
        """Insert a project whose secret is kept elsewhere, unless it is known."""
        self._db.execute(
            "INSERT OR IGNORE INTO projects (api_key, account_key, secret, status, name, "
            "environment, created_ms) VALUES (?, ?, NULL, 'ACTIVE', '', 'standard', ?)",
            (api_key, account_key, created_ms),
        )

    def save_project(self, values: dict[str, Any]) -> None:
        """Insert a project that was made by a call, or update one."""
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
        """Insert a session, or update when clients came and left, and the muting."""
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
        """Return when the last client left a session; ``None`` while one is connected."""
        (emptied_ms,) = self._db.execute(
            "SELECT emptied_ms FROM sessions WHERE session_id = ?", (session_id,)
        ).fetchone()
        return None if emptied_ms is None else int(emptied_ms)

    def newest_sessions(self, count: int) -> list[Session]:
        """Return the newest sessions, latest first."""
        rows = self._db.execute(
            "SELECT * FROM sessions ORDER BY rowid DESC LIMIT ?", (count,)
        )
        return [Session(**from_row(row)) for row in rows]

    def count_sessions(self) -> int:
        """Count the sessions of all projects."""
        (count,) = self._db.execute("SELECT count(*) FROM sessions").fetchone()
        return int(count)

    def next_ending_session(self, now_ms: int) -> Session | None:
        """Find the session that was the first to be due for its end."""
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
        """Tell whether a session has a connection, other than *besides*."""
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
        """Tell whether a session has a stream."""
        return self.exists("streams WHERE session_id = ?", session_id)

    def stream(self, session_id: str, stream_id: str) -> Stream | None:
        """Find a stream of a session."""
        row = self._db.execute(
            "SELECT * FROM streams WHERE session_id = ? AND stream_id = ?",
            (session_id, stream_id),
        ).fetchone()
        return None if row is None else Stream(**from_row(row))


def _create_or_check(file: str) -> None:
    """Create an empty database, or check the files of one that exists."""
    if not file:
        raise InvalidInputError("db", file, "be the path of a file")
    with suppress(FileExistsError):
        os.close(open_private(file, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    # A new database must not read a journal that was put there before it, either.
    _for_each_file(file, check_private)


def _for_each_file(file: str, apply: Callable[[str], None]) -> None:
    """Apply a function to the file of a database and those beside it that exist."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            apply(file + suffix)
