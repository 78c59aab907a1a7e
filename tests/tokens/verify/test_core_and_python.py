"""The core against Python: tokens of all SDKs, good and altered, one by one and many.

`verify_slow_path` is the reference, which does not use the core. The verdicts and the reasons
must be equal. ``make test-long LONG=4`` compares a million tokens.
"""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.applications import APPLICATION, key_pair
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.corpus import JSON_PIECES, altered, make_raw, make_raw_jwt
from tests.support.dialects import (
    CREATED,
    EXPIRES,
    PROJECT_DIALECTS,
    VONAGE_DIALECTS,
    Dialect,
)
from tests.support.encodings import reencoded
from tests.support.kernels import USABLE, every_kernel
from tests.support.reference import base64url
from tests.support.sizes import size
from tokbox.errors import TokenError
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification import verify as verify_module
from tokbox.tokens.verification.results import Decoded
from tokbox.tokens.verification.verify import decode, decode_many, verify_slow_path

#: Compared tokens of each environment, on all kernels together.
PROJECT, VONAGE = size(9_000, 200_000), size(1_500, 50_000)
#: Tokens that are verified together.
BATCH = 100

HEADERS = [
    '{"typ":"JWT","alg":"HS256"}',
    '{"alg":"HS256","typ":"JWT"}',
    '{"alg":"HS256","kid":"1"}',
    '{"alg":"HS256","crit":["exp"]}',
    '{"alg":"none"}',
]
NOW = CREATED + 60
#: When tokens are verified: half of them while most are valid.
TIMES = [NOW] * 5 + [CREATED - 61, CREATED - 60, EXPIRES - 1, EXPIRES, CREATED + 10**7]


def is_jwt(token: str) -> bool:
    return token.startswith("ey")


def claims_of(token: str) -> bytes:
    """Return what the signature of a token of an SDK is of, decoded."""
    if is_jwt(token):
        return base64.urlsafe_b64decode(token.split(".")[1] + "==")
    return base64.b64decode(token[4:], b"-_" if "-" in token or "_" in token else None)[
        len(f"partner_id={KEY}&sig=:") + 40 :
    ]


def changed(rng: random.Random, data: bytes, jwt: bool) -> bytes:
    return altered(rng, data, JSON_PIECES, b",", b":") if jwt else altered(rng, data)


def of_a_project(rng: random.Random, dialect: Dialect) -> str:
    """Return a token of the SDK, as it is or altered in one of the ways there are."""
    token, jwt = dialect.token, is_jwt(dialect.token)
    secret = rng.choice([SECRET] * 7 + ["another"])
    way = rng.randrange(10)
    if way < 2:
        return token
    if way < 7:  # other claims, mostly well signed
        data = changed(rng, claims_of(token), jwt)
        if not jwt:
            return make_raw(data, secret, rng.choice([KEY] * 9 + ["40000124"]))
        head = rng.choice([*HEADERS[:1] * 6, *HEADERS])
        return make_raw_jwt(data, secret, head)
    if way < 8:
        return reencoded(rng, token)
    return cut_or_changed(rng, token)


def cut_or_changed(rng: random.Random, token: str) -> str:
    at = rng.randrange(len(token))
    if rng.random() < 0.2:
        return token[:at]
    return token[:at] + rng.choice("A=-b.é\0_/+9") + token[at + 1 :]


def signed_ones(rng: random.Random) -> list[str]:
    """Return tokens of all Vonage SDKs, some with other claims or another header: RSA signs
    a thousand a second, so that they are signed before the comparison, and repeated."""
    tokens = [one.token for one in VONAGE_DIALECTS]
    for _ in range(size(100, 2_500)):
        data = changed(rng, claims_of(rng.choice(VONAGE_DIALECTS).token), True)
        head = rng.choice(HEADERS).replace("HS256", "RS256").encode()
        message = f"{base64url(head)}.{base64url(data)}"
        signature = key_pair().sign(message.encode(), PKCS1v15(), SHA256())
        tokens.append(f"{message}.{base64url(signature)}")
    return tokens


