"""JWTs: PyJWT and the official SDK read those of tokbox, and tokbox reads theirs."""

from __future__ import annotations

import json
import time
import warnings

import jwt as pyjwt
import pytest

from tests.support import reference
from tests.support.kernels import every_kernel
from tokbox.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimsError,
    MalformedTokenError,
    NotYetValidTokenError,
    TokenError,
    WrongClaimsError,
    WrongKeyError,
)
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

KEY, SECRET = "40000123", "example0secret0example0secret0example0sec"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
NOW = 1_700_000_200
PAYLOAD = {
    "iss": KEY,
    "ist": "project",
    "iat": 1_700_000_100,
    "exp": 1_700_086_500,
    "session_id": SESSION,
    "scope": "session.connect",
    "role": "publisher",
    "nonce": 123456,
}


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


@pytest.fixture
def session(signer):
    return signer.session(SESSION)


def make(payload: dict | str, secret: str = SECRET, **header: str) -> str:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    fields = {"typ": "JWT", "alg": "HS256", **header}
    return reference.jwt(secret.encode(), text, json.dumps(fields))


TEXTS = [
    "",
    "x",
    'quo"te',
    "back\\slash",
    "\n\t\x01\x7f",
    "Zoë & Co, a~b*c",
    "\U0001f600",
    "\u2028</script>",
]


@every_kernel
@pytest.mark.parametrize("text", TEXTS)
def test_pyjwt_reads_what_we_sign(session, text):
    claims = {
        "role": "moderator",
        "connection_data": text,
        "expiration": 3600,
        "initial_layout_class_list": ["focus", "small"],
    }
    tokens = [
        session.token(**claims, kind="jwt"),
        *session.tokens(20, **claims, kind="jwt"),
        *session.tokens(20, True, **claims, kind="jwt"),
        *session.token_batch(20, **claims, kind="jwt"),
        *[t for batch in session.iter_batches(20, **claims, kind="jwt") for t in batch],
    ]
    assert len(set(tokens)) == 81
    for token in tokens:
        payload = pyjwt.decode(token, SECRET, algorithms=["HS256"])
        assert pyjwt.get_unverified_header(token) == {"typ": "JWT", "alg": "HS256"}
        assert payload.pop("connection_data", "") == text
        assert payload["exp"] == payload["iat"] + 3600
        assert len(payload["jti"]) == 27
        assert payload["jti"].isdecimal()
        assert (payload["iss"], payload["ist"], payload["session_id"]) == (
            KEY,
            "project",
            SESSION,
        )
        assert (payload["role"], payload["scope"]) == ("moderator", "session.connect")
        assert payload["initial_layout_class_list"] == "focus small"


@every_kernel
@pytest.mark.parametrize("text", TEXTS)
def test_we_verify_what_we_sign(signer, session, text):
    token = signer.verify(
        session.token(connection_data=text, kind="jwt"), session_id=SESSION
    )
    assert (token.kind, token.connection_data, token.role) == ("jwt", text, "publisher")
    assert token.expire_time == token.create_time + 86400
    assert token.unknown == {"ist": "project"}


@every_kernel
def test_no_expiration_leaves_the_claim_out(signer, session):
    token = session.token(expiration=0, kind="jwt")
    assert "exp" not in pyjwt.decode(token, SECRET, algorithms=["HS256"])
    assert signer.verify(token).expire_time is None


@pytest.mark.parametrize("kind", ["T1", "rs256", "", 1, []])
def test_unknown_kinds_are_refused(session, kind):
    with pytest.raises(InvalidClaimsError, match="kind"):
        session.token(kind=kind)


@every_kernel
def test_the_official_sdk_s_jwts_are_verified(signer):
    opentok = pytest.importorskip("opentok")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk = opentok.OpenTok(KEY, SECRET)
    token = sdk.generate_token(
        SESSION,
        opentok.Roles.moderator,
        int(time.time()) + 60,
        "a=b&c+d%~é",
        ["focus", "small"],
        use_jwt=True,
    )
    claims = signer.verify(token, session_id=SESSION)
    assert (claims.kind, claims.role, claims.connection_data) == (
        "jwt",
        "moderator",
        "a=b&c+d%~é",
    )
    assert claims.initial_layout_class_list == ("focus", "small")


