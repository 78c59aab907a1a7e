"""Who receives an application's tokens verifies them, with its public key alone."""

from __future__ import annotations

import time

import pytest

import tokbox
from tokbox.errors import (
    BadSignature,
    ExpiredToken,
    InvalidInput,
    MalformedToken,
    NotYetValidToken,
    TokenError,
    WrongAlgorithm,
    WrongClaims,
    WrongKey,
    WrongPurpose,
    WrongSession,
)
from tokbox.tokens.rsa import PrivateKey, PublicKey

from .. import batches, reference
from ..applications import APPLICATION, SESSION, key_pair, numbers, private_pem, public_pem

NOW = 1_700_000_000
OTHER = "00000000-0000-4000-8000-000000000000"
OTHER_SESSION = "2_" + reference.base64url(f"1~{APPLICATION}~~1~x~~~".encode())
SAID = {
    "application_id": APPLICATION,
    "session_id": SESSION,
    "iat": NOW,
    "exp": NOW + 3600,
    "jti": "1",
    "role": "moderator",
}


def make(**claims: object) -> str:
    """A token that says SAID, with other claims or (None) without them."""
    said = {k: v for k, v in {**SAID, **claims}.items() if v is not None}
    return reference.rs256_jwt(numbers(), reference.compact(said))


@pytest.fixture
def key():
    return PublicKey(public_pem())


def test_a_good_token_is_returned_as_what_it_says(key):
    found = tokbox.verify(
        make(), key, application_id=APPLICATION, session_id=SESSION, now=NOW
    )
    assert found.application_id == found.api_key == APPLICATION
    assert (found.session_id, found.role) == (SESSION, "moderator")
    assert (found.create_time, found.expire_time) == (NOW, NOW + 3600)


def test_a_public_key_verifies_what_its_private_key_signs(session, key):
    for token in [session.token(), *session.tokens(2), *session.token_batch(2)]:
        assert tokbox.verify(token, key, session_id=SESSION).application_id == APPLICATION


def test_a_private_key_holds_the_public_one():
    assert tokbox.verify(make(), PrivateKey(private_pem()), now=NOW)


@pytest.mark.parametrize(
    "id_", [APPLICATION, APPLICATION.upper(), APPLICATION.capitalize()]
)
def test_an_application_is_the_same_in_any_case(key, id_):
    assert tokbox.verify(make(), key, application_id=id_, now=NOW)
    token = make(application_id=id_)
    found = tokbox.verify(token, key, application_id=APPLICATION, now=NOW)
    assert found.application_id == APPLICATION


@pytest.mark.parametrize(
    ("claims", "options", "error", "reason"),
    [
        ({}, {"application_id": OTHER}, WrongKey, "wrong_key"),
        ({"application_id": OTHER}, {"application_id": APPLICATION}, WrongKey, "wrong_key"),
        ({"application_id": None}, {"application_id": APPLICATION}, WrongKey, "wrong_key"),
        ({"application_id": OTHER}, {}, WrongClaims, "invalid_claims"),
        ({"application_id": None}, {}, MalformedToken, "malformed"),
        ({}, {"session_id": OTHER_SESSION}, WrongSession, "wrong_session"),
        ({"session_id": batches.SESSION}, {}, WrongClaims, "invalid_claims"),
        ({"session_id": None}, {}, MalformedToken, "malformed"),
        ({"role": "king"}, {}, WrongClaims, "invalid_claims"),
        ({}, {"now": NOW + 3600}, ExpiredToken, "expired"),
        ({"exp": None}, {"now": NOW + 86_400}, ExpiredToken, "expired"),
        ({}, {"now": NOW - 61}, NotYetValidToken, "not_yet_valid"),
        ({"nbf": NOW + 61}, {}, NotYetValidToken, "not_yet_valid"),
        ({"nbf": "soon"}, {}, MalformedToken, "malformed"),
        ({"scope": "archive"}, {}, WrongPurpose, "wrong_scope"),
        ({"ist": "account"}, {}, WrongPurpose, "wrong_ist"),
        ({"exp": NOW + 2_592_001}, {}, WrongClaims, "invalid_claims"),
    ],
)
def test_what_does_not_hold_says_why(key, claims, options, error, reason):
    with pytest.raises(TokenError) as caught:
        tokbox.verify(make(**claims), key, **{"now": NOW, **options})
    assert type(caught.value) is error
    assert caught.value.reason == reason


def test_another_key_is_noticed():
    other = PublicKey(key_pair(number=1).public_key())
    with pytest.raises(BadSignature):
        tokbox.verify(make(), other, now=NOW)


def test_a_longer_key_is_noticed():
    """Its signatures are longer, too, so one of ours is too short for it."""
    with pytest.raises(BadSignature):
        tokbox.verify(make(), PublicKey(key_pair(3072).public_key()), now=NOW)


def test_any_altered_or_cut_token_is_noticed(key):
    token = make()
    for i in range(0, len(token), 3):
        for other in ("A" if token[i] != "A" else "B", "."):
            if other != token[i]:
                with pytest.raises(TokenError):
                    tokbox.verify(token[:i] + other + token[i + 1 :], key, now=NOW)
        with pytest.raises(TokenError):
            tokbox.verify(token[:i], key, now=NOW)


def test_opentok_s_tokens_are_of_another_environment(key):
    session = tokbox.Signer(batches.KEY, batches.SECRET).session(batches.SESSION)
    for kind in ("t1", "jwt"):
        with pytest.raises(WrongAlgorithm):
            tokbox.verify(session.token(kind=kind), key)


def test_the_clock_is_the_default(key):
    now = int(time.time())
    assert tokbox.verify(make(iat=now, exp=now + 60), key)
    with pytest.raises(ExpiredToken):
        tokbox.verify(make(), key)


@pytest.mark.parametrize(
    "given", [public_pem(), public_pem().encode(), private_pem(), key_pair(), None]
)
def test_a_key_is_read_once_and_not_for_every_token(given):
    with pytest.raises(InvalidInput, match=r"be a tokbox\.PublicKey") as caught:
        tokbox.verify(make(), given, now=NOW)
    assert (caught.value.field, caught.value.value) == ("key", None)
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize("id_", ["", "40000123", APPLICATION[:-1], 5])
def test_what_is_no_application_id_is_refused(key, id_):
    with pytest.raises(InvalidInput) as caught:
        tokbox.verify(make(), key, application_id=id_, now=NOW)
    assert caught.value.field == "application_id"
