"""``tokbox inspect``: the claims of a token, and why it would be refused."""

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

from tests.support.applications import APPLICATION
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
    """Sign claims that tokbox would refuse to sign."""
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
    assert re.search(r"^signature +valid$", result.out, re.MULTILINE)


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
        "signature": "valid",
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
    assert "24 h after it was signed" in result.out


@pytest.mark.parametrize("args", [("inspect",), ("inspect", "-")], ids=" ".join)
def test_token_may_come_from_standard_input(cli: Cli, args: tuple[str, ...]) -> None:
    assert cli(*args, stdin=f"  {make()}\n").code == 0


def test_without_credentials_the_output_reports_that_nothing_was_checked(
    cli: Cli, no_credentials: None
) -> None:
    result = cli("inspect", make(secret="whatever"))
    assert result.code == 0
    assert "not verified (no credentials are set)" in result.out
    assert "if its signature is valid" in result.out


def test_half_of_the_credentials_are_no_obstacle(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKBOX_SECRET")
    result = cli("inspect", make())
    assert result.code == 0
    assert "not verified (TOKBOX_SECRET" in result.out


def test_bad_credentials_given_as_options_are_an_error(cli: Cli) -> None:
    result = cli("inspect", make(), "--secret-file", "/nowhere")
    assert (result.code, result.out) == (2, "")


def test_mismatched_credentials_given_as_options_are_an_error(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    result = cli("inspect", make(), "--secret-file", str(tmp_path / "empty"))
    assert (result.code, result.out) == (2, "")


def test_terminal_shows_a_prompt_for_input() -> None:
    waits = "reading the token from the terminal: finish with Ctrl-D"
    result = run_on_terminal(["inspect"], answer=(waits, f"{make()}\n\x04"))
    assert result.code == 0
    assert "would be accepted" in result.out


def test_standard_input_that_is_not_text_is_refused() -> None:
    done = subprocess.run(
        [*COMMAND, "inspect"],
        input=b"T1==\xff",
        capture_output=True,
        env=environment(PYTHONIOENCODING="utf-8:strict"),
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"standard input is not UTF-8 text: the token" in done.stderr


# Tokens that would be refused.


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"expire_time": int(time.time()) - 7200}, "expired 2 h"),
        ({"create_time": int(time.time()) + 86_400}, "in the future"),
        ({"expire_time": int(time.time()) + 40 * 86_400}, "the maximum is 30 days"),
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
    assert document["signature"] == ("valid" if checked else "not verified")
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
    assert (code, document["signature"]) == (4, "invalid")


def test_token_of_another_key_is_refused(cli: Cli) -> None:
    code, document = examine(cli, make(key="40000123", session_id=OTHER_SESSION))
    assert (code, document["signature"]) == (4, "not verified")
    assert document["reason"] == "wrong_key"
    assert document["reasons"] == [
        f"it was signed for API key 40000123, not for API key {KEY}"
    ]


def test_token_of_another_session_is_refused_if_asked(cli: Cli) -> None:
    assert examine(cli, make(), "--session-id", SESSION)[0] == 0
    code, document = examine(cli, make(), "--session-id", OTHER_SESSION)
    assert code == 4
    assert document["reason"] == "wrong_session"
    assert document["reasons"] == [
        "it is for another session than that of --session-id: sign a new one"
    ]


# Texts that are not tokens.


def jwt(secret: str = SECRET, **claims: object) -> str:
    return sign_hs256(claims, secret)


def test_jwt_that_is_not_a_client_token_is_read(cli: Cli) -> None:
    result = cli("inspect", jwt(iss=KEY, exp=1_700_000_000, role="publisher"))
    assert result.code == 4
    assert (
        "this is a JWT for REST calls, not a client token: it has no session_id"
        in result.out
    )
    assert re.search(r"^exp +2023-11-14 22:13:20Z \(.* ago\)$", result.out, re.MULTILINE)
    assert re.search(r"^algorithm +HS256$", result.out, re.MULTILINE)


@pytest.mark.parametrize("value", ["1e400", "NaN", "-Infinity", "1e300", "true", '"x"'])
def test_jwt_with_absurd_times_is_still_shown(cli: Cli, value: str) -> None:
    body = base64.urlsafe_b64encode(b'{"exp": %b}' % value.encode()).decode()
    result = cli("inspect", f"eyJhbGciOiJub25lIn0.{body.rstrip('=')}.x")
    assert result.code == 4
    assert "exp" in result.out


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"iss": "https://id.example", "sub": "x"}, "a JWT that https://id.example issued"),
        ({"sub": "x"}, "a JWT for another purpose"),
        ({"application_id": APPLICATION}, "a JWT for REST calls"),
        ({"iss": "Vonage", "payload_hash": "x"}, "the JWT of a signed webhook"),
        ({"iss": "https://id.example/" + "x" * 200}, "a JWT that https://id.example/xxx"),
    ],
)
@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "none"])
def test_a_jwt_of_another_issuer_is_not_called_damaged(
    cli: Cli, claims: dict[str, object], kind: str, algorithm: str
) -> None:
    _, payload, signature = jwt(**claims).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"%b"}' % algorithm.encode()).decode()
    code, document = examine(cli, f"{header.rstrip('=')}.{payload}.{signature[:20]}")
    assert (code, document["kind"], document["claims"]) == (4, "JWT", claims)
    (reason,) = document["reasons"]  # type: ignore[misc]
    assert reason.startswith(f"this is {kind}")
    assert reason.endswith("not a client token: it has no session_id (see: tokbox token)")
    assert len(reason) < 250


def test_a_client_jwt_that_was_cut_off_is_called_so(cli: Cli) -> None:
    token = jwt(iss=KEY, session_id=SESSION)
    _, document = examine(cli, token[:-8])
    (reason,) = document["reasons"]  # type: ignore[misc]
    assert reason == "not a usable JWT: its signature was cut off; copy all of it"


def test_jwt_as_json(cli: Cli) -> None:
    code, document = examine(cli, jwt(iss=KEY))
    assert code == 4
    assert (document["kind"], document["refused"]) == ("JWT", True)
    assert document["claims"] == {"iss": KEY}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("eyJhbGciOiJIUzI1NiJ9", "it must have three parts: it was cut off; copy all"),
        ("eyJ.e.x", "it was cut off, or its base64url is damaged; copy all of it"),
        ("eyJ.é.x", "it was cut off"),
        ("eyJ9.e30.AA", "it does not hold JSON objects; it is damaged"),
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
        (lambda token: SESSION, "is a session ID"),
        (lambda token: f'"{token}"', "remove the quotes"),
        (lambda token: token.replace("=", "%3D"), "percent-encoded"),
        (lambda token: token[4:], "the T1== at its beginning was lost; add it again"),
        (lambda token: f"Bearer {token}", "remove the word Bearer"),
        (lambda token: token[:50] + "*" + token[51:], "copy it again"),
        (lambda token: token[:-3], "copy all of it"),
        (lambda token: token[:50] + "\n" + token[50:], "spaces or line breaks"),
        (lambda token: "hello world", "spaces"),
        (lambda token: "\ud800", "must begin with T1=="),
    ],
)
def test_an_invalid_token_gets_a_hint(
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
