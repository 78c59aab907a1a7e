"""The tables of the emulator, and how they came to be, version by version."""

from __future__ import annotations

import os
import sqlite3

from tokbox.errors import InvalidInputError

__all__ = ["check", "prepare"]

#: "tkbx": tells our files from other SQLite databases.
_APPLICATION_ID = 0x746B6278

_FIRST = """
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

_SECOND = """
ALTER TABLE sessions RENAME COLUMN api_key TO tenant;
ALTER TABLE sessions ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archives RENAME COLUMN api_key TO tenant;
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions,
    tenant TEXT NOT NULL, options TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL,
    ran_ms INTEGER NOT NULL, connection_id TEXT, stream_id TEXT,
    due_ms INTEGER
);
CREATE INDEX jobs_by_session ON jobs (session_id);
CREATE INDEX jobs_by_tenant ON jobs (tenant, kind);
CREATE INDEX jobs_by_due ON jobs (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE job_streams (
    job_id TEXT NOT NULL REFERENCES jobs (job_id),
    stream_id TEXT NOT NULL, has_audio INTEGER NOT NULL, has_video INTEGER NOT NULL,
    PRIMARY KEY (job_id, stream_id)
);
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions,
    sent_ms INTEGER NOT NULL, content TEXT NOT NULL, recipients TEXT NOT NULL
);
CREATE INDEX messages_by_session ON messages (session_id);
CREATE TABLE callbacks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    callback_id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL, topic TEXT NOT NULL, event TEXT NOT NULL, url TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE INDEX callbacks_by_tenant ON callbacks (tenant);
CREATE TABLE storage (tenant TEXT PRIMARY KEY, target TEXT NOT NULL);
CREATE TABLE projects (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    api_key TEXT NOT NULL UNIQUE,
    account_key TEXT NOT NULL, secret TEXT, status TEXT NOT NULL, name TEXT NOT NULL,
    environment TEXT NOT NULL, created_ms INTEGER NOT NULL
);
"""

_THIRD = """
CREATE TABLE journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL, request_id TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, query TEXT NOT NULL, tenant TEXT, status INTEGER,
    duration_ms REAL NOT NULL, created INTEGER NOT NULL, fault TEXT
);
CREATE TABLE faults (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    method TEXT, path TEXT, fault TEXT NOT NULL, times INTEGER NOT NULL
);
CREATE TABLE webhook_settings (tenant TEXT PRIMARY KEY, webhooks TEXT NOT NULL);
CREATE TABLE webhooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL, tenant TEXT NOT NULL, event TEXT NOT NULL,
    url TEXT NOT NULL, body TEXT NOT NULL, token_id TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, status INTEGER, error TEXT,
    due REAL NOT NULL
);
CREATE INDEX webhooks_waiting ON webhooks (url, number) WHERE state = 'waiting';
"""

_FOURTH = """
ALTER TABLE sessions ADD COLUMN ends_ms INTEGER;
CREATE INDEX sessions_by_end ON sessions (ends_ms) WHERE ends_ms IS NOT NULL;
ALTER TABLE jobs ADD COLUMN alone_ms INTEGER;
"""

_FIFTH = """
CREATE INDEX recordings_open ON recordings (archive_id, stream_id)
    WHERE stopped_ms IS NULL;
"""

#: Each leads from one version to the next; a new database takes them all.
_STEPS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)


def check(db: sqlite3.Connection, path: str | os.PathLike[str] | None) -> None:
    """Check that a database is empty, or that of an emulator; change nothing.

    Raises :class:`InvalidInputError` if it is something else or of a newer version, and
    :class:`sqlite3.DatabaseError` if *path* is no database.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION_ID and (version, application, tables) != (0, 0, 0):
        raise InvalidInputError("db", path, "be a database of this emulator")
    newest = len(_STEPS)
    if version > newest:
        raise InvalidInputError(
            "db", path, f"have version {newest} of the tables (it has {version})"
        )


def prepare(db: sqlite3.Connection, *, in_file: bool) -> None:
    """Create the tables in an empty database, or upgrade those of an older emulator."""
    db.execute("PRAGMA foreign_keys = ON")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    newest = len(_STEPS)
    if version < newest:
        db.executescript(
            f"BEGIN IMMEDIATE; {''.join(_STEPS[version:])}"
            f"PRAGMA application_id = {_APPLICATION_ID};"
            f"PRAGMA user_version = {newest}; COMMIT;"
        )
    if in_file:
        # A commit has reached the system when it returns, and so outlives a process that
        # is killed. Only FULL would outlive the machine too, at the price of a sync of
        # the disk for every call.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        # SQLite creates the files beside the database with the first read in this mode.
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
