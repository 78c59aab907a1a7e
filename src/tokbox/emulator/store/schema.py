"""The tables of the emulator."""

from __future__ import annotations

import os
import sqlite3

from tokbox.errors import InvalidInputError

__all__ = ["check", "prepare"]

#: "tkbx": identifies a file as a database of the emulator.
_APPLICATION_ID = 0x746B6278

#: Changes with every change of the tables.
_VERSION = 7

_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE projects (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    api_key TEXT NOT NULL UNIQUE,
    account_key TEXT NOT NULL, secret TEXT, status TEXT NOT NULL, name TEXT NOT NULL,
    environment TEXT NOT NULL, created_ms INTEGER NOT NULL
);
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY, project_id TEXT NOT NULL, created_ms INTEGER NOT NULL,
    location TEXT NOT NULL, relayed INTEGER NOT NULL, always_archived INTEGER NOT NULL,
    archive_name TEXT, archive_resolution TEXT, e2ee INTEGER NOT NULL,
    activated_ms INTEGER, emptied_ms INTEGER, muted INTEGER NOT NULL, ends_ms INTEGER,
    base_url TEXT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (ends_ms) WHERE ends_ms IS NOT NULL;
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
    layout_classes TEXT NOT NULL, muted INTEGER NOT NULL
);
CREATE INDEX streams_by_session ON streams (session_id);
CREATE INDEX streams_by_connection ON streams (connection_id);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions,
    project_id TEXT NOT NULL, options TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL,
    ran_ms INTEGER NOT NULL, connection_id TEXT, stream_id TEXT, alone_ms INTEGER,
    automatic INTEGER NOT NULL, began_ms INTEGER, size INTEGER NOT NULL,
    due_ms INTEGER
);
CREATE INDEX jobs_by_session ON jobs (session_id);
CREATE INDEX jobs_by_project ON jobs (project_id, kind);
CREATE INDEX jobs_by_due ON jobs (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE selections (
    job_id TEXT NOT NULL REFERENCES jobs (job_id),
    stream_id TEXT NOT NULL, has_audio INTEGER NOT NULL, has_video INTEGER NOT NULL,
    PRIMARY KEY (job_id, stream_id)
);
CREATE TABLE recordings (
    job_id TEXT NOT NULL REFERENCES jobs (job_id),
    stream_id TEXT NOT NULL, started_ms INTEGER NOT NULL, stopped_ms INTEGER,
    connection_data TEXT NOT NULL, video_type TEXT NOT NULL,
    PRIMARY KEY (job_id, stream_id, started_ms)
);
CREATE INDEX recordings_open ON recordings (job_id, stream_id)
    WHERE stopped_ms IS NULL;
CREATE TABLE rotations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions,
    due_ms INTEGER NOT NULL, action TEXT NOT NULL
);
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions,
    sent_ms INTEGER NOT NULL, content TEXT NOT NULL, recipients TEXT NOT NULL
);
CREATE INDEX messages_by_session ON messages (session_id);
CREATE TABLE storage_targets (project_id TEXT PRIMARY KEY, target TEXT NOT NULL);
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL, request_id TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, query TEXT NOT NULL, project_id TEXT, status INTEGER,
    duration_ms REAL NOT NULL, created INTEGER NOT NULL, fault TEXT
);
CREATE TABLE pending_faults (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    method TEXT, path TEXT, fault TEXT NOT NULL, times INTEGER NOT NULL
);
CREATE TABLE callbacks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    callback_id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL, topic TEXT NOT NULL, event TEXT NOT NULL, url TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE INDEX callbacks_by_project ON callbacks (project_id);
CREATE TABLE webhook_settings (project_id TEXT PRIMARY KEY, webhooks TEXT NOT NULL);
CREATE TABLE webhooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL, project_id TEXT NOT NULL, event TEXT NOT NULL,
    url TEXT NOT NULL, body TEXT NOT NULL, token_id TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, status INTEGER, error TEXT,
    due_ms INTEGER NOT NULL
);
CREATE INDEX webhooks_waiting ON webhooks (due_ms) WHERE state = 'waiting';
"""


def check(db: sqlite3.Connection, path: str | os.PathLike[str] | None) -> None:
    """Check that a database is empty, or has the tables of this version.

    Changes nothing. Raises :class:`InvalidInputError` if it has other tables or another
    version, and :class:`sqlite3.DatabaseError` if *path* is not a database.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (version, application, tables) == (0, 0, 0):
        return
    if application != _APPLICATION_ID:
        raise InvalidInputError("db", path, "be a database of this emulator")
    if version != _VERSION:
        raise InvalidInputError(
            "db", path, f"have version {_VERSION} of the tables (it has {version})"
        )


def prepare(db: sqlite3.Connection, *, in_file: bool) -> None:
    """Create the tables if the database is empty, and configure the connection."""
    db.execute("PRAGMA foreign_keys = ON")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not version:
        db.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION_ID};"
            f"PRAGMA user_version = {_VERSION}; COMMIT;"
        )
    if in_file:
        # With NORMAL, a commit survives the end of the process, but perhaps not a crash of
        # the machine. FULL would survive both, but needs a disk sync for every request.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        # The first read in this mode creates the files beside the database.
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
