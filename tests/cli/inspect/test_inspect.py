"""``tokbox inspect``: what a token says, and why it would be refused."""

from __future__ import annotations

import base64
import hmac
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.cli import (
    COMMAND,
    KEY,
    OTHER_SESSION,
    SECRET,
    SESSION,
    Result,
    environment,
    run_on_terminal,
)
from tests.support.dialects import sign_hs256
from tokbox import Signer

Cli = Callable[..., Result]


def make(secret: str = SECRET, key: str = KEY, **fields: object) -> str:
    """Sign what no signer of ours would."""
    now = int(time.time())
    said: dict[str, object] = {
        "session_id": SESSION,
        "create_time": now,
        "expire_time": now + 3600,
        "role": "publisher",
        "nonce": 1,
        **fields,
    }
    data = urlencode({name: value for name, value in said.items() if value is not None})
    signature = hmac.new(secret.encode(), data.encode(), "sha1").hexdigest()
    raw = f"partner_id={key}&sig={signature}:{data}"
    return "T1==" + base64.b64encode(raw.encode()).decode()


@pytest.fixture
def no_credentials(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKBOX_API_KEY")
    monkeypatch.delenv("TOKBOX_SECRET")


def examine(cli: Cli, token: str, *options: str) -> tuple[int, dict[str, object]]:
    result = cli("inspect", "--json", "-", *options, stdin=token)
    assert result.err == ""
    return result.code, json.loads(result.out)


# Good tokens.


def test_good_token_is_explained_and_verified(cli: Cli) -> None:
    token = Signer(KEY, SECRET).session(SESSION).token("moderator", "some data", 7200)
    result = cli("inspect", token)
    assert result.code == 0
    for part in (KEY, SESSION, "moderator", "some data", "would be accepted"):
        assert part in result.out
    assert re.search(r"^signature +good$", result.out, re.MULTILINE)


def test_token_is_not_repeated(cli: Cli) -> None:
    token = make()
    result = cli("inspect", token)
    assert token not in result.out
    assert token[20:60] not in result.out


def test_json_has_every_claim(cli: Cli) -> None:
    now = int(time.time())
    code, document = examine(
        cli,
        make(
            create_time=now,
            expire_time=now + 60,
            connection_data="d",
            initial_layout_class_list="a b",
            scope="session.connect",
            new="thing",
        ),
    )
    assert code == 0
    assert document == {
        "kind": "t1",
        "algorithm": "HMAC-SHA1",
        "refused": False,
        "reason": None,
        "reasons": [],
        "signature": "good",
        "project_id": KEY,
        "session_id": SESSION,
        "role": "publisher",
        "connection_data": "d",
        "initial_layout_class_list": ["a", "b"],
        "create_time": now,
        "expire_time": now + 60,
        "end_time": now + 60,
        "nonce": "1",
        "scope": "session.connect",
        "not_before": None,
        "unknown": {"new": "thing"},
    }


def test_token_without_an_end_lives_for_a_day(cli: Cli) -> None:
    result = cli("inspect", make(expire_time=None))
    assert result.code == 0
    assert "24 h after it was made" in result.out


@pytest.mark.parametrize("args", [("inspect",), ("inspect", "-")], ids=" ".join)
def test_token_may_come_from_standard_input(cli: Cli, args: tuple[str, ...]) -> None:
    assert cli(*args, stdin=f"  {make()}\n").code == 0


def test_without_credentials_it_says_that_nothing_was_checked(
    cli: Cli, no_credentials: None
) -> None:
    result = cli("inspect", make(secret="whatever"))
    assert result.code == 0
    assert "not checked (there are no credentials)" in result.out
    assert "if its signature is good" in result.out


def test_half_of_the_credentials_are_no_obstacle(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKBOX_SECRET")
    result = cli("inspect", make())
    assert result.code == 0
    assert "not checked (TOKBOX_SECRET" in result.out


def test_bad_credentials_that_were_asked_for_are_an_error(cli: Cli) -> None:
    result = cli("inspect", make(), "--secret-file", "/nowhere")
    assert (result.code, result.out) == (2, "")


def test_credentials_that_do_not_go_together_are_an_error_if_asked_for(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    result = cli("inspect", make(), "--secret-file", str(tmp_path / "empty"))
    assert (result.code, result.out) == (2, "")


def test_terminal_says_what_it_waits_for() -> None:
    waits = "reading the token from the terminal; Ctrl-D ends it"
    result = run_on_terminal(["inspect"], answer=(waits, f"{make()}\n\x04"))
    assert result.code == 0
    assert "would be accepted" in result.out


def test_standard_input_that_is_no_text_is_refused() -> None:
    done = subprocess.run(
        [*COMMAND, "inspect"],
        input=b"T1==\xff",
        capture_output=True,
        env=environment(PYTHONIOENCODING="utf-8:strict"),
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"the token on standard input is not text" in done.stderr


# Tokens that would be refused.


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"expire_time": int(time.time()) - 7200}, "expired 2 h"),
        ({"create_time": int(time.time()) + 86_400}, "in the future"),
        ({"expire_time": int(time.time()) + 40 * 86_400}, "30 days are the most"),
        ({"role": "emperor"}, "its role must be one of"),
        ({"session_id": OTHER_SESSION}, f"its session_id must belong to API key {KEY}"),
        ({"session_id": "nonsense"}, "its session_id must be a session id"),
        ({"connection_data": "x" * 1001}, "its connection_data must have at most 1000"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("checked", [True, False], ids=["checked", "unchecked"])
def test_reason_is_given_with_and_without_credentials(
    cli: Cli,
    request: pytest.FixtureRequest,
    fields: dict[str, object],
    reason: str,
    checked: bool,
) -> None:
    if not checked:
        request.getfixturevalue("no_credentials")
    code, document = examine(cli, make(**fields))
    assert code == 4
    assert document["refused"] is True
    assert document["signature"] == ("good" if checked else "not checked")
    reasons = document["reasons"]
    assert isinstance(reasons, list)
    assert any(reason in each for each in reasons), reasons


def test_all_reasons_are_given(cli: Cli) -> None:
    then = 1_700_000_000
    code, document = examine(
        cli, make("other", role="emperor", create_time=then, expire_time=then + 60)
    )
    assert code == 4
    reasons = document["reasons"]
    assert isinstance(reasons, list)
    assert [reason.split()[1] for reason in reasons] == ["signature", "expired", "role"]
    assert document["reason"] == "bad_signature"


def test_altered_token_has_a_wrong_signature(cli: Cli) -> None:
    code, document = examine(cli, make(secret="not the secret"))
    assert (code, document["signature"]) == (4, "wrong")


def test_token_of_another_key_is_refused(cli: Cli) -> None:
    code, document = examine(cli, make(key="40000123", session_id=OTHER_SESSION))
    assert (code, document["signature"]) == (4, "not checked")
    assert document["reason"] == "wrong_key"
    assert document["reasons"] == [
        f"it was made for API key 40000123, not for API key {KEY}"
    ]


def test_token_of_another_session_is_refused_if_asked(cli: Cli) -> None:
    assert examine(cli, make(), "--session", SESSION)[0] == 0
    code, document = examine(cli, make(), "--session", OTHER_SESSION)
    assert code == 4
    assert document["reason"] == "wrong_session"
    assert document["reasons"] == [
        "it is for another session than the one asked for: make one for that"
    ]


# What is no token.


def jwt(secret: str = SECRET, **claims: object) -> str:
    return sign_hs256(claims, secret)


def test_jwt_that_is_no_client_token_is_read(cli: Cli) -> None:
    result = cli("inspect", jwt(iss=KEY, exp=1_700_000_000, role="publisher"))
    assert result.code == 4
    assert "it names no session; those of REST calls and callbacks do not" in result.out
    assert re.search(r"^exp +2023-11-14 22:13:20Z \(.* ago\)$", result.out, re.MULTILINE)
    assert re.search(r"^algorithm +HS256$", result.out, re.MULTILINE)


@pytest.mark.parametrize("value", ["1e400", "NaN", "-Infinity", "1e300", "true", '"x"'])
def test_jwt_with_absurd_times_is_still_shown(cli: Cli, value: str) -> None:
    body = base64.urlsafe_b64encode(b'{"exp": %b}' % value.encode()).decode()
    result = cli("inspect", f"eyJhbGciOiJub25lIn0.{body.rstrip('=')}.x")
    assert result.code == 4
    assert "exp" in result.out


def test_jwt_as_json(cli: Cli) -> None:
    code, document = examine(cli, jwt(iss=KEY))
    assert code == 4
    assert (document["kind"], document["refused"]) == ("JWT", True)
    assert document["claims"] == {"iss": KEY}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("eyJhbGciOiJIUzI1NiJ9", "it must have three parts: it was cut off; was all of it"),
        ("eyJ.e.x", "it was cut off, or its base64url is damaged; was all of it copied?"),
        ("eyJ.é.x", "it was cut off"),
        ("eyJ9.e30.AA", "it does not hold JSON objects; it was damaged on its way"),
        ("eyJhbGciOiJIUzI1NiJ9.W10.AA", "its signature was cut off"),
    ],
)
def test_damaged_jwt_is_called_so(cli: Cli, text: str, hint: str) -> None:
    result = cli("inspect", text)
    assert result.code == 4
    assert "client error 1004: " in result.out
    assert hint in result.out


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda token: "", "it is empty"),
        (lambda token: SESSION, "looks like a session id"),
        (lambda token: f'"{token}"', "take the quotes away"),
        (lambda token: token.replace("=", "%3D"), "encoded for a URL"),
        (lambda token: token[4:], "the T1== at its beginning was lost; put it back"),
        (lambda token: f"Bearer {token}", "take the word Bearer away"),
        (lambda token: token[:50] + "*" + token[51:], "copy it again"),
        (lambda token: token[:-3], "was all of it copied?"),
        (lambda token: token[:50] + "\n" + token[50:], "spaces or line breaks"),
        (lambda token: "hello world", "spaces"),
        (lambda token: "\ud800", "must begin with T1=="),
    ],
)
def test_what_is_no_token_gets_a_hint(
    cli: Cli, spoil: Callable[[str], str], hint: str
) -> None:
    code, document = examine(cli, spoil(make()))
    assert code == 4
    assert isinstance(document["reasons"], list)
    assert hint in document["reasons"][0]


def test_claims_cannot_drive_the_terminal() -> None:
    evil = "\x1b]0;title\x07\x1b[2J[bold]x[/bold]"
    result = run_on_terminal(
        ["inspect", make(connection_data=evil)], env=environment(NO_COLOR="1")
    )
    assert "\x1b" not in result.out
    assert "\\x1b]0;title\\x07\\x1b[2J[bold]x[/bold]" in result.out
