"""The key determines the algorithm of a token; its header does not (RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.applications import APPLICATION, key_pair, public_pem
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.dialects import CREATED, DIALECTS, EXPIRES, OPENTOK, VONAGE
from tests.support.dialects import sign_hs256 as hs256
from tests.support.dialects import sign_rs256 as rs256
from tests.support.kernels import every_kernel
from tokbox import PublicKey, Signer
from tokbox.errors import (
    BadSignatureError,
    MalformedTokenError,
    TokenError,
    WrongAlgorithmError,
    WrongKeyError,
)

NOW = CREATED + 60
PROJECT = {**OPENTOK, "exp": EXPIRES, "nonce": 1}
APPLICATIONS = {**VONAGE, "exp": EXPIRES, "jti": "1"}
#: Claims of both environments at once, so that only the key distinguishes the tokens.
BOTH = {**PROJECT, **APPLICATIONS}

Sign = Callable[[bytes], bytes]


@pytest.fixture
def project():
    return Signer(KEY, SECRET)


@pytest.fixture
def application():
    return Signer.from_private_key(APPLICATION, key_pair())


def part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_secret(secret: bytes = SECRET.encode(), hashed=hashlib.sha256) -> Sign:
    return lambda message: hmac.new(secret, message, hashed).digest()


def by_key(number: int = 0, padding=PKCS1v15(), hashed=SHA256()) -> Sign:  # noqa: B008
    return lambda message: key_pair(number=number).sign(message, padding, hashed)


def make(header: str, payload: str | dict, sign: Sign) -> str:
    """The JWT with these texts, signed by *sign* regardless of the header."""
    said = payload if isinstance(payload, str) else json.dumps(payload)
    message = f"{part(header.encode())}.{part(said.encode())}"
    return f"{message}.{part(sign(message.encode()))}"


def refused(signer: Signer, token: str) -> TokenError:
    """The reason why *token* is refused, which `verify` and `verify_many` agree on."""
    with pytest.raises(TokenError) as caught:
        signer.verify(token, now=NOW)
    (error,) = signer.verify_many([token], now=NOW).failures.values()
    assert (type(error), str(error)) == (type(caught.value), str(caught.value))
    return caught.value


ALGORITHMS = [
    '"none"', '"None"', '"NONE"', '"nOnE"', '""', "null", "1", "true", '["HS256"]', '{"HS256":1}', '"hs256"', '"HS256 "',
    '"HS384"', '"HS512"', '"RS384"', '"RS512"', '"PS256"', '"ES256"', '"EdDSA"', '"dir"',
]  # fmt: skip


@every_kernel
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_other_algorithm_is_accepted_from_any_signer(project, application, algorithm):
    header = f'{{"typ":"JWT","alg":{algorithm}}}'
    for signer, sign in ((project, by_secret()), (application, by_key())):
        for ending in (sign, lambda message: b""):
            error = refused(signer, make(header, BOTH, ending))
            assert type(error) is MalformedTokenError
            assert error.reason == "algorithm"


@every_kernel
def test_a_header_without_an_algorithm_is_refused(project):
    assert refused(project, make('{"typ":"JWT"}', BOTH, by_secret())).reason == "algorithm"


@every_kernel
def test_a_token_without_a_signature_is_cut_off(project, application):
    for signer, algorithm in ((project, "HS256"), (application, "RS256")):
        token = make(f'{{"alg":"{algorithm}"}}', BOTH, lambda message: b"")
        assert refused(signer, token).reason == "truncated"
        assert refused(signer, token[:-1]).reason == "truncated"


PUBLIC = public_pem()
SPELLINGS = [
    PUBLIC.encode(),
    PUBLIC.strip().encode(),
    PUBLIC.replace("\n", "\r\n").encode(),
    "".join(PUBLIC.splitlines()[1:-1]).encode(),
    key_pair().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    key_pair().public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    key_pair().public_key().public_numbers().n.to_bytes(256, "big"),
]


@pytest.mark.parametrize("secret", SPELLINGS, ids=range(len(SPELLINGS)))
def test_the_public_key_is_not_a_secret(application, secret):
    """The public key is known to everybody, so it must not be used as an HMAC secret."""
    token = hs256(BOTH, secret)
    assert refused(application, token).reason == "wrong_algorithm"
    with pytest.raises(WrongAlgorithmError, match="took the public key for a secret"):
        PublicKey(PUBLIC).verify(token, now=NOW)


@every_kernel
def test_the_label_does_not_make_it_another_algorithm(project, application):
    """Each signature is valid, but not for the algorithm in the header."""
    hs, rs = '{"alg":"HS256"}', '{"alg":"RS256"}'
    salted = by_key(padding=PSS(MGF1(SHA256()), 32))
    for sign in (salted, by_key(hashed=SHA384()), by_secret(SPELLINGS[0])):
        error = refused(application, make(rs, BOTH, sign))
        assert error.reason in ("bad_signature", "truncated")
    error = refused(project, make(hs, BOTH, by_secret(hashed=hashlib.sha512)))
    assert type(error) is BadSignatureError
    assert type(refused(project, make(hs, BOTH, by_key()))) is BadSignatureError


@every_kernel
def test_an_environment_does_not_take_what_the_other_signs(project, application):
    for one in DIALECTS:
        other = project if one.says.algorithm == "RS256" else application
        error = refused(other, one.token)
        assert type(error) is WrongAlgorithmError
        assert isinstance(error, WrongKeyError)
        assert error.reason == "wrong_algorithm"
    ours = hs256({**BOTH, "session_id": SESSION})
    assert project.verify(ours, now=NOW).algorithm == "HS256"
    assert application.verify(rs256(BOTH), now=NOW).algorithm == "RS256"
    assert refused(project, rs256(BOTH)).reason == "wrong_algorithm"
    assert refused(application, hs256(BOTH)).reason == "wrong_algorithm"


@every_kernel
@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"none","alg":"HS256"}',
        '{"alg":"HS256","alg":"none"}',
        '{"alg":"HS256","alg":"HS256"}',
        '{"alg":"HS256","\\u0061lg":"HS256"}',
        '{"alg":"HS256","typ":"JWT","typ":"JWT"}',
        '{"alg":"HS256","x":{"a":1,"a":2}}',
    ],
)
def test_a_header_with_a_duplicate_name_is_refused(project, header):
    assert type(refused(project, make(header, PROJECT, by_secret()))) is MalformedTokenError


@every_kernel
@pytest.mark.parametrize("name", [*PROJECT, "x"])
def test_a_payload_with_a_duplicate_name_is_refused(project, name):
    payload = json.dumps({**PROJECT, "x": 1})
    twice = f'{payload[:-1]},"{name}":{json.dumps({**PROJECT, "x": 1}[name])}}}'
    header = '{"typ":"JWT","alg":"HS256"}'
    assert project.verify(make(header, payload, by_secret()), now=NOW)
    assert type(refused(project, make(header, twice, by_secret()))) is MalformedTokenError


@every_kernel
@pytest.mark.parametrize(
    "extra", ['"crit":["b64"],"b64":false', '"crit":["exp"]', '"crit":[]', '"b64":true']
)
def test_a_header_that_must_be_understood_is_refused(project, application, extra):
    for signer, algorithm, sign in (
        (project, "HS256", by_secret()),
        (application, "RS256", by_key()),
    ):
        token = make(f'{{"alg":"{algorithm}",{extra}}}', BOTH, sign)
        assert type(refused(signer, token)) is MalformedTokenError


STRANGE = key_pair(number=1).public_key()
MODULUS = part(STRANGE.public_numbers().n.to_bytes(256, "big"))
HINTS = [
    {"jwk": {"kty": "RSA", "n": MODULUS, "e": "AQAB"}},
    {"jwk": {"kty": "oct", "k": part(b"another")}},
    {"jku": "https://example.test/keys"},
    {"x5u": "https://example.test/certificate"},
    {"x5c": [part(b"a certificate")]},
    {"kid": "../../dev/null"},
    {"kid": "1' OR '1'='1"},
]


@every_kernel
@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: next(iter(hint)))
def test_keys_that_a_token_brings_along_are_not_looked_at(project, application, hint):
    assert project.verify(hs256(PROJECT, **hint), now=NOW)
    assert application.verify(rs256(APPLICATIONS, **hint), now=NOW)
    assert type(refused(project, hs256(PROJECT, "another", **hint))) is BadSignatureError
    header = json.dumps({"alg": "RS256", **hint})
    forged = make(header, APPLICATIONS, by_key(number=1))
    assert type(refused(application, forged)) is BadSignatureError
