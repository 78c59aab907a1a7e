"""``tokbox webhooks``: samples for handlers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import tokbox.webhooks
from tests.support.applications import APPLICATION
from tests.support.cli import KEY, Result
from tests.support.receiver import receiving
from tokbox.emulator.store.webhook_outbox import NAMES

Cli = Callable[..., Result]

SECRET = "canary0signature0secret0canary"


def test_all_events_are_listed_with_their_statuses(cli: Cli) -> None:
    result = cli("webhooks", "list")
    assert (result.code, result.err) == (0, "")
    assert [line.split()[0] for line in result.out.splitlines()] == ["EVENT", *NAMES]
    listed = {
        each["event"]: each["statuses"]
        for each in json.loads(cli("webhooks", "list", "--json").out)
    }
    assert {*listed["archive_status"]} == {
        *("started", "paused", "stopped", "available", "uploaded", "expired", "failed"),
        "deleted",
    }
    assert listed["session_created"] == []


@pytest.mark.parametrize("event", NAMES)
def test_a_signed_sample_is_verified_by_a_receiver(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    monkeypatch.setenv("TOKBOX_SIGNATURE_SECRET", SECRET)
    with receiving() as receiver:
        result = cli("webhooks", "trigger", event, "--to", receiver.url)
    assert (result.code, result.err) == (0, "")
    ((path, headers, body),) = [
        (each.path, each.headers, each.body) for each in receiver.received
    ]
    assert path == "/hook"
    found = tokbox.webhooks.Receiver(SECRET).receive(headers, body)
    assert type(found) is not tokbox.webhooks.UnknownEvent
    assert found.project_id in (KEY, "")
    assert SECRET not in result.out


def test_the_answer_of_the_handler_is_printed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with receiving() as receiver:
        result = cli(
            *("--json", "webhooks", "trigger", "archive_status", "--to", receiver.url),
            *("--status", "uploaded", "--set", "name=daily", "--set", "size=7"),
            *("--signature-secret-file", str(tmp_path / "secret")),
        )
    assert result.code == 0
    found = json.loads(result.out)
    payload = found.pop("payload")
    assert found == {
        "event": "archive_status",
        "url": receiver.url,
        "signed": True,
        "status": 200,
        "body": "",
        "delivered": True,
    }
    assert (payload["status"], payload["name"], payload["size"]) == ("uploaded", "daily", 7)
    assert json.loads(receiver.received[0].body) == payload


def test_a_handler_that_fails_is_exit_code_1(cli: Cli) -> None:
    with receiving([500]) as receiver:
        result = cli("webhooks", "trigger", "sip_call_updated", "--to", receiver.url)
    assert (result.code, result.err) == (1, "")
    assert "event     sip_call_updated (ACTIVE)\n" in result.out
    assert "signed    no\n" in result.out
    assert "response  500, failed\n" in result.out
    assert "Authorization" not in receiver.received[0].headers


def test_a_handler_that_is_not_there_is_exit_code_3(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    result = cli("webhooks", "trigger", "session_created", "--to", url)
    assert (result.code, result.out) == (3, "")
    assert f"no response from {url}: ConnectionRefusedError" in result.err


def test_nested_fields_can_be_replaced(cli: Cli) -> None:
    with receiving() as receiver:
        options = ("--set", "stream.name=screen", "--project-id", APPLICATION)
        args = ("stream_created", "--to", receiver.url, *options)
        assert cli("webhooks", "trigger", *args).code == 0
    body = json.loads(receiver.received[0].body)
    assert (body["stream"]["name"], body["projectId"]) == ("screen", APPLICATION)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("archive",), "there is no event 'archive': use one of archive_status, "),
        (("archive_status", "--status", "ended"), "use one of "),
        (("session_created", "--status", "x"), "session_created: it has no status"),
        (("session_created", "--set", "x"), "--set 'x' must look like FIELD=VALUE"),
        (
            ("session_created", "--set", "size=1"),
            "there is no such field: fields are session",
        ),
        (("session_created", "--set", "event.x=1"), "there is no such field"),
        (("session_created", "--set", "a.b.c=1"), "there is no such field"),
        (("session_created", "--project-id", "12"), ""),
        (("session_created", "--project-id", "x"), "application_id"),
        (("session_created", "--to", "localhost"), "must be an http or https URL"),
        (("session_created", "--to", "ftp://x/"), "must be an http or https URL"),
    ],
)
def test_unsendable_webhooks_are_refused(
    cli: Cli, args: tuple[str, ...], words: str
) -> None:
    to = () if "--to" in args else ("--to", "http://127.0.0.1:9/")
    result = cli("webhooks", "trigger", *args, *to)
    if words:
        assert result.code == 2
        assert words in result.err
    assert result.out == ""