DIALECTS = [
    ({}, {}),
    ({"iss": int(KEY)}, {}),
    ({"role": None}, {"role": "publisher"}),
    ({"connection_data": None, "data": "d"}, {"connection_data": "d"}),
    ({"data": None, "expireTime": None}, {"connection_data": ""}),
    ({"initial_layout_class_list": ["a", "b"]}, {"initial_layout_class_list": ("a", "b")}),
    ({"initial_layout_class_list": "a+b"}, {"initial_layout_class_list": ("a", "b")}),
    ({"initial_layout_list": "a b"}, {"initial_layout_class_list": ("a", "b")}),
    ({"jti": "j"}, {"nonce": "j"}),
    ({"nonce": 0.25}, {"nonce": "0.25"}),
    ({"exp": 1_700_086_500.0}, {"expire_time": 1_700_086_500}),
    ({"exp": None, "expire_time": 1_700_086_500}, {"expire_time": 1_700_086_500}),
    ({"exp": None}, {"expire_time": None, "end_time": 1_700_086_500}),
]  # fmt: skip


@every_kernel
@pytest.mark.parametrize(("said", "read"), DIALECTS)
def test_the_dialects_of_all_sdks_are_read(signer, said, read):
    payload = {
        k: v for k, v in {**PAYLOAD, **said}.items() if v is not None or k not in PAYLOAD
    }
    claims = signer.verify(make(payload), now=NOW)
    assert {name: getattr(claims, name) for name in read} == read


@every_kernel
@pytest.mark.parametrize(
    ("error", "payload"),
    [
        (WrongKeyError, {"iss": "1"}),
        (ExpiredTokenError, {"exp": 1_700_000_150}),
        (NotYetValidTokenError, {"iat": 1_700_000_261}),
        (WrongClaimsError, {"role": "king"}),
        (WrongClaimsError, {"session_id": "1_none"}),
        (WrongClaimsError, {"exp": 1_702_592_101}),
        (MalformedTokenError, {"exp": "soon"}),
        (MalformedTokenError, {"exp": True}),
        (MalformedTokenError, {"iat": -1}),
        (MalformedTokenError, {"exp": 1e300}),
        (MalformedTokenError, {"session_id": None}),
        (MalformedTokenError, {"iat": None}),
        (MalformedTokenError, {"role": ["publisher"]}),
        (MalformedTokenError, {"initial_layout_class_list": [1]}),
    ],
)
def test_an_invalid_token_is_refused(signer, error, payload):
    with pytest.raises(error):
        signer.verify(make({**PAYLOAD, **payload}), now=NOW)


@every_kernel
def test_tokens_are_hashable_and_equal_tokens_have_equal_hashes(signer):
    text = make({**PAYLOAD, "custom": {"a": [1]}})
    one, other = (signer.verify(text, now=NOW) for _ in range(2))
    assert one.unknown["custom"] == {"a": [1]}
    assert len({one, other}) == 1
    changed = signer.verify(make({**PAYLOAD, "custom": {"a": [2]}}), now=NOW)
    assert changed != one
    assert hash(changed) == hash(one)
    third = signer.verify(make({**PAYLOAD, "role": "moderator"}), now=NOW)
    assert len({one, changed, third}) == 3


@every_kernel
def test_any_altered_or_cut_token_is_noticed(signer):
    token = make(PAYLOAD)
    assert signer.verify(token, now=NOW)
    for i, character in enumerate(token):
        for other in ("A" if character != "A" else "B", ".", "="):
            if other != character:
                with pytest.raises(TokenError):
                    signer.verify(token[:i] + other + token[i + 1 :], now=NOW)
        with pytest.raises(TokenError):
            signer.verify(token[:i], now=NOW)


@every_kernel
def test_another_secret_is_noticed(signer):
    with pytest.raises(BadSignatureError):
        signer.verify(make(PAYLOAD, secret="another"), now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"crit": "b64"},
        {"b64": "x"},
        {"alg": "hs256"},
    ],
)
def test_the_algorithm_is_not_the_token_s_to_choose(signer, header):
    with pytest.raises(MalformedTokenError):
        signer.verify(make(PAYLOAD, **header), now=NOW)


@pytest.mark.parametrize(
    "token",
    [
        "eyJ", "eyJ.eyJ", "eyJ.eyJ.eyJ.eyJ", "eyJ..", "eyJhbGciOiJIUzI1NiJ9.e30.AA", "eyJ" + "A" * 70000,
        make('{"iss":"40000123","iss":"40000123"}'), make("[" * 5000), make("[1]"), make('{"iat":NaN}'), make("nothing"),
    ],
)  # fmt: skip
def test_text_that_is_not_a_jwt_is_malformed(token):
    with pytest.raises(MalformedTokenError) as caught:
        decode(token)
    assert token[10:40] not in repr(caught.value) or len(token) < 20
