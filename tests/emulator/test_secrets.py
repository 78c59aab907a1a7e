"""The emulator's files and responses never contain the secrets that it was given."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import ACCOUNT, ACCOUNT_SECRET, KEY, NOW, Api, credentials
from tests.support.receiver import receiving
from tests.support.rest import traceback_of
from tokbox.emulator import Clock, Server, create_app, run, serve
from tokbox.emulator.foreground import (
    ENVIRONMENT_VARIABLE,
    projects_from_environment,
    projects_from_file,
    webhooks_from_file,
)
from tokbox.emulator.store.request_log import RequestLog
from tokbox.errors import InvalidInputError

PROJECT_SECRET = "canary0secret0canary0of0the0project"
OWNER_SECRET = "canary0secret0canary0of0the0account"
WEBHOOK_SECRET = "canary0webhook0secret0canary0webhook"
CANARIES = (PROJECT_SECRET, OWNER_SECRET, WEBHOOK_SECRET)


def test_no_secret_is_in_the_log_the_request_log_the_page_or_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    shown: list[bytes] = []
    with (
        receiving() as receiver,
        serve(
            db=tmp_path / "emulator.db",
            projects={KEY: PROJECT_SECRET},
            accounts={"123456": OWNER_SECRET},
            webhooks={
                KEY: {
                    "connection_created": receiver.url,
                    "signature_secret": WEBHOOK_SECRET,
                }
            },
            clock=Clock(lambda: NOW),
        ) as server,
    ):
        api = Api(server.url, secret=PROJECT_SECRET)
        session_id = api.create_session()
        token = api.token(session_id)
        api.join_with(session_id, token)
        server.drain_webhooks()
        for path in (f"/archive/{token}", f"/archive?token={token}"):
            api.project("GET", path)
        header = credentials(secret=PROJECT_SECRET)
        for wrong in (header + "x", PROJECT_SECRET, f"{KEY}:{PROJECT_SECRET}"):
            answer = api.project("GET", "/archive", headers={"X-OPENTOK-AUTH": wrong})
            assert answer.status == 403
            shown.append(answer.body)
        for control in ("", "/state", "/requests", "/messages", "/webhooks"):
            answer = api.request("GET", f"/_emulator{control}")
            assert answer.status == 200
            shown.append(answer.body)
        shown.append(api.request("GET", f"/_emulator/session/{session_id}").body)
        shown.append(api.request("GET", "/").body)
        shown.append(repr([*server.requests(), *server.webhooks(), server]).encode())
        # While it runs, what is new is in a file beside the database.
        shown += [file.read_bytes() for file in tmp_path.iterdir()]
    shown += [file.read_bytes() for file in tmp_path.iterdir()]
    shown.append(caplog.text.encode())
    everything = b"\n".join(shown)
    # The output is complete: it contains the session ID, and a webhook was signed.
    assert session_id.encode() in everything
    assert receiver.received
    for secret in (*CANARIES, header, token):
        assert secret.encode() not in everything


def test_secrets_that_calls_make_are_shown_to_the_account_alone(
    server: Server, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    account = {"X-OPENTOK-AUTH": credentials(ACCOUNT, ACCOUNT_SECRET, ist="account")}
    made = api.request("POST", "/v2/project", {"name": "made"}, headers={**account}).json()
    path = f"/v2/project/{made['id']}"
    renewed = api.request("POST", f"{path}/refreshSecret", headers={**account}).json()
    owner = Api(server.url, key=made["id"], secret=renewed["secret"])
    session_id = owner.create_session()
    owner.join(session_id)
    shown = [
        api.request("GET", where).body
        for where in (
            *("/", "/_emulator", "/_emulator/state", "/_emulator/requests"),
            *("/_emulator/messages", "/_emulator/webhooks"),
            f"/_emulator/session/{session_id}",
        )
    ]
    shown.append(repr([server, *server.requests()]).encode())
    shown.append(caplog.text.encode())
    everything = b"\n".join(shown)
    assert made["id"].encode() in everything
    assert made["secret"] != renewed["secret"]
    for secret in (made["secret"], renewed["secret"]):
        assert secret.encode() not in everything


def test_the_log_of_an_error_of_our_own_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("planted")

    caplog.set_level(1)
    partner = {"X-OPENTOK-AUTH": None, "X-TB-PARTNER-AUTH": f"{KEY}:{PROJECT_SECRET}"}
    with serve(projects={KEY: PROJECT_SECRET}) as server:
        monkeypatch.setattr(RequestLog, "add", fail)
        answer = Api(server.url).project("GET", "/archive", headers=partner)
    assert answer.status == 500
    assert "RuntimeError: planted" in caplog.text
    assert PROJECT_SECRET not in caplog.text + answer.body.decode()


# In tracebacks that print locals, as pytest and many loggers make them.

PROJECTS = {KEY: PROJECT_SECRET}
ACCOUNTS = {"123456": OWNER_SECRET}
WEBHOOKS = {KEY: {"signature_secret": WEBHOOK_SECRET}}
#: The names of tests hold no secret, so the calls have names of their own.
FAILING: dict[str, Callable[[Path, int], Any]] = {
    "serve-bad-delay": lambda folder, port: serve(
        projects=PROJECTS, accounts=ACCOUNTS, webhooks=WEBHOOKS, processing_delay=-1
    ),
    "serve-bad-key": lambda folder, port: serve(projects={**PROJECTS, "x": "y"}),
    "serve-key-and-secret-swapped": lambda folder, port: serve(
        projects={PROJECT_SECRET: KEY}
    ),
    "serve-bad-webhook": lambda folder, port: serve(
        projects=PROJECTS, webhooks={KEY: {**WEBHOOKS[KEY], "archive": "x"}}
    ),
    "serve-port-taken": lambda folder, port: serve(port=port, projects=PROJECTS),
    "serve-no-such-folder": lambda folder, port: serve(
        db=folder / "none" / "emulator.db", projects=PROJECTS
    ),
    "create-app": lambda folder, port: create_app(
        projects=PROJECTS, accounts={**ACCOUNTS, "x": "y"}, webhooks=WEBHOOKS
    ),
    "create-app-no-such-folder": lambda folder, port: create_app(
        projects=PROJECTS, db=folder / "none" / "emulator.db"
    ),
    "run": lambda folder, port: run(projects=PROJECTS, processing_delay=-1),
    "run-port-taken": lambda folder, port: run(port=port, projects=PROJECTS),
    "run-projects-file": lambda folder, port: run(projects_file=folder / "malformed"),
    "projects-file": lambda folder, port: projects_from_file(folder / "malformed"),
    "webhooks-file": lambda folder, port: webhooks_from_file(folder / "malformed"),
    "environment": lambda folder, port: projects_from_environment(
        {ENVIRONMENT_VARIABLE: PROJECT_SECRET}
    ),
}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("name", FAILING)
def test_a_traceback_with_locals_shows_no_secret(
    name: str, tmp_path: Path, taken_port: int
) -> None:
    (tmp_path / "malformed").write_text(f'{{"{KEY}": "{PROJECT_SECRET}"')
    with pytest.raises((InvalidInputError, OSError, sqlite3.OperationalError)) as caught:
        FAILING[name](tmp_path, taken_port)
    shown = traceback_of(caught.value) + repr(vars(caught.value))
    assert [secret for secret in CANARIES if secret in shown] == []
    assert caught.value.__context__ is None
