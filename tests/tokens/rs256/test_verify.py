"""A server verifies an application's tokens with the public key alone."""

from __future__ import annotations

import time

import pytest

import tokbox
from tests.support import batches, reference
from tests.support.applications import (
    APPLICATION,
    SESSION,
    key_pair,
    numbers,
    private_pem,
    public_pem,
)
from tokbox.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidInputError,
    MalformedTokenError,
    NotYetValidTokenError,
    TokenError,
    WrongAlgorithmError,
    WrongClaimsError,
    WrongKeyError,
    WrongPurposeError,
    WrongSessionError,
)
from tokbox.tokens.rs256.keys import PrivateKey, PublicKey

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
    """A token with the claims SAID, changed by these arguments; None removes a claim."""
    said = {k: v for k, v in {**SAID, **claims}.items() if v is not None}
    return reference.rs256_jwt(numbers(), reference.compact(said))


@pytest.fixture
def key():
    return PublicKey(public_pem())


def test_a_valid_token_is_returned_with_its_claims(key):
    found = key.verify(make(), application_id=APPLICATION, session_id=SESSION, now=NOW)
    assert found.project_id == APPLICATION
    assert (found.session_id, found.role) == (SESSION, "moderator")
    assert (found.create_time, found.expire_time) == (NOW, NOW + 3600)


def test_a_public_key_verifies_what_its_private_key_signs(session, key):
    for token in [session.token(), *session.tokens(2), *session.token_batch(2)]:
        assert key.verify(token, session_id=SESSION).project_id == APPLICATION


def test_a_private_key_verifies_by_its_public_key():
    assert PrivateKey(private_pem()).public_key().verify(make(), now=NOW)


@pytest.mark.parametrize(
    "id_", [APPLICATION, APPLICATION.upper(), APPLICATION.capitalize()]
)
def test_an_application_is_the_same_in_any_case(key, id_):
    assert key.verify(make(), application_id=id_, now=NOW)
    token = make(application_id=id_)
    found = key.verify(token, application_id=APPLICATION, now=NOW)
    assert found.project_id == APPLICATION


@pytest.mark.parametrize(
    ("claims", "options", "error", "reason"),
    [
        ({}, {"application_id": OTHER}, WrongKeyError, "wrong_key"),
        (
            {"application_id": OTHER},
            {"application_id": APPLICATION},
            WrongKeyError,
            "wrong_key",
        ),
        (
            {"application_id": None},
            {"application_id": APPLICATION},
            WrongKeyError,
            "wrong_key",
        ),
        ({"application_id": OTHER}, {}, WrongClaimsError, "invalid_claims"),
        ({"application_id": None}, {}, MalformedTokenError, "malformed"),
        ({}, {"session_id": OTHER_SESSION}, WrongSessionError, "wrong_session"),
        ({"session_id": batches.SESSION}, {}, WrongClaimsError, "invalid_claims"),
        ({"session_id": None}, {}, MalformedTokenError, "malformed"),
        ({"role": "king"}, {}, WrongClaimsError, "invalid_claims"),
        ({}, {"now": NOW + 3600}, ExpiredTokenError, "expired"),
        ({"exp": None}, {"now": NOW + 86_400}, ExpiredTokenError, "expired"),
        ({}, {"now": NOW - 61}, NotYetValidTokenError, "not_yet_valid"),
        ({"nbf": NOW + 61}, {}, NotYetValidTokenError, "not_yet_valid"),
        ({"nbf": "soon"}, {}, MalformedTokenError, "malformed"),
        ({"scope": "archive"}, {}, WrongPurposeError, "wrong_scope"),
        ({"ist": "account"}, {}, WrongPurposeError, "wrong_ist"),
        ({"exp": NOW + 2_592_001}, {}, WrongClaimsError, "invalid_claims"),
    ],
)
def test_an_invalid_token_is_refused_with_its_reason(key, claims, options, error, reason):
    with pytest.raises(TokenError) as caught:
        key.verify(make(**claims), **{"now": NOW, **options})
    assert type(caught.value) is error
    assert caught.value.reason == reason


