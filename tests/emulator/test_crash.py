"""``kill -9`` at any moment: what was acknowledged is there afterwards."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.emulator.support import KEY, client_token, credentials
from tokbox.emulator.jobs import Jobs
from tokbox.emulator.store import Store

ROUNDS = 6
CLIENTS = 4


@dataclass
class Acknowledged:
    """What the emulator said it has done, from all clients and rounds."""

    sessions: set[str] = field(default_factory=set)
    connections: dict[str, str] = field(default_factory=dict)
    #: Archive id -> whether a stop was acknowledged.
    archives: dict[str, bool] = field(default_factory=dict)
    broadcasts: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)


@contextlib.contextmanager
def running(db: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "tokbox", "emulator", "--db", str(db)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
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

    def run(self) -> None:
        # The emulator may die before the headers, in the body, or between two calls.
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                self._live()

    def close(self) -> None:
        self._connection.close()

    def _live(self) -> None:
        known = self._acknowledged
        session_id = self._ask("POST", "/session/create")[0]["session_id"]
        known.sessions.add(session_id)
        token = client_token(session_id, at=time.time())
        joined = self._ask(
            "POST",
            f"/_emulator/session/{quote(session_id)}/connection",
            {"token": token, "publish": True},
        )
        known.connections[joined["connectionId"]] = session_id
        archives = f"/v2/project/{KEY}/archive"
        archive_id = self._ask("POST", archives, {"sessionId": session_id})["id"]
        known.archives[archive_id] = False
        outputs = {"hls": {}}
        known.broadcasts.add(
            self._ask(
                "POST",
                f"/v2/project/{KEY}/broadcast",
                {"sessionId": session_id, "outputs": outputs},
            )["id"]
        )
        if len(known.archives) % 2:
            self._ask("POST", f"{archives}/{archive_id}/stop")
            known.archives[archive_id] = True

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {
            "X-OPENTOK-AUTH": credentials(at=time.time()),
            "Accept": "application/json",
        }
        content = b"" if body is None else json.dumps(body).encode()
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert response.status in (200, 201), answer
        if request_id := response.headers["X-Request-Id"]:
            self._acknowledged.requests.add(request_id)
        return answer


def drive_and_kill(db: Path, known: Acknowledged, chance: random.Random) -> None:
    """Let clients work, and kill the emulator at a moment that nobody knows."""
    enough = len(known.archives) + chance.randrange(3, 40)
    with running(db) as (url, process):
        clients = [Client(url, known) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        while len(known.archives) < enough and any(thread.is_alive() for thread in threads):
            time.sleep(0.001)
        process.kill()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
        assert process.wait() == -signal.SIGKILL


def check(db: Path, known: Acknowledged) -> None:
    """Find everything that was acknowledged, and nothing that is half there."""
    with contextlib.closing(sqlite3.connect(db)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        created = dict(
            raw.execute(
                "SELECT replace(path, '/v2/project/12345678', ''), count(*) "
                "FROM journal WHERE created GROUP BY path"
            )
        )
        requests = {row[0] for row in raw.execute("SELECT request_id FROM journal")}
        counts = [
            raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("sessions", "archives", "jobs")
        ]
    # The journal and the tables agree to the last call, acknowledged or not.
    paths = ("/session/create", "/archive", "/broadcast")
    assert counts == [created.get(path, 0) for path in paths]
    assert known.requests <= requests
    store = Store(db)
    try:
        with store.transaction():
            for session_id in known.sessions:
                assert store.session(session_id) is not None
            for connection_id, session_id in known.connections.items():
                assert store.connection(session_id, connection_id) is not None
            for archive_id, stopped in known.archives.items():
                archive = store.archive(KEY, archive_id)
                assert archive is not None
                if stopped:
                    assert archive.status in ("stopped", "available")
            jobs = Jobs(store)
            for broadcast_id in known.broadcasts:
                assert jobs.find(KEY, "broadcast", broadcast_id) is not None
    finally:
        store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
def test_what_was_acknowledged_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    db, known, chance = tmp_path / "emulator.db", Acknowledged(), random.Random(4)
    for _ in range(ROUNDS):
        before = len(known.archives)
        drive_and_kill(db, known, chance)
        assert len(known.archives) > before
        check(db, known)
    assert any(known.archives.values())
    assert not all(known.archives.values())
    with running(db) as (url, _):
        # The last archive of every client may have died with its acknowledgement.
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        headers = {"X-OPENTOK-AUTH": credentials(at=time.time())}
        connection.request("GET", f"/v2/project/{KEY}/archive?count=1000", headers=headers)
        page = json.loads(connection.getresponse().read())
        connection.close()
    assert known.archives.keys() <= {archive["id"] for archive in page["items"]}
    assert page["count"] <= len(known.archives) + ROUNDS * CLIENTS
