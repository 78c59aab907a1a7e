"""``tokbox inspect``: each refusal has its own reason, in both environments, and a sentence
about what to do."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.applications import APPLICATION, key_pair, private_pem, public_pem
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.cli import KEY, SECRET, SESSION, Result
from tests.support.dialects import sign_hs256, sign_rs256
from tokbox import Signer

Cli = Callable[..., Result]
OTHER_SESSION = "2_" + base64.urlsafe_b64encode(b"1~12345678~~1~x~~~").decode()
OTHER_APPLICATION = "00000000-0000-4000-8000-000000000000"


def t1(secret: str = SECRET) -> str:
    return Signer(KEY, secret).session(SESSION).token()


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    said = {
        "iss": KEY,
        "iat": now,
        "exp": now + 60,
        "session_id": SESSION,
        "nonce": 1,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def hs256(secret: str = SECRET, **changes: object) -> str:
    return sign_hs256(claims(**changes), secret)


def rs256(**changes: object) -> str:
    said = {"session_id": APPLICATION_SESSION, "application_id": APPLICATION, **changes}
    return sign_rs256(claims(iss=None, **said))


def relabelled(token: str, algorithm: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode())
    return header.rstrip(b"=").decode() + token[token.index(".") :]


def examine(cli: Cli, token: str, *options: str) -> tuple[int, dict[str, object]]:
    result = cli("inspect", "--json", "-", *options, stdin=token)
    assert result.err == ""
    return result.code, json.loads(result.out)


def ended(seconds: int) -> dict[str, int]:
    now = int(time.time())
    return {"iat": now - 86_400, "exp": now - seconds}


def twice() -> str:
    """A T1 token with two signatures."""
    raw = base64.b64decode(t1()[4:])
    return "T1==" + base64.b64encode(raw.replace(b"&sig=", b"&sig=0&sig=", 1)).decode()


def twice_in_json() -> str:
    head, payload, signature = hs256().split(".")
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    again = base64.urlsafe_b64encode(raw[:-1] + b',"exp":1}').rstrip(b"=").decode()
    return f"{head}.{again}.{signature}"


def unused_bits() -> str:
    raw = base64.b64decode(t1()[4:])
    text = base64.b64encode(raw + b"x" * (2 - len(raw) % 3)).decode()
    assert text.endswith("=")
    assert not text.endswith("==")
    return f"T1=={text[:-2]}{chr(ord(text[-2]) + 1)}="


#: The id of a session of KEY without its "1_", with one of two unused bits set.
ENCODED_ID = base64.urlsafe_b64encode(f"1~{KEY}~~1~x~~".encode()).decode().rstrip("=")
ENCODED_ID = f"{ENCODED_ID[:-1]}{chr(ord(ENCODED_ID[-1]) + 1)}"

REASONS: list[tuple[str, Callable[[], str], str]] = [
    ("expired", lambda: hs256(**ended(10_830)), "it expired 3 h ago: sign a new one"),
    ("not_yet_valid", lambda: hs256(iat=int(time.time()) + 4000, exp=None), "the clock of this machine or of the signing machine is wrong"),
    ("wrong_key", lambda: hs256(iss="40000123"), f"for API key 40000123, not for API key {KEY}"),
    ("bad_signature", lambda: hs256("other"), f"not signed with the secret of API key {KEY}"),
    ("bad_signature", lambda: t1("other"), f"not signed with the secret of API key {KEY}"),
    ("wrong_algorithm", lambda: rs256(), "signed with RS256, by a Vonage application"),
    ("algorithm", lambda: relabelled(hs256(), "none"), "sign it with HS256 for an API key"),
    ("algorithm", lambda: relabelled(hs256(), "HS512"), "sign it with HS256 for an API key"),
    ("truncated", lambda: hs256()[:-19], "its signature was cut off; copy all of it"),
    ("truncated", lambda: t1()[:-3], "it was cut off"),
    ("alphabet", lambda: t1()[:60] + "*" + t1()[61:], "copy it again"),
    ("alphabet", lambda: hs256()[:60] + "*" + hs256()[61:], "copy it again"),
    ("alphabet", lambda: t1()[:60] + " " + t1()[61:], "in a URL, + turns into a space"),
    ("prefix", lambda: t1()[4:], "the T1== at its beginning was lost; add it again"),
    ("prefix", lambda: t1()[2:], "the T1== at its beginning was lost; add it again"),
    ("not_yet_valid", lambda: hs256(nbf=int(time.time()) + 7210), "it becomes valid in 2 h"),
    ("not_yet_valid", lambda: hs256(nbf=int(time.time()) + 7210), "(nbf): wait, or sign one without nbf"),
    ("wrong_scope", lambda: hs256(scope="archive"), "its scope must be session.connect"),
    ("wrong_ist", lambda: hs256(ist="account"), "its ist must be project"),
    ("duplicate", lambda: twice(), "it holds sig twice before the colon; sign a token that has each field"),
    ("duplicate", lambda: twice_in_json(), "the same name twice; sign a token that has each field and claim once"),
    ("encoding", lambda: unused_bits(), "its base64 ends with unused bits that are not 0; copy it again"),
    ("encoding", lambda: hs256(session_id=f"1_{ENCODED_ID}"), "its session_id must end as base64 encoders end it"),
    ("invalid_claims", lambda: hs256(role="king"), "its role must be one of"),
    ("malformed", lambda: hs256(session_id=None), "it has no session_id"),
    ("malformed", lambda: "hello", "it must begin with T1=="),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "token", "words"),
    REASONS,
    ids=[f"{number} {case[0]}" for number, case in enumerate(REASONS)],
)
def test_each_failure_has_a_reason_and_a_sentence(
    cli: Cli, reason: str, token: Callable[[], str], words: str
) -> None:
    text = token()
    code, document = examine(cli, text)
    assert (code, document["refused"], document["reason"]) == (4, True, reason)
    reasons = document["reasons"]
    assert isinstance(reasons, list)
    assert words in reasons[0]
    lines = cli("inspect", text).out.splitlines()
    (line,) = (line for line in lines if line.startswith("refused"))
    assert line.split(maxsplit=1)[1] == f"client error 1004: {reasons[0]}"


def test_another_session_is_a_reason_of_its_own(cli: Cli) -> None:
    code, document = examine(cli, t1(), "--session-id", OTHER_SESSION)
    assert (code, document["reason"]) == (4, "wrong_session")


def test_the_time_when_a_token_becomes_valid_is_shown(cli: Cli) -> None:
    now = int(time.time())
    token = hs256(nbf=now - 7200)
    assert examine(cli, token)[1]["not_before"] == now - 7200
    assert " (2 h ago)" in row(cli, token, "valid from")
    assert row(cli, hs256(nbf=0), "valid from").startswith("1970-01-01 00:00:00Z")
    assert "valid from" not in cli("inspect", hs256()).out


def row(cli: Cli, token: str, name: str) -> str:
    lines = cli("inspect", token).out.splitlines()
    (line,) = (line for line in lines if line.startswith(name))
    return line.removeprefix(name).strip()


def test_every_reason_is_reported(cli: Cli) -> None:
    token = hs256(ist="account", scope="archive", nbf=int(time.time()) + 7210, role="king")
    code, document = examine(cli, token)
    reasons = document["reasons"]
    assert isinstance(reasons, list)
    assert (code, document["signature"]) == (4, "valid")
    assert [reason.split()[1] for reason in reasons] == ["becomes", "scope", "role"]


def test_a_good_token_has_no_reason(cli: Cli) -> None:
    for token in (t1(), hs256()):
        code, document = examine(cli, token)
        assert (code, document["reason"], document["refused"]) == (0, None, False)


### Applications ###


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Options that name the file of a key."""
    (tmp_path / "public").write_text(public_pem())
    (tmp_path / "private").write_text(private_pem())
    (tmp_path / "other").write_text(public_pem(key_pair(number=1)))
    return {
        "public": f"--public-key-file={tmp_path / 'public'}",
        "private": f"--private-key-file={tmp_path / 'private'}",
        "other": f"--public-key-file={tmp_path / 'other'}",
    }


