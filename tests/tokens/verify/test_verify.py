"""Reading tokens, trusted and untrusted."""

from __future__ import annotations

import base64
import pickle
import time

import pytest

from tests.support import reference
from tests.support.kernels import every_kernel
from tokbox import _fastsign
from tokbox.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidInputError,
    MalformedTokenError,
    NotYetValidTokenError,
    TokenError,
    WrongClaimsError,
    WrongKeyError,
    WrongSessionError,
)
from tokbox.tokens import t1
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode, decode_many

KEY, SECRET = "40000123", "example0secret0example0secret0example0sec"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
NOW = 1_700_000_200
DATA = f"session_id={SESSION}&create_time=1700000100&expire_time=1700086500&role=publisher"

PYTHON_STYLE = (
    f"{DATA}&nonce=123456&initial_layout_class_list=focus+small"
    "&connection_data=name%3DZo%C3%AB+%26+Co%2C+a~b%2Ac"
)
NODE_STYLE = (
    f"session_id={SESSION}&create_time=1700000100&nonce=0.123456789&role=publisher"
    "&expire_time=1700086500&connection_data=name%3DZo%C3%AB%20%26%20Co%2C%20a~b*c"
    "&initial_layout_class_list=focus%20small&scope=session.connect"
)
GO_STYLE = f"{DATA}&connection_data=name%3DZo%C3%AB+%26+Co%2C+a~b%2Ac&nonce=123456"
VECTORS = [
    ("python", PYTHON_STYLE, "33a0c8deaaa7f5c46b831a80b4b2a1ab86f54252", 420),
    ("node", NODE_STYLE, "ddd7b1acd511f37370e99a0c6ea9a5e66026e4a4", 464),
    ("go", GO_STYLE, "67b41b2c3cd81ba35d11d9388996bb786273094d", 372),
]


def signer() -> Signer:
    return Signer(KEY, SECRET)


def make(data: str, secret: str = SECRET, key: str = KEY) -> str:
    return reference.t1(key, secret.encode(), data)


@every_kernel
@pytest.mark.parametrize(
    ("data", "sig", "length"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_the_tokens_of_three_sdks_are_reproduced_and_verified(data, sig, length):
    assert _fastsign.Key(SECRET.encode()).hmac_sha1(data.encode()).hex() == sig
    token = make(data)
    assert len(token) == length
    claims = signer().verify(token, now=NOW)
    assert claims.session_id == SESSION
    assert claims.connection_data == "name=Zoë & Co, a~b*c"
    assert (claims.create_time, claims.expire_time) == (1700000100, 1700086500)
    assert decode(token) == claims


def test_the_go_vector_in_full():
    """tokbox uses this field order, so only the digits of the nonce differ."""
    token = (
        "T1==cGFydG5lcl9pZD00MDAwMDEyMyZzaWc9NjdiNDFiMmMzY2Q4MWJhMzVkMTFkOTM4ODk5NmJiNzg2MjczMDk0ZDpz"
        "ZXNzaW9uX2lkPTFfTVg0ME1EQXdNREV5TTM1LU1UY3dNREF3TURBd01ERXlNMzVCWWpOa1JXWkhhRWxxUzJ4TmJrOXdV"
        "WEpUZEZWMlYzaC1VSDUtJmNyZWF0ZV90aW1lPTE3MDAwMDAxMDAmZXhwaXJlX3RpbWU9MTcwMDA4NjUwMCZyb2xlPXB1"
        "Ymxpc2hlciZjb25uZWN0aW9uX2RhdGE9bmFtZSUzRFpvJUMzJUFCKyUyNitDbyUyQythfmIlMkFjJm5vbmNlPTEyMzQ1Ng=="
    )
    assert make(GO_STYLE) == token
    claims = {
        "session_id": SESSION,
        "expiration": 86400,
        "role": "publisher",
        "connection_data": "name=Zoë & Co, a~b*c",
    }
    ours = t1.constant_part("", 1700000100, claims)
    assert ours + b"&nonce=123456" == GO_STYLE.encode()


@every_kernel
def test_the_alphabet_of_urls_is_read_too():
    data = f"{DATA}&connection_data=%3F%3F~~~&nonce=1"
    token = make(data + "0" * 5)
    raw = base64.b64decode(token[4:])
    url = "T1==" + base64.urlsafe_b64encode(raw).decode()
    assert signer().verify(url, now=NOW) == signer().verify(token, now=NOW)


@every_kernel
def test_any_single_altered_character_is_noticed():
    token = make(GO_STYLE)
    for i, character in enumerate(token):
        for other in ("A" if character != "A" else "B", "="):
            if other == character:
                continue
            with pytest.raises(TokenError):
                signer().verify(token[:i] + other + token[i + 1 :], now=NOW)


@every_kernel
def test_any_truncated_token_is_noticed():
    token = make(GO_STYLE)
    for i in range(len(token)):
        with pytest.raises(TokenError):
            signer().verify(token[:i], now=NOW)


@every_kernel
def test_a_token_signed_with_another_secret_is_refused():
    with pytest.raises(BadSignatureError):
        signer().verify(make(GO_STYLE, secret="another"), now=NOW)


def test_a_token_of_another_key_is_refused():
    with pytest.raises(WrongKeyError):
        signer().verify(make(GO_STYLE, key="40000124"), now=NOW)


@every_kernel
def test_expired_token_error_contains_the_time():
    with pytest.raises(ExpiredTokenError) as caught:
        signer().verify(make(GO_STYLE), now=1700086500)
    assert caught.value.expire_time == 1700086500
    assert signer().verify(make(GO_STYLE), now=1700086499)


@every_kernel
def test_a_token_without_an_end_lives_for_a_day():
    token = make(f"session_id={SESSION}&create_time=1700000100&nonce=1")
    assert signer().verify(token, now=1700000100 + 86399).role == "publisher"
    with pytest.raises(ExpiredTokenError):
        signer().verify(token, now=1700000100 + 86400)


@every_kernel
def test_a_token_from_the_future_is_refused_beyond_a_minute():
    assert signer().verify(make(GO_STYLE), now=1700000100 - 60)
    with pytest.raises(NotYetValidTokenError) as caught:
        signer().verify(make(GO_STYLE), now=1700000100 - 61)
    assert caught.value.create_time == 1700000100


@every_kernel
def test_the_session_can_be_pinned():
    other = SESSION[:-8] + "AAAAUH5-"
    with pytest.raises(WrongSessionError, match="session_id") as caught:
        signer().verify(make(GO_STYLE), session_id=other, now=NOW)
    assert (caught.value.field, caught.value.value) == ("session_id", SESSION)
    assert signer().verify(make(GO_STYLE), session_id=SESSION, now=NOW)


@every_kernel
@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("role", DATA.replace("publisher", "king") + "&nonce=1"),
        ("expire_time", DATA.replace("1700086500", "1702592101") + "&nonce=1"),
        ("session_id", DATA.replace(SESSION, "1_none") + "&nonce=1"),
    ],
)
def test_well_signed_nonsense_is_refused(field, data):
    with pytest.raises(WrongClaimsError) as caught:
        signer().verify(make(data), now=NOW)
    assert caught.value.field == field


