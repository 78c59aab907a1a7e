"""The state in a file: what survives, and what is refused."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.emulator.support import NOW, Api
from tokbox.emulator import Clock, create_app, schema, serve
from tokbox.emulator.store import Store
from tokbox.errors import InvalidInput


def test_file_survives_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        joined = api.join(session_id)
        api.advance(100)
        archive_id = api.start_archive(session_id, name="kept")["id"]
        api.advance(7)
        before = api.archive(archive_id)
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        assert api.archive(archive_id) == before
        # The emulated time goes on where it was.
        assert api.request("GET", "/_emulator/clock").json()["offset"] == 107_000
        (connection,) = api.project("GET", f"/session/{session_id}/connection").json()[
            "items"
        ]
        assert connection["connectionId"] == joined["connectionId"]
        api.stop_archive(archive_id)
        api.advance(1)
        archive = api.archive(archive_id)
        assert (archive["status"], archive["duration"]) == ("available", 7)


def test_link_survives_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        archive_id = api.start_archive(session_id)["id"]
        api.advance(3)
        api.stop_archive(archive_id)
        api.advance(1)
        path = api.archive(archive_id)["url"].removeprefix(server.url)
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        assert Api(server.url).request("GET", path).status == 200


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    secret = "example0secret0in0no0file"
    with serve(db=tmp_path / "emulator.db", projects={"7": secret}) as server:
        api = Api(server.url, "7", secret)
        # The credentials are refused, their clock being another one; either way is fine.
        api.request("POST", "/session/create", b"")
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in content


def test_memory_forgets(tmp_path: Path) -> None:
    for _ in range(2):
        with serve(clock=Clock(lambda: NOW)) as server:
            api = Api(server.url)
            assert api.request("GET", "/_emulator/").json()["projects"][0]["sessions"] == 0
            api.create_session()


def test_closing_leaves_one_file(tmp_path: Path) -> None:
    with serve(db=tmp_path / "emulator.db", clock=Clock(lambda: NOW)) as server:
        Api(server.url).create_session()
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.db"]


def test_other_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(InvalidInput, match=r"version \d+ of the tables \(it has 99\)"):
        Store(path)


def test_tables_of_an_older_emulator_are_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    db = sqlite3.connect(path)
    db.executescript(
        f"{schema._STEPS[0]} PRAGMA application_id = {schema._APPLICATION_ID};"
        "PRAGMA user_version = 1;"
        "INSERT INTO sessions VALUES ('s', '12345678', 5, '', 0, 0, NULL, NULL, 0, 6, NULL)"
    )
    db.close()
    store = Store(path)
    with store.transaction():
        session = store.session("s")
    store.close()
    assert session is not None
    assert (session.tenant, session.activated_ms, session.muted) == ("12345678", 6, False)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(schema._STEPS),)
    db.close()


def test_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="database of this emulator"):
        Store(path)
    assert path.read_bytes() == before


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, " * 100)
    with pytest.raises(InvalidInput, match="database of this emulator"):
        serve(db=path)


def test_folder_that_does_not_exist_is_an_error_of_sqlite(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        Store(tmp_path / "nowhere" / "emulator.db")


def test_file_that_sqlite_cannot_work_with_is_an_error_of_sqlite(tmp_path: Path) -> None:
    # Where SQLite wants to write what is not committed yet.
    (tmp_path / "emulator.db-wal").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        Store(tmp_path / "emulator.db")


def test_failed_transaction_leaves_nothing() -> None:
    store = Store()

    def fail() -> None:
        with store.transaction():
            store.set_setting("a", "1")
            with store.transaction():
                store.set_setting("b", "2")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.transaction():
        assert (store.setting("a", "none"), store.setting("b", "none")) == ("none", "none")
    store.close()


def test_transactions_of_threads_do_not_mix() -> None:
    store = Store()

    def count_up() -> None:
        for _ in range(100):
            with store.transaction():
                value = int(store.setting("n", "0"))
                store.set_setting("n", str(value + 1))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction():
        assert store.setting("n", "0") == "400"
    store.close()


def test_store_and_db_exclude_one_another(tmp_path: Path) -> None:
    store = Store()
    with pytest.raises(InvalidInput, match="not be given beside store"):
        create_app(store=store, db=tmp_path / "x.db")
    store.close()


def test_application_closes_only_the_store_that_it_opened(tmp_path: Path) -> None:
    async def run(app: Starlette) -> None:
        async with app.router.lifespan_context(app):
            pass

    store = Store()
    asyncio.run(run(create_app(store=store)))
    with store.transaction():
        assert store.setting("still", "open") == "open"
    store.close()
    app = create_app(db=tmp_path / "emulator.db")
    asyncio.run(run(app))
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        app.state.emulator.store.setting("no", "more")


def test_application_that_is_refused_closes_the_store_that_it_opened(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidInput):
        create_app(projects={"key": "x"}, db=tmp_path / "emulator.db")
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.db"]


def test_application_is_told_of_its_life_by_a_server(tmp_path: Path) -> None:
    asked = iter(["startup", "shutdown"])
    told: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": f"lifespan.{next(asked)}"}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message["type"])

    app = create_app(db=tmp_path / "emulator.db")
    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        app.state.emulator.store.setting("no", "more")
