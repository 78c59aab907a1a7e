"""The JSON Web Signatures of Wycheproof: tokbox gives the same verdicts.

The vectors have JWK keys, which tokbox does not read, and payloads without claims. So the
tests cover the first steps of `verify`: splitting the token, checking the algorithm, and
verifying the signature.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import vectors
from tests.support.kernels import every_kernel
from tokbox import InvalidInputError, PublicKey, TokboxError, TokenError
from tokbox._fastsign import Key
from tokbox.tokens import jwt
from tokbox.tokens.verification.verify import is_signed_by, pin_algorithm

FILES = [
    "json_web_signature_test.json",
    "json_web_crypto_test.json",
    "json_web_key_test.json",
]
OURS = ("HS256", "RS256")

# Why tokbox gives another verdict on a case.
ENCRYPTED = "it is encrypted (JWE)"
CURVE = "its key is on an elliptic curve, which no key of ours can be"
KEY_SET = "its keys are a set that must be refused as a whole; a client has one key"
PURPOSE = "its JWK says what else the key is for, which PEM and secrets cannot"
SHORT = "its secret is short, and how long a secret is, the service decides"
EMPTY = "its payload is empty, which claims never are"
MISLABELLED = "the file contradicts itself, or RFC 7515, section 2"

#: By number, in json_web_signature_test.json.
SAME_AS_A_VALID_ONE = {367: 357, 370: 357}
NOT_BASE64URL = {372, 373}


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    head = size if len(body) < 128 else bytes([0x80 | len(size)]) + size
    return bytes([tag]) + head + body


def pem(jwk: dict[str, str]) -> str:
    """A public RSA key built from its numbers, even if no library would create it."""
    numbers = [int.from_bytes(raw(jwk[name]), "big") for name in ("n", "e")]
    integers = [der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers]
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d010101"), b"\5\0")
    info = der(0x30, algorithm, der(3, b"\0", der(0x30, *integers)))
    text = base64.encodebytes(info).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


def key_of(jwk: dict[str, str]) -> Key | PublicKey:
    """Our key for a JWK. TokboxError if it is none that we take."""
    return Key(raw(jwk["k"])) if jwk["kty"] == "oct" else PublicKey(pem(jwk))


def is_accepted(jws: str, jwk: dict[str, str]) -> bool:
    try:
        key = key_of(jwk)
        parts = jwt.split(jws)
        pin_algorithm(parts.algorithm, key)
    except TokboxError:
        return False
    return is_signed_by(key, parts)


def cases() -> Iterator[tuple[str, list[dict[str, str]], dict[str, Any]]]:
    """All cases: the file's name, the keys, the case."""
    for file in FILES:
        for group in vectors.wycheproof(file)["testGroups"]:
            key = group.get("public", group["private"])
            for case in group["tests"]:
                yield file, key.get("keys", [key]), case


def named_algorithm(jws: str) -> str:
    """The header of the token, if it is one that tokbox accepts."""
    try:
        return jwt.split(jws).algorithm
    except TokenError:
        return ""


def why_not_ours(file: str, keys: list[dict[str, str]], case: dict[str, Any]) -> str:
    """Why the case does not apply to tokbox; "" if it does."""
    key, number = keys[0], case["tcId"]
    if "jwe" in case:
        return ENCRYPTED
    if case["comment"] in ("rejectsValid", "rejectsDuplicateKid"):
        return KEY_SET
    if "crv" in key:
        return CURVE
    if key.get("alg") not in OURS and named_algorithm(case["jws"]):
        return PURPOSE
    if key.get("alg") == "HS256" and len(raw(key["k"])) < 32:
        return SHORT
    if key.get("alg") == "RS256" and case["comment"] == "emptyPayload":
        return EMPTY
    if file == FILES[0] and number in SAME_AS_A_VALID_ONE.keys() | NOT_BASE64URL:
        return MISLABELLED
    return ""


@every_kernel
def test_wycheproof_signatures_are_judged_as_they_should_be():
    judged: Counter[tuple[str, bool]] = Counter()
    passed_over: Counter[str] = Counter()
    for file, keys, case in cases():
        if why := why_not_ours(file, keys, case):
            passed_over[why] += 1
            continue
        algorithm = keys[0]["alg"]
        # Tokens that are valid for other algorithms only are refused.
        valid = case["result"] == "valid" and algorithm in OURS
        accepted = is_accepted(case["jws"], keys[0])
        assert accepted == valid, (file, case["tcId"], case["comment"])
        judged[algorithm if algorithm in OURS else "others", valid] += 1
    assert judged == {
        ("HS256", True): 12,
        ("HS256", False): 46,
        ("RS256", True): 9,
        ("RS256", False): 241,
        ("others", False): 88,
    }
    assert passed_over == {
        ENCRYPTED: 34,
        CURVE: 64,
        KEY_SET: 3,
        PURPOSE: 6,
        SHORT: 2,
        EMPTY: 1,
        MISLABELLED: 4,
    }


def test_the_mislabelled_cases_are_as_described():
    signatures = {case["tcId"]: case for file, _, case in cases() if file == FILES[0]}
    for number, other in SAME_AS_A_VALID_ONE.items():
        assert signatures[number]["jws"] == signatures[other]["jws"]
        assert signatures[other]["result"] == "valid" != signatures[number]["result"]
    for number in NOT_BASE64URL:
        assert "?" in signatures[number]["jws"]
        assert signatures[number]["result"] == "valid"


@pytest.mark.parametrize(
    ("comment", "rule"),
    [
        ("rejectsKeyWithRocaVulnerability", "CVE-2017-15361"),
        ("rejects1024bitRsaKey", "at least 2048 bits"),
        ("rejectsPublicExponent1", "can be read"),
    ],
)
def test_wycheproof_keys_that_are_no_good_are_refused(comment, rule):
    found = [keys[0] for _, keys, case in cases() if case["comment"] == comment]
    assert found
    for jwk in found:
        with pytest.raises(InvalidInputError, match=rule):
            PublicKey(pem(jwk))
