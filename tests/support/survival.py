"""An emulator that is killed, clients that remember what it acknowledged, and the search
for it afterwards. The test of crashes and ``tools/soak.py`` are made of these."""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote, urlsplit

from tests.support.emulator import KEY, client_token, credentials
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.jobs import Jobs

__all__ = ["ARCHIVES", "Acknowledged", "Client", "damage", "lost", "running"]

ARCHIVES = f"/v2/project/{KEY}/archive"


@dataclass
class Acknowledged:
    """All effects that the emulator acknowledged, from all clients and rounds."""

    sessions: set[str] = field(default_factory=set)
    connections: dict[str, str] = field(default_factory=dict)
    #: Archive id -> whether a stop was acknowledged.
    archives: dict[str, bool] = field(default_factory=dict)
    broadcasts: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many things were created."""
        things = (self.sessions, self.connections, self.archives, self.broadcasts)
        return sum(map(len, things))


@contextlib.contextmanager
def running(
    db: Path, port: int = 0, complaints: TextIO | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run an emulator on *db* in its own process, which is killed at the end. Its standard
    error goes to *complaints*, if given."""
    command = [sys.executable, "-m", "tokbox", "emulator", "--port", "0", "--db", str(db)]
    command += ["--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=complaints, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


class Client:
    """One connection that creates things until it is cut."""

    def __init__(self, url: str, acknowledged: Acknowledged) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._acknowledged = acknowledged
        #: Return the response to a call that must succeed.
        self.refused: list[str] = []

    def run(self) -> None:
        """Create things until the connection is cut, or a call is refused."""
        # The emulator may die before the headers, in the body, or between two calls.
        with contextlib.suppress(OSError, http.client.HTTPException):
            while not self.refused:
                self.live()

    def close(self) -> None:
        """Cut the connection."""
        self._connection.close()

    def live(self) -> None:
        """Create one of everything."""
        known = self._acknowledged
        session_id = self.create_session()
        self.join(session_id)
        archive_id = self.ask("POST", ARCHIVES, {"sessionId": session_id})["id"]
        known.archives[archive_id] = False
        outputs = {"hls": {}}
        known.broadcasts.add(
            self.ask(
                "POST",
                f"/v2/project/{KEY}/broadcast",
                {"sessionId": session_id, "outputs": outputs},
            )["id"]
        )
        if len(known.archives) % 2:
            self.ask("POST", f"{ARCHIVES}/{archive_id}/stop")
            known.archives[archive_id] = True

    def create_session(self) -> str:
        """Create a session and return its id."""
        session_id: str = self.ask("POST", "/session/create")[0]["session_id"]
        self._acknowledged.sessions.add(session_id)
        return session_id

    def join(self, session_id: str) -> None:
        """Connect a simulated client that publishes."""
        token = client_token(session_id, at=time.time())
        joined = self.ask(
            "POST",
            f"/_emulator/session/{quote(session_id)}/connection",
            {"token": token, "publish": True},
        )
        self._acknowledged.connections[joined["connectionId"]] = session_id

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make a call, and note that it was acknowledged."""
        headers = {
            "X-OPENTOK-AUTH": credentials(at=time.time()),
            "Accept": "application/json",
        }
        content = b"" if body is None else json.dumps(body).encode()
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status not in (200, 201):
            self.refused.append(f"{method} {path}: {response.status} {answer!r}")
            raise http.client.HTTPException(self.refused[-1])
        if request_id := response.headers["X-Request-Id"]:
            self._acknowledged.requests.add(request_id)
        return json.loads(answer)


def damage(db: Path) -> list[str]:
    """Errors that SQLite finds in the file, and rows that refer to missing ones."""
    with contextlib.closing(sqlite3.connect(db)) as raw:
        found = [row[0] for row in raw.execute("PRAGMA integrity_check")]
        dangling = raw.execute("PRAGMA foreign_key_check").fetchall()
    return [line for line in found if line != "ok"] + [str(row) for row in dangling]


def lost(db: Path, known: Acknowledged) -> list[str]:
    """Look for everything that was acknowledged; return what is not there."""
    store = Store(db)
    try:
        with store.transaction():
            return list(_lost(store, known))
    finally:
        store.close()


def _lost(store: Store, known: Acknowledged) -> Iterable[str]:
    jobs = Jobs(store)
    for session_id in known.sessions:
        if store.session(session_id) is None:
            yield f"session {session_id}"
    for connection_id, session_id in known.connections.items():
        if store.connection(session_id, connection_id) is None:
            yield f"connection {connection_id}"
    for archive_id, stopped in known.archives.items():
        archive = jobs.find(KEY, "archive", archive_id)
        if archive is None:
            yield f"archive {archive_id}"
        elif stopped and archive.status not in ("stopped", "available"):
            yield f"stop of archive {archive_id}, which is {archive.status}"
    for broadcast_id in known.broadcasts:
        if jobs.find(KEY, "broadcast", broadcast_id) is None:
            yield f"broadcast {broadcast_id}"
