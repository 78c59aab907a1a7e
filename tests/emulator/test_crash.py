"""After ``kill -9`` at any moment, all acknowledged changes are still there."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.emulator import credentials
from tests.support.survival import ARCHIVES, Acknowledged, Client, damage, lost, running

ROUNDS = 6
CLIENTS = 4


def drive_and_kill(db: Path, known: Acknowledged, chance: random.Random) -> None:
    """Run clients, and kill the emulator at a random moment."""
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
        assert [client.refused for client in clients] == [[]] * CLIENTS


def check(db: Path, known: Acknowledged) -> None:
    """Find everything that was acknowledged, and nothing that is half there."""
    assert damage(db) == []
    with contextlib.closing(sqlite3.connect(db)) as raw:
        created = dict(
            raw.execute(
                "SELECT replace(path, '/v2/project/12345678', ''), count(*) "
                "FROM requests WHERE created GROUP BY path"
            )
        )
        requests = {row[0] for row in raw.execute("SELECT request_id FROM requests")}
        counts = [
            raw.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]
            for rows in (
                "sessions",
                "jobs WHERE kind = 'archive'",
                "jobs WHERE kind = 'broadcast'",
            )
        ]
    # The request log and the tables agree to the last call, acknowledged or not.
    paths = ("/session/create", "/archive", "/broadcast")
    assert counts == [created.get(path, 0) for path in paths]
    assert known.requests <= requests
    assert lost(db, known) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
def test_acknowledged_changes_survive_kill_9_at_any_moment(tmp_path: Path) -> None:
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
        connection.request("GET", f"{ARCHIVES}?count=1000", headers=headers)
        page = json.loads(connection.getresponse().read())
        connection.close()
    assert known.archives.keys() <= {archive["id"] for archive in page["items"]}
    assert page["count"] <= len(known.archives) + ROUNDS * CLIENTS
