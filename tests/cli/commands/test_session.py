"""``tokbox session create``."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.cli import KEY, Result, environment, run, run_on_terminal
from tokbox.emulator import Server
from tokbox.tokens.claims import check_session_id

Cli = Callable[..., Result]


def test_pipe_gets_the_id_alone(cli: Cli, server: Server) -> None:
    result = cli("session", "create")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("\n")
    check_session_id(result.out.rstrip("\n"), KEY)


def test_json_has_the_properties_of_the_session(cli: Cli, server: Server) -> None:
    document = json.loads(cli("session", "create", "--json").out)
    check_session_id(document["session_id"], KEY)
    assert set(document) == {
        "session_id",
        "project_id",
        "partner_id",
        "create_dt",
        "session_status",
        "media_server_url",
    }


def test_terminal_gets_names_and_values(server: Server) -> None:
    result = run_on_terminal(
        ["session", "create"], env=environment(TOKBOX_API_URL=server.url)
    )
    assert result.code == 0
    assert "create_dt" in result.out


def test_url_option_goes_before_the_variable(
    cli: Cli, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_API_URL", "http://127.0.0.1:1")
    assert cli("session", "create", "--api-url", server.url).code == 0


def test_location_goes_into_the_session(cli: Cli, server: Server) -> None:
    result = cli("session", "create", "--location", "203.0.113.7")
    assert check_session_id(result.out.strip(), KEY).location == "203.0.113.7"


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("--location", "somewhere"), "--location"),
        (("--media-mode", "p2p"), "--media-mode"),
        (("--archive-name", "x"), "--archive-name"),
        (("--archive-mode", "always", "--archive-resolution", "big"), "--archive-resol"),
        (("--e2ee", "--media-mode", "relayed"), "--e2ee"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_named_before_anything_is_sent(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], named: str
) -> None:
    # If it were sent, there would be no answer, and code 3.
    monkeypatch.setenv("TOKBOX_API_URL", "http://127.0.0.1:1")
    result = cli("session", "create", *args)
    assert result.code == 2
    assert named in result.err


def test_unarchivable_session_is_a_warning_in_one_line(server: Server) -> None:
    result = run(
        ["session", "create", "--media-mode", "relayed", "--archive-mode", "always"],
        env=environment(TOKBOX_API_URL=server.url),
    )
    assert result.code == 0
    assert result.err.startswith("tokbox: warning: archives need the media router")
    assert result.err.count("\n") == 1


def test_session_token_and_inspect_fit_together(cli: Cli, server: Server) -> None:
    created = cli("session", "create")
    signed = cli("token", "-", stdin=created.out)
    assert (
        cli("inspect", "-", "--session-id", created.out.strip(), stdin=signed.out).code == 0
    )
