"""Running the emulator: in threads, in the foreground, and without its packages."""

from __future__ import annotations

import contextlib
import errno
import gc
import inspect
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.emulator import (
    ACCOUNT_SECRET,
    KEY,
    NOW,
    OTHER_KEY,
    OTHER_SECRET,
    SECRET,
    Api,
    client_token,
    credentials,
)
from tokbox.emulator import Announcement, Clock, Rules, Server, run, serve
from tokbox.emulator.foreground import projects_from_environment, projects_from_file
from tokbox.emulator.store.keys import new_private_key, public_key_of
from tokbox.errors import InvalidInputError

CANARY = "canary0secret0canary0secret0canary0secret"
OTHER_APPLICATION = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"


def public_pem(private_key: str) -> str:
    return (
        public_key_of(private_key)
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


PUBLIC_KEY = public_pem(new_private_key())
SHORT_KEY = (
    generate_private_key(public_exponent=65537, key_size=1024)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)

# In serve().


def test_server_answers_inside_the_block_only() -> None:
    with serve() as server:
        assert Api(server.url).request("GET", "/_emulator/").status == 200
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_server_carries_what_a_client_needs() -> None:
    with serve() as server:
        assert (server.api_key, server.secret) == (KEY, SECRET)
        assert server.url == f"http://127.0.0.1:{server.port}"


def test_projects_replace_the_default() -> None:
    with serve(
        projects={OTHER_KEY: OTHER_SECRET}, clock=Clock(lambda: 1_800_000_000)
    ) as server:
        assert (server.api_key, server.secret) == (OTHER_KEY, OTHER_SECRET)
        assert Api(server.url, OTHER_KEY, OTHER_SECRET).create_session()
        assert Api(server.url).request("POST", "/session/create").status == 403


def test_several_run_at_once_and_apart() -> None:
    frozen = Clock(lambda: 1_800_000_000)
    with serve(clock=frozen) as one, serve(clock=frozen) as two:
        assert one.port != two.port
        session_id = Api(one.url).create_session()
        answer = Api(two.url).join_with(session_id, client_token(session_id))
        assert answer.status == 404


def test_stopping_leaves_no_thread_and_no_open_file() -> None:
    threads = set(threading.enumerate())
    with serve() as server:
        Api(server.url).request("GET", "/_emulator/")
    # Anything left open would warn here, which fails the test.
    gc.collect()
    assert set(threading.enumerate()) <= threads


def test_stop_twice_is_fine_and_start_twice_is_not() -> None:
    server = serve()
    server.start()
    with pytest.raises(RuntimeError, match="only once"):
        server.start()
    server.stop()
    server.stop()
    with pytest.raises(RuntimeError, match="only once"):
        server.start()


def test_server_that_never_started_can_be_stopped() -> None:
    serve().stop()


def test_taken_port_is_an_error_at_once() -> None:
    with (
        serve() as server,
        pytest.raises(OSError, match=rf"port {server.port} of 127.0.0.1; choose another"),
    ):
        serve(port=server.port)


def test_idle_connection_does_not_delay_the_stop() -> None:
    with serve() as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        idle.sendall(b"GET /_emulator/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
    idle.close()


def test_stop_does_not_wait_for_the_next_update_of_the_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tokbox.emulator.server._TICK", 3600)
    with serve() as server:
        assert server.url


def test_stop_waits_for_a_request_in_progress() -> None:
    replies = []
    with serve(clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        fault = {"X-Tokbox-Emulator": json.dumps({"delay": 0.2, "after": True})}
        call = threading.Thread(
            target=lambda: replies.append(
                api.request("POST", "/session/create", b"", headers=fault)
            )
        )
        call.start()
        while not server._uvicorn.server_state.tasks:
            time.sleep(0.01)
    call.join()
    assert [reply.status for reply in replies] == [200]


def test_replies_do_not_wait_for_acknowledgements(shared_server: Server) -> None:
    # The attributes that asyncio checks before it sets TCP_NODELAY on accepted sockets.
    assert shared_server._socket.proto == socket.IPPROTO_TCP


def test_repr_shows_no_secret() -> None:
    server = serve(projects={"7": CANARY})
    assert "canary" not in repr(server)
    server.stop()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"projects": {}}, "projects"),
        ({"projects": {"abc": "x"}}, "api_key"),
        ({"projects": {"7": ""}}, "secret"),
        ({"accounts": {"x": "y"}}, "api_key"),
        ({"applications": {"x": PUBLIC_KEY}}, "applications"),
        ({"applications": {OTHER_APPLICATION: None}}, "applications"),
        ({"applications": {OTHER_APPLICATION: "canary"}}, "applications"),
        ({"applications": {OTHER_APPLICATION: SHORT_KEY}}, "applications"),
        ({"strict": Rules(render_stop=404)}, "render_stop"),  # type: ignore[arg-type]
        ({"processing_delay": -1}, "processing_delay"),
        ({"processing_delay": float("nan")}, "processing_delay"),
    ],
)
def test_bad_option_is_refused(options: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        serve(**options)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert "canary" not in str(caught.value)


def test_strict_refuses_long_lived_credentials() -> None:
    now = 1_800_000_000
    with serve(strict=True, clock=Clock(lambda: now)) as server:
        api = Api(server.url)
        assert api.request("POST", "/session/create").status == 200
        api.headers["X-OPENTOK-AUTH"] = credentials(exp=now + 2 * 86_400)
        assert api.request("POST", "/session/create").status == 403


# Applications and accounts.


def test_key_of_the_default_application_is_made_once(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    with serve(db=db) as server:
        pem = server.private_key
        assert pem == server.private_key
        Api(server.url).request("POST", "/_emulator/reset")
        assert pem == server.private_key
    with serve(db=db) as server:
        assert pem == server.private_key
        assert pem not in repr(server)
    with serve() as server:
        assert pem != server.private_key


def test_named_applications_replace_the_default() -> None:
    pem = new_private_key()
    public = public_pem(pem)
    with serve(
        applications={OTHER_APPLICATION: public}, clock=Clock(lambda: 1_800_000_000)
    ) as server:
        assert server.application_id == OTHER_APPLICATION
        assert Api(server.url, OTHER_APPLICATION, pem=pem).create_session()
        with pytest.raises(RuntimeError, match="default application"):
            _ = server.private_key


def test_server_carries_what_an_account_needs() -> None:
    server = serve()
    assert (server.account_key, server.account_secret) == ("87654321", ACCOUNT_SECRET)
    server.stop()
    server = serve(accounts={"7": OTHER_SECRET})
    assert (server.account_key, server.account_secret) == ("7", OTHER_SECRET)
    server.stop()


@pytest.mark.parametrize("error", [SystemExit(1), OSError("no more threads")], ids=repr)
def test_failed_start_of_the_emulator_is_reported(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("uvicorn.Server.run", fail)
    server = serve()
    with pytest.raises(RuntimeError, match="did not start") as caught:
        server.start()
    assert caught.value.__cause__ is error


# Projects from elsewhere.


def test_projects_from_the_environment() -> None:
    environ = {"TOKBOX_EMULATOR_PROJECTS": "1:a, 2:b:c ,"}
    assert projects_from_environment(environ) == {"1": "a", "2": "b:c"}
    assert projects_from_environment({}) == {}


@pytest.mark.parametrize("text", ["1", "1:", ":a", "1:a,2"])
def test_malformed_environment_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        projects_from_environment({"TOKBOX_EMULATOR_PROJECTS": text + ",9:canary"})
    assert "canary" not in str(caught.value)


def test_projects_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "projects.json"
    path.write_text('{"1": "a"}')
    assert projects_from_file(path) == {"1": "a"}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"1": 2}', '{"1": "canary"', '"canary"', "\xff"]
)
def test_malformed_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "projects.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInputError) as caught:
        projects_from_file(path)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


# In the foreground.

RUN = """
import sys
from tokbox.emulator import run
run(
    port=0,
    db=sys.argv[1],
    projects_file=sys.argv[2],
    projects={"7": sys.argv[3]},
)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_prints_where_it_is_and_stops_at_a_signal(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    file = tmp_path / "projects.json"
    file.write_text(json.dumps({"40000123": CANARY}))
    process = subprocess.Popen(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            RUN,
            str(folder / "emulator.db"),
            str(file),
            CANARY,
        ],
        env={**os.environ, "TOKBOX_EMULATOR_PROJECTS": f"40000124:{CANARY}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url, *callers = (process.stdout.readline().strip() for _ in range(8))
        assert Api(url).request("GET", "/_emulator/").status == 200
        process.send_signal(number)
        out, err = process.communicate()
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out == ""
    assert callers == [
        "reachable from this machine only",
        f"api key 12345678  secret {SECRET}",
        "api key 40000124  secret (as configured)",
        "api key 40000123  secret (as configured)",
        "api key 7  secret (as configured)",
        "application 00000000-0000-4000-8000-000012345678",
        f"account 87654321  secret {ACCOUNT_SECRET}",
    ]
    assert [path.name for path in folder.iterdir()] == ["emulator.db"]


@pytest.mark.parametrize(
    ("url", "alone"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://0.0.0.0:8080", False),
        ("http://[::]:8080", False),
        ("http://192.0.2.7:8080", False),
    ],
)
def test_announcement_shows_whether_other_machines_have_access(
    url: str, alone: bool
) -> None:
    announcement = Announcement(url=url, projects={}, applications=(), accounts={})
    only, others = "this machine only", "whoever reaches it may control it"
    assert (only in announcement.lines()[1]) == alone
    assert (others in announcement.lines()[1]) != alone


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is nobody's")
def test_other_machines_have_no_access_by_default() -> None:
    for default in (serve, run):
        assert inspect.signature(default).parameters["host"].default == "127.0.0.1"
    with serve() as server, socket.socket() as elsewhere:
        assert server.host == "127.0.0.1"
        # Another address of this machine is not answered at.
        assert elsewhere.connect_ex(("127.0.0.2", server.port)) == errno.ECONNREFUSED


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """End an emulator in the foreground once it has started."""

    @contextlib.contextmanager
    def at_once(event: threading.Event) -> Iterator[None]:
        event.set()
        yield

    monkeypatch.setattr("tokbox.emulator.foreground._on_signals", at_once)


@pytest.mark.usefixtures("stopping")
def test_private_key_replaces_a_file_that_others_can_read(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("x" * 10_000)
    path.chmod(0o666)
    run(port=0, key_out=path, out=io.StringIO())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert path.read_text().endswith("-----END PRIVATE KEY-----\n")


@pytest.mark.usefixtures("stopping")
@pytest.mark.parametrize(
    "prepare",
    [
        lambda path, victim: path.symlink_to(victim),
        lambda path, victim: os.link(victim, path),
        lambda path, victim: os.mkfifo(path),
        lambda path, victim: path.mkdir(),
    ],
    ids=["link", "hard link", "pipe", "folder"],
)
def test_private_key_is_not_written_to_a_file_that_others_may_have_prepared(
    tmp_path: Path, prepare: Callable[[Path, Path], None]
) -> None:
    path, victim = tmp_path / "key.pem", tmp_path / "victim"
    victim.write_text("content")
    victim.chmod(0o644)
    prepare(path, victim)
    out = io.StringIO()
    with pytest.raises(PermissionError) as caught:
        run(port=0, key_out=path, out=out)
    assert caught.value.filename == str(path)
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("content", 0o644)
    assert out.getvalue() == ""


@pytest.mark.usefixtures("stopping")
def test_private_key_is_not_written_through_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        run(port=0, key_out=tmp_path / "key.pem", out=io.StringIO())
    assert not (tmp_path / "elsewhere").exists()


# Without its packages.


def in_fresh_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_importing_the_package_loads_none_of_its_packages() -> None:
    code = (
        "import sys, tokbox, tokbox.emulator;"
        "print([m for m in ('starlette', 'uvicorn', 'jwt', 'tokbox.rest') if m in sys.modules])"
    )
    assert in_fresh_python(code) == "[]"


def test_emulator_does_not_import_the_client() -> None:
    code = (
        "import sys, tokbox.emulator as e; e.serve, e.create_app;"
        "print([m for m in sys.modules if m.startswith(('tokbox.rest', 'urllib3'))])"
    )
    assert in_fresh_python(code) == "[]"


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("starlette", "starlette"),
        ("uvicorn", "uvicorn"),
        ("cryptography", "cryptography"),
        ("websockets", "websockets"),
    ],
)
def test_missing_package_is_named_with_its_extra(module: str, package: str) -> None:
    code = f"""
import json, sys
sys.modules[{module!r}] = None
import tokbox.emulator
from tokbox.errors import MissingDependencyError
try:
    tokbox.emulator.serve()
except MissingDependencyError as error:
    print(json.dumps([error.package, error.extra]))
"""
    assert json.loads(in_fresh_python(code)) == [package, "emulator"]


def test_package_that_another_lacks_is_not_taken_for_the_extra() -> None:
    code = """
import sys
sys.modules["anyio"] = None
import tokbox.emulator
try:
    tokbox.emulator.serve
except ModuleNotFoundError as error:
    print(type(error).__name__, error.name.partition(".")[0])
"""
    assert in_fresh_python(code) == "ModuleNotFoundError anyio"


def test_unknown_name_is_an_attribute_error() -> None:
    import tokbox.emulator

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tokbox.emulator.nothing  # noqa: B018
    assert "serve" in dir(tokbox.emulator)