def test_another_key_is_noticed():
    other = PublicKey(key_pair(number=1).public_key())
    with pytest.raises(BadSignatureError):
        other.verify(make(), now=NOW)


def test_a_longer_key_is_noticed():
    """Its signatures are longer, so those of the test's key are too short for it."""
    with pytest.raises(BadSignatureError):
        PublicKey(key_pair(3072).public_key()).verify(make(), now=NOW)


def test_any_altered_or_cut_token_is_noticed(key):
    token = make()
    for i in range(0, len(token), 3):
        for other in ("A" if token[i] != "A" else "B", "."):
            if other != token[i]:
                with pytest.raises(TokenError):
                    key.verify(token[:i] + other + token[i + 1 :], now=NOW)
        with pytest.raises(TokenError):
            key.verify(token[:i], now=NOW)


def test_opentok_s_tokens_are_of_another_environment(key):
    session = tokbox.Signer(batches.KEY, batches.SECRET).session(batches.SESSION)
    for kind in ("t1", "jwt"):
        with pytest.raises(WrongAlgorithmError):
            key.verify(session.token(kind=kind))


def test_the_clock_is_the_default(key):
    now = int(time.time())
    assert key.verify(make(iat=now, exp=now + 60))
    with pytest.raises(ExpiredTokenError):
        key.verify(make())


@pytest.mark.parametrize("id_", ["", "40000123", APPLICATION[:-1], 5])
def test_an_invalid_application_id_is_refused(key, id_):
    with pytest.raises(InvalidInputError) as caught:
        key.verify(make(), application_id=id_, now=NOW)
    assert caught.value.field == "application_id"


### Many at once ###


def test_many_tokens_are_verified_as_one_by_one(key):
    tokens = [make(), make(role="king"), make(exp=NOW), "T1==", None, make()[:-9], make()]
    options = {"application_id": APPLICATION, "session_id": SESSION, "now": NOW}
    found = key.verify_many(tokens, **options)
    expected = {}
    for row, token in enumerate(tokens):
        try:
            key.verify(token, **options)
        except TokenError as error:
            expected[row] = (type(error), str(error))
    assert len(expected) == 5
    failures = {row: (type(e), str(e)) for row, e in found.failures.items()}
    assert failures == expected
    assert list(found) == [row not in expected for row in range(len(tokens))]


@pytest.mark.parametrize("multithread", [False, True])
def test_many_tokens_are_verified_in_threads(key, multithread):
    tokens = [make(), make(session_id=OTHER_SESSION), make()[:-3]] * 100
    found = key.verify_many(tokens, now=NOW, multithread=multithread)
    assert list(found) == [True, True, False] * 100
    assert key.verify_many([], now=NOW).ok
    other = key.verify_many(tokens[:2], session_id=SESSION, now=NOW)
    assert [type(error) for error in other.failures.values()] == [WrongSessionError]
    other = key.verify_many(tokens[:2], application_id=OTHER, now=NOW)
    assert [type(error) for error in other.failures.values()] == [WrongKeyError] * 2


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"multithread": "moderator"}, "multithread"),
        ({"multithread": 1}, "multithread"),
        ({"application_id": "40000123"}, "application_id"),
        ({"session_id": 5}, "session_id"),
        ({"now": "noon"}, "now"),
    ],
    ids=str,
)
def test_an_invalid_argument_of_verify_many_is_refused(key, options, field):
    with pytest.raises(InvalidInputError) as caught:
        key.verify_many([], **options)
    assert caught.value.field == field
    assert not isinstance(caught.value, TokenError)


def test_only_keys_and_clients_verify():
    assert not hasattr(tokbox, "verify")
    for owner in (tokbox.Tokbox, tokbox.Signer, tokbox.PublicKey):
        assert callable(owner.verify)
        assert callable(owner.verify_many)