def wrap(raw: bytes) -> str:
    return "T1==" + base64.b64encode(raw).decode()


SIG = "67b41b2c3cd81ba35d11d9388996bb786273094d"
MALFORMED = [
    "", "T1", "T1==", "T1==!!!!", "T1======", "t1==" + make(GO_STYLE)[4:], make(GO_STYLE)[4:], make(GO_STYLE) + "\n",
    " " + make(GO_STYLE), "T1==" + "A" * 70000, None, 5, b"T1==", "T1==\u0660\u0660\u0660\u0660",
    "eyJhbGciOiJIUzI1NiJ9.e30.x",
    wrap(b"partner_id=1&sig=" + SIG.encode()), wrap(b"nothing"), wrap(b""),
    wrap(f"partner_id=1&sig={SIG[:-1]}:{DATA}".encode()), wrap(f"partner_id=1&sig={SIG}0:{DATA}".encode()),
    wrap(f"sig={SIG}:{DATA}".encode()), wrap(f"partner_id=&sig={SIG}:{DATA}".encode()),
    wrap(f"partner_id=1&sig={'é' * 40}:{DATA}".encode()),
    make("create_time=1&nonce=1"), make(f"session_id={SESSION}&nonce=1"), make(f"{DATA}&role=moderator&nonce=1"),
    make(f"{DATA}&nonce"), make(f"{DATA}&=1"), make(DATA.replace("1700000100", "1.5")), make(DATA.replace("1700000100", "-5")),
    make(DATA.replace("1700000100", "9" * 13)), make(f"{DATA}&connection_data=%ff"), make(DATA + "&a=1" * 64),
]  # fmt: skip


