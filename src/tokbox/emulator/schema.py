"""The tables of the emulator, and their version."""

from __future__ import annotations

import os
import sqlite3

from tokbox.errors import InvalidInput

__all__ = ["prepare"]

#: "tkbx": tells our files from other SQLite databases.
_APPLICATION_ID = 0x746B6278
_VERSION = 1

_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY, api_key TEXT NOT NULL, created_ms INTEGER NOT NULL,
    location TEXT NOT NULL, relayed INTEGER NOT NULL, always_archived INTEGER NOT NULL,
    archive_name TEXT, archive_resolution TEXT, e2ee INTEGER NOT NULL,
    activated_ms INTEGER, emptied_ms INTEGER
);
CREATE TABLE connections (
    connection_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions,
    created_ms INTEGER NOT NULL, role TEXT NOT NULL, data TEXT NOT NULL,
    layout_classes TEXT NOT NULL
);
CREATE INDEX connections_by_session ON connections (session_id);
CREATE TABLE streams (
    stream_id TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions,
    created_ms INTEGER NOT NULL, name TEXT NOT NULL, video_type TEXT NOT NULL,
    layout_classes TEXT NOT NULL
);
CREATE INDEX streams_by_session ON streams (session_id);
CREATE INDEX streams_by_connection ON streams (connection_id);
CREATE TABLE archives (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    archive_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions,
    api_key TEXT NOT NULL, automatic INTEGER NOT NULL, options TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL,
    began_ms INTEGER, recorded_ms INTEGER NOT NULL, size INTEGER NOT NULL,
    due_ms INTEGER
);
CREATE INDEX archives_by_session ON archives (session_id);
CREATE INDEX archives_by_key ON archives (api_key);
CREATE INDEX archives_by_due ON archives (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE selections (
    archive_id TEXT NOT NULL REFERENCES archives (archive_id),
    stream_id TEXT NOT NULL, has_audio INTEGER NOT NULL, has_video INTEGER NOT NULL,
    PRIMARY KEY (archive_id, stream_id)
);
CREATE TABLE recordings (
    archive_id TEXT NOT NULL REFERENCES archives (archive_id),
    stream_id TEXT NOT NULL, started_ms INTEGER NOT NULL, stopped_ms INTEGER,
    connection_data TEXT NOT NULL, video_type TEXT NOT NULL,
    PRIMARY KEY (archive_id, stream_id, started_ms)
);
"""


def prepare(db: sqlite3.Connection, path: str | os.PathLike[str] | None) -> None:
    """Create the tables in an empty database, or check whose and which they are.

    Raises :class:`InvalidInput` if they are not ours or of another version, and
    :class:`sqlite3.DatabaseError` if *path* is no database.
    """
    db.execute("PRAGMA foreign_keys = ON")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (version, application, tables) == (0, 0, 0):
        db.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID};"
            f"PRAGMA user_version = {_VERSION}; COMMIT;"
        )
    elif application != _APPLICATION_ID:
        raise InvalidInput("db", path, "be a database of this emulator")
    elif version != _VERSION:
        raise InvalidInput(
            "db", path, f"have version {_VERSION} of the tables (it has {version})"
        )
    if path is not None:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
