"""``tokbox project``: the projects of an account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Result, environment, run_on_terminal
from tokbox import Tokbox
from tokbox.emulator import DEFAULT_ACCOUNT_KEY, DEFAULT_ACCOUNT_SECRET, Server

Cli = Callable[..., Result]


@pytest.fixture
def account(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("TOKBOX_ACCOUNT_KEY", DEFAULT_ACCOUNT_KEY)
    monkeypatch.setenv("TOKBOX_ACCOUNT_SECRET", DEFAULT_ACCOUNT_SECRET)
    return server


def test_a_project_lives_from_its_creation_to_its_end(cli: Cli, account: Server) -> None:
    made = json.loads(cli("project", "create", "--name", "rooms", "--json").out)
    key, secret = made["id"], made["secret"]
    assert (made["name"], made["status"]) == ("rooms", "ACTIVE")
    with Tokbox(key, secret, account.url) as client:
        client.new_session()
    for command, status in (("suspend", "SUSPENDED"), ("activate", "ACTIVE")):
        result = cli("project", command, key)
        assert (result.code, result.err) == (0, "")
        assert f"status       {status}\n" in result.out
    result = cli("project", "refresh-secret", key)
    assert result.code == 0
    new = result.out.strip()
    assert new not in ("", secret)
    with Tokbox(key, new, account.url) as client:
        client.new_session()
    assert cli("project", "delete", key).out == f"deleted  {key}\n"
    assert cli("project", "get", key).code == 1


def test_secrets_are_printed_only_by_the_commands_for_them(
    cli: Cli, account: Server
) -> None:
    created = cli("project", "create")
    key, secret = (
        line.split()[1]
        for line in created.out.splitlines()[:: len(created.out.splitlines()) - 1]
    )
    for args in (("list",), ("get", key), ("suspend", key), ("activate", key)):
        for more in ((), ("--json",)):
            result = cli("project", *args, *more)
            assert result.code == 0
            assert key in result.out
            assert secret not in result.out
    found = json.loads(cli("project", "refresh-secret", key, "--json").out)
    assert found["id"] == key
    assert found["secret"] not in ("", secret)


def test_a_terminal_shows_the_new_secret_with_its_project(
    account: Server, cli: Cli
) -> None:
    key = json.loads(cli("project", "create", "--json").out)["id"]
    env = environment(
        TOKBOX_API_URL=account.url,
        TOKBOX_ACCOUNT_KEY=DEFAULT_ACCOUNT_KEY,
        TOKBOX_ACCOUNT_SECRET=DEFAULT_ACCOUNT_SECRET,
        NO_COLOR="1",
    )
    result = run_on_terminal(["project", "refresh-secret", key], env=env)
    assert [line.split()[0] for line in result.out.splitlines()] == ["id", "secret"]


@pytest.mark.parametrize("source", ["option", "variable"])
def test_the_secret_of_the_account_can_be_in_a_file(
    cli: Cli,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    file = tmp_path / "secret"
    file.write_text(DEFAULT_ACCOUNT_SECRET + "\n")
    args = ["--account-key", DEFAULT_ACCOUNT_KEY, "--api-url", server.url]
    if source == "option":
        args += ["--account-secret-file", str(file)]
    else:
        monkeypatch.setenv("TOKBOX_ACCOUNT_SECRET_FILE", str(file))
    monkeypatch.delenv("TOKBOX_API_URL")
    assert cli("project", "list", *args).code == 0


def test_missing_credentials_of_an_account_are_named(cli: Cli) -> None:
    result = cli("project", "list")
    assert (result.code, result.out) == (2, "")
    assert "set TOKBOX_ACCOUNT_KEY and TOKBOX_ACCOUNT_SECRET" in result.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TOKBOX_ACCOUNT_KEY", "x", "the key of the account must"),
        ("TOKBOX_ACCOUNT_SECRET", "x y", "the secret of the account must"),
        ("TOKBOX_API_URL", "x", "the API URL must"),
    ],
)
def test_wrong_credentials_of_an_account_are_explained(
    cli: Cli,
    account: Server,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv(name, value)
    result = cli("project", "list")
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_no_response_names_the_url(
    cli: Cli, account: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_RETRIES", "0")
    result = cli("project", "list", "--api-url", "http://127.0.0.1:9")
    assert result.code == 3
    assert "API URL: http://127.0.0.1:9" in result.err