@every_kernel
@pytest.mark.parametrize("token", MALFORMED)
def test_text_that_is_not_a_token_is_malformed(token):
    with pytest.raises(MalformedTokenError):
        decode(token)
    with pytest.raises(TokenError):
        signer().verify(token)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda token: token[:-3], "truncated"),
        (lambda token: "T1==", "truncated"),
        (lambda token: wrap(b"partner_id=1&sig=" + SIG.encode()), "truncated"),
        (lambda token: token[:60] + "*" + token[61:], "alphabet"),
        (lambda token: token + "\n", "alphabet"),
        (lambda token: token[4:], "prefix"),
        (lambda token: token[3:], "prefix"),
        (lambda token: token[1:], "prefix"),
        (lambda token: "x" + token[4:], "malformed"),
        (lambda token: "hello", "malformed"),
        (lambda token: make(f"{DATA}&nonce"), "malformed"),
    ],
)
def test_an_unreadable_token_has_a_reason_of_one_word(spoil, reason):
    with pytest.raises(MalformedTokenError) as caught:
        decode(spoil(make(GO_STYLE)))
    assert caught.value.reason == reason


def test_errors_never_show_the_token():
    for token in MALFORMED:
        if isinstance(token, str) and len(token) > 20:
            with pytest.raises(MalformedTokenError) as caught:
                decode(token)
            assert token[4:24] not in repr(caught.value)


def test_decode_reads_without_trusting():
    token = make(GO_STYLE, secret="whatever", key="1")
    assert decode(token).project_id == "1"


def test_unknown_fields_are_kept():
    claims = decode(make(f"{DATA}&nonce=1&colour=blue"))
    assert claims.unknown == {"colour": "blue"}


def test_class_lists_of_every_sdk_are_read():
    for written in ("focus+small", "focus%20small", "focus small", "focus,small"):
        claims = decode(make(f"{DATA}&initial_layout_class_list={written}&nonce=-5"))
        assert claims.initial_layout_class_list == ("focus", "small")
    assert (
        decode(make(f"{DATA}&initial_layout_class_list=&nonce=1")).initial_layout_class_list
        == ()
    )


def test_errors_survive_pickling():
    error = ExpiredTokenError(5, 9)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.expire_time) == (str(error), 5)


@every_kernel
def test_verify_uses_the_clock_by_default():
    token = signer().session(SESSION).token(expiration=60)
    claims = signer().verify(token)
    assert abs(claims.create_time - time.time()) < 30


@pytest.mark.parametrize("issuer", [True, 1, "1", None, [KEY], KEY + "0"])
def test_a_token_of_another_key_is_of_another_key_even_if_the_secret_is_the_same(issuer):
    payload = {"iss": issuer, "session_id": SESSION, "scope": "session.connect"}
    token = reference.jwt(SECRET.encode(), reference.compact(payload))
    with pytest.raises(WrongKeyError, match=KEY):
        signer().verify(token, now=NOW)


def test_true_is_not_the_key_1():
    payload = {"iss": True, "session_id": SESSION, "scope": "session.connect"}
    token = reference.jwt(SECRET.encode(), reference.compact(payload))
    with pytest.raises(WrongKeyError, match="another API key than 1"):
        Signer("1", SECRET).verify(token)


@pytest.mark.parametrize("now", [True, "1", float("nan"), float("inf"), -float("inf"), 1j])
def test_an_invalid_time_is_refused(now):
    token = make(GO_STYLE)
    with pytest.raises(InvalidInputError, match="seconds since the epoch"):
        signer().verify(token, now=now)
    with pytest.raises(InvalidInputError, match="seconds since the epoch"):
        signer().verify_many([token], now=now)


@pytest.mark.parametrize("session_id", [1, b"1", [SESSION]])
def test_a_wanted_session_is_a_str(session_id):
    token = make(GO_STYLE)
    with pytest.raises(InvalidInputError, match="session_id must be a str"):
        signer().verify(token, session_id=session_id, now=NOW)
    with pytest.raises(InvalidInputError, match="session_id must be a str"):
        signer().verify_many([token], session_id=session_id, now=NOW)


@pytest.mark.parametrize("many", [decode_many, lambda given: signer().verify_many(given)])
@pytest.mark.parametrize(
    ("given", "rule"), [("T1==canary", "many tokens"), (5, "iterable")]
)
def test_an_argument_that_is_not_a_column_is_refused_and_not_shown(many, given, rule):
    with pytest.raises(InvalidInputError, match=rule) as caught:
        many(given)
    assert caught.value.value is None
    assert "canary" not in str(caught.value)


@every_kernel
@pytest.mark.parametrize("second", [-1, 0, 2**62 - 1, 2**62, 2**63])
def test_the_limits_of_the_core_do_not_limit_verify_many(second):
    data = f"session_id={SESSION}&create_time=0&expire_time=1&role=publisher&nonce=1"
    (error,) = signer().verify_many([make(data)], now=second).failures.values() or (None,)
    if second <= 0:
        assert error is None
    else:
        assert isinstance(error, ExpiredTokenError)
        assert str(error) == f"the token expired {second - 1} s ago"