@pytest.mark.parametrize("which", ["public", "private"])
def test_a_key_in_a_file_verifies_an_application_s_token(
    cli: Cli, files: dict[str, str], which: str
) -> None:
    code, document = examine(
        cli, rs256(), files[which], "--application-id", APPLICATION.upper()
    )
    assert (code, document["signature"]) == (0, "valid")
    assert document["algorithm"] == "RS256"
    assert document["project_id"] == APPLICATION


@pytest.mark.parametrize("option", ["--public-key-file", "--private-key-file"])
def test_a_key_file_may_have_a_frame_and_not_be_utf_16(
    cli: Cli, tmp_path: Path, option: str
) -> None:
    file = tmp_path / "key"
    pem = (public_pem() if option.startswith("--public") else private_pem()).strip()
    file.write_text(f"\ufeff{pem}\r\n\r\n", encoding="utf-8", newline="")
    assert cli("inspect", rs256(), option, str(file)).code == 0
    assert cli("inspect", rs256(), option, "-", stdin=f"\ufeff{pem} ").code == 0
    file.write_text(pem, encoding="utf-16")
    result = cli("inspect", rs256(), option, str(file))
    assert (result.code, result.out) == (2, "")
    assert "it is UTF-16, not UTF-8" in result.err


def test_a_key_may_come_from_standard_input(cli: Cli) -> None:
    result = cli("inspect", rs256(), "--public-key-file", "-", stdin=public_pem())
    assert result.code == 0
    assert f"application  {APPLICATION}\n" in result.out
    assert "would be accepted\n" in result.out


