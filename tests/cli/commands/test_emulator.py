"""``tokbox emulator`` in a process of its own."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.cli import COMMAND, SECRET, Result, environment, run, run_on_terminal
from tests.support.emulator import ACCOUNT_SECRET, Api
from tests.support.emulator import SECRET as DEFAULT_SECRET
from tests.support.receiver import receiving
from tokbox import Tokbox
from tokbox.emulator import connect
from tokbox.emulator import run as run_emulator
from tokbox.emulator.store import database as store

Cli = Callable[..., Result]

APPLICATION = "00000000-0000-4000-8000-000012345678"
DEFAULT = {"TOKBOX_API_KEY": "12345678", "TOKBOX_SECRET": DEFAULT_SECRET}


@contextlib.contextmanager
def running(*args: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, "emulator", "--port", "0", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(**env),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Its remaining output; communicate() would lose what readline() has buffered."""
    assert process.stdout is not None
    assert process.stderr is not None
    return process.stdout.read(), process.stderr.read()


def create_session(url: str, key: str = "12345678", secret: str = DEFAULT_SECRET) -> None:
    with Tokbox(key, secret, url) as tb:
        assert tb.new_session().session_id


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_line_is_the_url_and_a_signal_ends_it_well(number: int) -> None:
    with running() as process:
        url = first_line(process)
        assert url.startswith("http://127.0.0.1:")
        env = environment(TOKBOX_API_URL=url, **DEFAULT)
        assert run(["session", "create"], env=env).code == 0
        process.send_signal(number)
        out, err = rest(process)
        assert (process.wait(), err) == (0, "")
        assert out.splitlines() == [
            "reachable from this machine only",
            f"api key 12345678  secret {DEFAULT_SECRET}",
            "application 00000000-0000-4000-8000-000012345678",
            f"account 87654321  secret {ACCOUNT_SECRET}",
        ]


def test_json_is_one_document() -> None:
    with running("--json") as process:
        lines = []
        while lines[-1:] != ["}"]:
            lines.append(first_line(process))
            assert lines[-1]
        document = json.loads("\n".join(lines))
        create_session(document["url"])
        assert document["projects"] == [
            {"api_key": "12345678", "public_secret": DEFAULT_SECRET}
        ]
        assert document["applications"] == [{"application_id": APPLICATION}]
        assert document["accounts"] == [
            {"account_key": "87654321", "public_secret": ACCOUNT_SECRET}
        ]
        process.terminate()
        assert rest(process) == ("", "")


def test_projects_come_from_a_file_and_their_secrets_stay_there(tmp_path: Path) -> None:
    projects = tmp_path / "projects.json"
    projects.write_text(json.dumps({"777": SECRET}))
    with running("--projects", str(projects)) as process:
        create_session(first_line(process), "777", SECRET)
        process.terminate()
        out, err = rest(process)
        assert "api key 777" in out
        assert "canary" not in out + err


@pytest.mark.trap(100)
def test_short_secrets_cause_a_warning_on_standard_error() -> None:
    with running(TOKBOX_EMULATOR_PROJECTS="777:canary0secret") as process:
        create_session(first_line(process), "777", "canary0secret")
        process.terminate()
        out, err = rest(process)
    assert err.startswith(
        "tokbox: warning: the secret of project 777 has fewer than 32 bytes"
    )
    assert "jose4j" in err
    assert "canary" not in out + err


def test_further_host_names_are_allowed_by_an_option(cli: Cli) -> None:
    with running(
        "--allow-host", "proxy.example", "--allow-host", "[2001:db8::7]"
    ) as process:
        api = Api(first_line(process))
        for host in ("proxy.example:80", "[2001:db8::7]"):
            assert api.request("GET", "/", headers={"Host": host}).status == 200
        assert api.request("GET", "/", headers={"Host": "evil.example"}).status == 403
    result = cli("emulator", "--allow-host", "proxy.example:80")
    assert result.code == 2
    assert result.err.startswith("tokbox: error: --allow-host must be host names")


def test_private_key_goes_to_a_file_of_its_own_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "application.pem"
    with running("--key-out", str(path)) as process:
        first_line(process)
        process.terminate()
        out, err = rest(process)
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in out + err


@pytest.mark.parametrize("option", ["--key-out", "--db"])
def test_link_in_place_of_a_file_to_write_is_one_line_and_2(
    cli: Cli, tmp_path: Path, option: str
) -> None:
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "elsewhere")
    result = cli("emulator", "--port", "0", option, str(path))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"tokbox: error: {path}: it is a symbolic link; ")
    assert result.err.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["link"]