def of_an_application(rng: random.Random, tokens: list[str]) -> str:
    token = rng.choice([rng.choice(tokens), rng.choice(VONAGE_DIALECTS).token])
    way = rng.randrange(10)
    if way < 5:
        return token
    if way < 6:
        return reencoded(rng, token)
    if way < 7:
        return of_a_project(rng, rng.choice(PROJECT_DIALECTS))
    return cut_or_changed(rng, token)


def found(work: Callable[[], object]) -> tuple[str, str, str] | None:
    """Return the type, the reason and the message of the error of *work*, or None."""
    try:
        work()
    except TokenError as error:
        return type(error).__name__, error.reason, str(error)
    return None


def compare(
    rng: random.Random, signer: Signer, session: str, n: int, make: Callable[[], str]
) -> Counter[str]:
    """Compare the core with Python on *n* tokens; return how many there were by reason."""
    reasons: Counter[str] = Counter()
    for size_ in batches(n):
        tokens = [make() for _ in range(size_)]
        now = rng.choice(TIMES)
        session_id = rng.choice([None] * 9 + [session])
        options = {"session_id": session_id, "now": now}
        many = signer.verify_many(tokens, multithread=rng.random() < 0.3, **options)
        read = decode_many(tokens, multithread=rng.random() < 0.3)
        for row, token in enumerate(tokens):
            key, tenant = signer._backend.verifier, signer.project_id
            wanted = found(lambda: verify_slow_path(token, key, tenant, **options))  # noqa: B023
            error = many.failures.get(row)
            got = error and (type(error).__name__, error.reason, str(error))
            assert got == wanted, (token, options)
            assert many[row] is (wanted is None)
            assert found(lambda: raise_failure(read, row)) == found(lambda: decode(token))  # noqa: B023
            if rng.random() < 0.2:
                assert found(lambda: signer.verify(token, **options)) == wanted, token  # noqa: B023
            reasons[wanted[1] if wanted else "valid"] += 1
    return reasons


def raise_failure(read: Decoded, row: int) -> None:
    """Raise the error of a row that could not be read."""
    if row in read.failures:
        raise read.failures[row]


def batches(n: int) -> Iterator[int]:
    while n > 0:
        yield min(n, BATCH)
        n -= BATCH


@every_kernel
def test_the_core_finds_what_python_finds_of_tokens_of_a_project(kernel):
    rng = random.Random(kernel)
    signer = Signer(KEY, SECRET)
    reasons = compare(
        rng,
        signer,
        SESSION,
        PROJECT // len(USABLE),
        lambda: of_a_project(rng, rng.choice(PROJECT_DIALECTS)),
    )
    print(f"\n{kernel}: {reasons.total():,} tokens of a project: {dict(reasons)}")
    assert {"valid", "expired", "bad_signature", "not_yet_valid", "wrong_key"} <= {*reasons}


def test_the_core_finds_what_python_finds_of_tokens_of_an_application():
    rng = random.Random(7)
    signer = Signer.from_private_key(APPLICATION, key_pair())
    tokens = signed_ones(rng)
    reasons = compare(
        rng, signer, APPLICATION_SESSION, VONAGE, lambda: of_an_application(rng, tokens)
    )
    print(f"\n{reasons.total():,} tokens of an application: {dict(reasons)}")
    assert {"valid", "expired", "bad_signature", "wrong_algorithm"} <= {*reasons}


@every_kernel
@pytest.mark.parametrize("project", [True, False])
def test_usual_tokens_are_verified_by_the_core_alone(monkeypatch, project):
    """One by one, too; an application's signature is checked by OpenSSL."""
    if project:
        signer, dialects = Signer(KEY, SECRET), PROJECT_DIALECTS
    else:
        signer = Signer.from_private_key(APPLICATION, key_pair())
        dialects = VONAGE_DIALECTS
    monkeypatch.delattr(verify_module, "verify_slow_path")
    for one in dialects:
        assert signer.verify(one.token, now=NOW) == one.says
        assert found(lambda: signer.verify(one.token, now=one.says.end_time)) is not None  # noqa: B023