def test_the_credentials_of_an_application_verify_its_token(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKBOX_API_KEY")
    monkeypatch.delenv("TOKBOX_SECRET")
    monkeypatch.setenv("TOKBOX_APPLICATION_ID", APPLICATION)
    monkeypatch.setenv("TOKBOX_PRIVATE_KEY", private_pem())
    assert examine(cli, rs256())[1]["signature"] == "valid"
    code, document = examine(cli, t1())
    assert (code, document["reason"]) == (4, "wrong_algorithm")
    assert document["signature"] == "not verified"


def test_another_application_s_key_is_noticed(cli: Cli, files: dict[str, str]) -> None:
    code, document = examine(cli, rs256(), files["other"])
    assert (code, document["reason"]) == (4, "bad_signature")
    assert document["signature"] == "invalid"


@pytest.mark.parametrize("token", [rs256, hs256, t1], ids=["rs256", "hs256", "t1"])
def test_another_application_is_noticed_without_any_key(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, token: Callable[[], str]
) -> None:
    monkeypatch.delenv("TOKBOX_API_KEY")
    monkeypatch.delenv("TOKBOX_SECRET")
    code, document = examine(cli, token(), "--application-id", OTHER_APPLICATION)
    assert (code, document["reason"]) == (4, "wrong_key")
    reasons = document["reasons"]
    assert isinstance(reasons, list)
    assert reasons[0].endswith(f", not for application {OTHER_APPLICATION}")


def test_a_key_does_not_verify_the_tokens_of_an_api_key(
    cli: Cli, files: dict[str, str]
) -> None:
    code, document = examine(cli, t1(), files["public"])
    assert (code, document["reason"]) == (4, "wrong_algorithm")
    assert document["signature"] == "not verified"


@pytest.mark.parametrize(
    "options", [("public", "private"), ("public", "--api-key=1"), ("private", "--secret-file=x")]
)  # fmt: skip
def test_one_key_is_enough(
    cli: Cli, files: dict[str, str], options: tuple[str, ...]
) -> None:
    result = cli("inspect", rs256(), *(files.get(each, each) for each in options))
    assert result.code == 2
    assert "use only one of" in result.err


def test_an_invalid_key_is_an_error_that_names_the_option(
    cli: Cli, files: dict[str, str]
) -> None:
    wrong = files["private"].replace("--private", "--public")
    result = cli("inspect", rs256(), wrong)
    assert result.code == 2
    assert "--public-key-file must be a public key, not a private key" in result.err
    result = cli("inspect", rs256(), "--application-id", "40000123")
    assert result.code == 2
    assert "--application-id must be the application's id" in result.err
