"""The state in a file: what survives, and what is refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, create_app, serve
from tokbox.emulator.store import database as store
from tokbox.emulator.store import schema
from tokbox.emulator.store.database import Store
from tokbox.errors import InvalidInputError


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
    secret = "example0secret0in0no0file0whatever0it0is"
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


@pytest.mark.parametrize("version", [1, 99])
def test_other_version_is_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "emulator.db"
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    message = rf"version \d+ of the tables \(it has {version}\)"
    with pytest.raises(InvalidInputError, match=message):
        Store(path)


def test_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(InvalidInputError, match="database of this emulator"):
        Store(path)
    assert path.read_bytes() == before


def test_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, " * 100)
    with pytest.raises(InvalidInputError, match="database of this emulator"):
        serve(db=path)


def test_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Store(tmp_path / "nowhere" / "emulator.db")


def test_empty_path_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="db must be the path of a file"):
        Store("")


def test_file_that_sqlite_cannot_work_with_is_an_error_of_sqlite(tmp_path: Path) -> None:
    # SQLite has a limit of 512 bytes for the name of a file.
    folder = tmp_path / ("x" * 250) / ("y" * 250)
    folder.mkdir(parents=True)
    with pytest.raises(sqlite3.OperationalError):
        Store(folder / "emulator.db")


@pytest.mark.parametrize("name", [":memory:", b":memory:", Path(":memory:")], ids=repr)
def test_name_of_a_database_in_memory_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Store(name).close()
    assert [*tmp_path.iterdir()] == []


# Modes, owners and links of the files.

SIDES = ("", "-wal", "-shm")


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in folder.iterdir()}


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_files_of_a_new_database_are_for_the_owner_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, int]] = []

    class Watching(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            done = super().execute(*args)
            seen.append(modes(tmp_path))
            return done

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, **more, factory=Watching)
    )
    with serve(db=tmp_path / "emulator.db", clock=Clock(lambda: NOW)) as server:
        Api(server.url).create_session()
        assert modes(tmp_path) == {f"emulator.db{side}": 0o600 for side in SIDES}
    assert seen[0] == {"emulator.db": 0o600}
    assert all(mode == 0o600 for each in seen for mode in each.values())


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("side", SIDES)
def test_files_that_others_can_read_are_made_the_owners(tmp_path: Path, side: str) -> None:
    path = tmp_path / "restored.db"
    with serve(db=path, clock=Clock(lambda: NOW)) as server:
        session_id = Api(server.url).create_session()
        # As it is copied from a running emulator, with all that is not written back yet.
        other = tmp_path / "copy" / path.name
        other.parent.mkdir()
        for each in SIDES:
            shutil.copy(f"{path}{each}", f"{other}{each}")
    os.chmod(f"{other}{side}", 0o666)
    with serve(db=other, clock=Clock(lambda: NOW)) as server:
        assert (
            Api(server.url).request("GET", f"/_emulator/session/{session_id}").status == 200
        )
        assert modes(other.parent) == {f"restored.db{each}": 0o600 for each in SIDES}


def test_mode_of_a_database_of_something_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (x)")
    db.close()
    path.chmod(0o640)
    with pytest.raises(InvalidInputError):
        Store(path)
    assert modes(tmp_path) == {"other.db": 0o640}


def link(path: Path, to: Path) -> None:
    path.symlink_to(to)


def hard_link(path: Path, to: Path) -> None:
    os.link(to, path)


def pipe(path: Path, to: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, to: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("prepare", [link, hard_link, pipe, folder])
@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
@pytest.mark.parametrize("side", [*SIDES, "-journal"])
def test_file_that_others_may_have_prepared_is_refused_and_left_alone(
    tmp_path: Path, prepare: Callable[[Path, Path], None], existing: bool, side: str
) -> None:
    path = tmp_path / "emulator.db"
    if existing:
        Store(path).close()
        if not side:
            path.rename(tmp_path / "moved")
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    victim.chmod(0o644)
    prepare(Path(f"{path}{side}"), victim)
    with pytest.raises(PermissionError) as caught:
        Store(path)
    assert caught.value.filename == f"{path}{side}"
    assert (victim.read_bytes(), stat.S_IMODE(victim.stat().st_mode)) == (b"", 0o644)


def test_dangling_link_is_refused_and_creates_nothing(tmp_path: Path) -> None:
    (tmp_path / "emulator.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="symbolic link"):
        serve(db=tmp_path / "emulator.db")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("side", ["", "-wal"])
def test_file_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    path = tmp_path / "emulator.db"
    Store(path).close()
    owner = os.geteuid() + 1
    if os.geteuid() == 0:
        Path(f"{path}{side}").touch()
        os.chown(f"{path}{side}", owner, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: owner)
    with pytest.raises(PermissionError, match="belongs to another user"):
        Store(path)


def test_file_that_is_put_there_while_the_database_opens_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "emulator.db"
    prepare = schema.prepare

    def replaced(db: sqlite3.Connection, **options: Any) -> None:
        prepare(db, **options)
        os.unlink(f"{path}-wal")
        os.symlink(tmp_path / "elsewhere", f"{path}-wal")

    monkeypatch.setattr("tokbox.emulator.store.database.prepare", replaced)
    with pytest.raises(PermissionError, match="symbolic link"):
        Store(path)


#: Try to get the range of bytes that each SQLite connection has a shared lock on.
LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except BlockingIOError:
        print("locked")
"""


def test_second_store_leaves_the_locks_of_the_first_alone(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    stores = [Store(path), Store(path)]
    done = subprocess.run(
        [sys.executable, "-c", LOCK, path], capture_output=True, text=True, check=True
    )
    for each in stores:
        each.close()
    assert done.stdout == "locked\n"


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
    with pytest.raises(InvalidInputError, match="not be given beside store"):
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
    with pytest.raises(InvalidInputError):
        create_app(projects={"key": "x"}, db=tmp_path / "emulator.db")
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.db"]


def test_application_receives_lifespan_events_from_a_server(tmp_path: Path) -> None:
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


def test_a_database_that_cannot_be_used_now_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def prepare(db: sqlite3.Connection, *, in_file: bool) -> None:
        opened.append(db)
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(store, "prepare", prepare)
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        Store(tmp_path / "db.sqlite")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
