"""The hashes and HMACs of every kernel against published vectors."""

from __future__ import annotations

import hashlib
import random

import pytest

from tests.support import vectors
from tests.support.kernels import every_kernel
from tokbox import _fastsign

pytestmark = every_kernel

HASHES = [(1, "SHA1", hashlib.sha1), (256, "SHA2/SHA256", hashlib.sha256)]
#: More than the lanes of any kernel, and a remainder.
CROWD = 37


def path(name: str, kind: str) -> str:
    folder, _, file = name.partition("/")
    return f"hashes/{folder}/{file or folder}{kind}.rsp"


def hash_in_a_crowd(bits: int, message: bytes, plain, place: int) -> bytes:
    """Hash *message* at one place among others of its length, all of which must be right."""
    others = random.Random(len(message))
    messages = [others.randbytes(len(message)) for _ in range(CROWD)]
    messages[place] = message
    digests = _fastsign.hash_many(bits, messages)
    assert digests == [plain(m).digest() for m in messages]
    return digests[place]


@pytest.mark.parametrize(("bits", "name", "plain"), HASHES, ids=["sha1", "sha256"])
@pytest.mark.parametrize("kind", ["ShortMsg", "LongMsg"])
def test_cavp_messages(bits, name, plain, kind):
    cases = vectors.cavp_messages(path(name, kind))
    assert len(cases) >= 64
    for i, (message, digest) in enumerate(cases):
        assert hash_in_a_crowd(bits, message, plain, i % CROWD) == digest


@pytest.mark.parametrize(("bits", "name"), [h[:2] for h in HASHES], ids=["sha1", "sha256"])
def test_cavp_monte(bits, name):
    seed, expected = vectors.cavp_monte(path(name, "Monte"))
    assert len(expected) == 100
    for digest in expected:
        window = [seed] * 3
        for _ in range(1000):
            window = [*window[1:], _fastsign.hash_many(bits, [b"".join(window)])[0]]
        seed = window[2]
        assert seed == digest


@pytest.mark.parametrize(
    ("file", "method"),
    [("HMAC/rfc-2202-sha1.txt", "hmac_sha1"), ("HMAC/rfc-4231-sha256.txt", "hmac_sha256")],
)
def test_rfc_hmac(file, method):
    cases = vectors.rfc_hmac(file)
    assert len(cases) >= 6
    for key, message, mac in cases:
        assert getattr(_fastsign.Key(key), method)(message) == mac


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_wycheproof_hmac(name):
    groups = vectors.wycheproof(f"hmac_{name}_test.json")["testGroups"]
    seen = set()
    for group in groups:
        for case in group["tests"]:
            key = _fastsign.Key(bytes.fromhex(case["key"]))
            mac = getattr(key, f"hmac_{name}")(bytes.fromhex(case["msg"]))
            truncated = mac[: group["tagSize"] // 8]
            valid = truncated == bytes.fromhex(case["tag"])
            assert valid == (case["result"] == "valid"), case["comment"]
            seen.add(case["result"])
    assert seen == {"valid", "invalid"}


def test_rfc_4648_base64_is_what_a_token_is_wrapped_in():
    """Every alignment of RFC 4648, seen through tokens of every length mod 3."""
    import base64

    key = _fastsign.Key(b"secret")
    for extra in range(12):
        plan = _fastsign.BatchPlan(key, b"partner_id=1&sig=", b"a" * extra + b"&nonce=")
        (token,) = plan.strings(1)
        raw = base64.b64decode(token[4:], validate=True)
        assert base64.b64encode(raw).decode() == token[4:]
        assert raw.startswith(b"partner_id=1&sig=")