def test_further_application_comes_with_a_public_key(tmp_path: Path) -> None:
    path = tmp_path / "public.pem"
    path.write_bytes(
        generate_private_key(public_exponent=65537, key_size=2048)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    application_id = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
    with running("--application", f"{application_id}={path}") as process:
        first_line(process)
        process.terminate()
        out, _ = rest(process)
    assert f"application {application_id}" in out


def test_rules_are_switched_one_by_one() -> None:
    with running("--strict", "--rule", "render_stop=204") as process:
        rules = index(first_line(process))["rules"]
        process.terminate()
    assert (rules["refuse_odd_methods"], rules["render_stop"]) == (True, 204)


def test_state_survives_in_a_file(tmp_path: Path) -> None:
    db = tmp_path / "state.db"
    counts = []
    for _ in range(2):
        with running("--db", str(db)) as process:
            url = first_line(process)
            create_session(url)
            counts.append(count_sessions(url))
            process.terminate()
            assert process.wait() == 0
    assert counts == [1, 2]


def count_sessions(url: str) -> int:
    return int(index(url)["projects"][0]["sessions"])


def index(url: str) -> dict[str, Any]:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /_emulator/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
        with connection.makefile("rb") as answer:
            body = answer.read().partition(b"\r\n\r\n")[2]
    document: dict[str, Any] = json.loads(body)
    return document


def test_default_port_is_10865_in_every_entry_point(cli: Cli) -> None:
    shown = " ".join(cli("emulator", "--help").out.split())
    assert re.search(r"--port [^-]*10865", shown)
    for call, name in ((run_emulator, "port"), (connect, "url")):
        default = inspect.signature(call).parameters[name].default
        assert str(default).endswith("10865")


def test_taken_port_is_one_line(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("emulator", "--port", str(port))
    assert result.code == 2
    assert f"port {port} of 127.0.0.1 is in use: choose another" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--port", "70000"], "--port"),
        (["--db", "/nowhere/at/all.db"], "/nowhere/at/all.db"),
        (["--projects", "/nowhere/at/all.json"], "/nowhere/at/all.json"),
        (["--key-out", "/nowhere/at/all.pem"], "/nowhere/at/all.pem"),
        (["--application", "x"], "--application x"),
        (["--application", "x=/nowhere/at/all.pem"], "/nowhere/at/all.pem"),
        (["--application", f"x={__file__}"], "UUID"),
        (["--rule", "render_stop"], "--rule render_stop"),
        (["--rule", "render_stop=7"], "204"),
        (["--processing-delay", "-1"], "--processing-delay"),
        (["--host", "203.0.113.7"], "203.0.113.7"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_unusable_options_are_named(cli: Cli, args: list[str], named: str) -> None:
    result = cli("emulator", *args)
    assert result.code == 2
    assert result.out == ""
    assert named in result.err
    assert result.err.count("\n") == 1


def test_file_that_is_not_a_database_is_refused(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("nothing of the sort" * 100)
    result = cli("emulator", "--db", str(file))
    assert result.code == 2
    assert result.err.startswith("tokbox: error: --db must be a database")
    assert file.read_text() == "nothing of the sort" * 100


def test_bad_projects_file_is_refused_without_its_content(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text(f'{{"777": "{SECRET}"')
    result = cli("emulator", "--projects", str(file))
    assert result.code == 2
    assert "canary" not in result.err


def test_busy_port_on_a_terminal_is_plain_too() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run_on_terminal(["emulator", "--port", str(taken.getsockname()[1])])
    assert result.code == 2
    assert "\x1b" not in result.out


def test_terminal_shows_what_to_do_next() -> None:
    env = environment(TOKBOX_EMULATOR_PROJECTS=f"777:{SECRET}", NO_COLOR="1")
    result = run_on_terminal(
        ["emulator", "--port", "0"], env=env, until="tokbox session create"
    )
    assert result.code == 0
    url, *lines = result.out.splitlines()
    assert url.startswith("http://127.0.0.1:")
    assert lines == [
        "reachable from this machine only",
        f"api key 12345678  secret {DEFAULT_SECRET}",
        "api key 777  secret (as configured)",
        f"application {APPLICATION}",
        f"account 87654321  secret {ACCOUNT_SECRET}",
        "",
        "Stop it with Ctrl-C. In another terminal:",
        f"  export TOKBOX_API_URL={url}",
        f"  export TOKBOX_API_KEY=12345678 TOKBOX_SECRET={DEFAULT_SECRET}",
        "  tokbox session create",
    ]


def test_webhooks_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.json"
    with receiving() as receiver:
        file.write_text(json.dumps({"12345678": {"connection_created": receiver.url}}))
        with running("--webhooks", str(file)) as process:
            url = first_line(process)
            with Tokbox("12345678", DEFAULT_SECRET, url) as tb:
                session = tb.new_session()
                assert Api(url).join_with(session.session_id, session.token()).status == 201
            while not receiver.received:
                assert process.poll() is None
                time.sleep(0.01)
            process.terminate()
            assert process.wait() == 0
    assert receiver.received[0].json()["sessionId"] == session.session_id


@pytest.mark.parametrize("content", ["{", "[]", '{"12345678": "http://localhost/"}'])
def test_file_without_webhooks_is_refused(cli: Cli, tmp_path: Path, content: str) -> None:
    file = tmp_path / "webhooks.json"
    file.write_text(content)
    result = cli("emulator", "--webhooks", str(file))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("tokbox: error: webhooks must be a JSON file such as")


def test_a_database_that_is_locked_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*args: object, **options: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(store, "prepare", locked)
    path = tmp_path / "db.sqlite"
    result = cli("emulator", "--port", "0", "--db", str(path))
    assert result.code == 2
    assert f"--db {path}: database is locked" in result.err
