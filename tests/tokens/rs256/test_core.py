"""RSA signatures of the core, compared with OpenSSL and the reference."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.applications import key_pair
from tests.support.kernels import every_kernel
from tests.support.sizes import size
from tokbox._fastsign import RSAKey, verify_many
from tokbox.tokens.rs256.keys import PublicKey


@every_kernel
@pytest.mark.parametrize("bits", [2048, 2049, 2056, 3072, 4096])
@pytest.mark.parametrize("exponent", [3, 65537])
def test_the_core_accepts_what_openssl_accepts(bits, exponent):
    rng = random.Random(bits + exponent)
    private = generate_private_key(exponent, bits)
    key = PublicKey(private.public_key())
    for _ in range(size(20, 2000) * 2048 // bits):
        message = rng.randbytes(rng.randrange(200))
        good = private.sign(message, PKCS1v15(), SHA256())
        place = rng.randrange(len(good))
        altered = bytearray(good)
        altered[place] ^= 1 << rng.randrange(8)
        for signature in (good, bytes(altered), rng.randbytes(len(good)), good[:place]):
            held = key._verify_signature(message, signature)
            assert (
                key._core.verify_signature(message, signature)
                is held
                is (signature == good)
            )


@pytest.mark.parametrize(
    "digest",
    [
        b"",
        bytes.fromhex("3031300d060960864801650304020105000420"),
        bytes.fromhex("302f300b0609608648016503040201042000"),
    ],
)
@pytest.mark.parametrize("begin", [b"\0\1", b"\0\2", b"\1\1", b"\0\0"])
def test_padding_that_is_not_exact_is_refused(digest, begin):
    """The private key can sign any number, and only one is the padded message."""
    private = key_pair().private_numbers()
    modulus = private.public_numbers.n
    for rest in (b"", b"\0" * 40, b"\xff" * 40):
        for filler in (b"\xff" * 10, b"\xff" * 170):
            padded = (begin + filler + b"\0" + digest + rest)[:256].ljust(256, b"\0")
            number = int.from_bytes(padded, "big")
            if number < modulus:
                signature = pow(number, private.d, modulus).to_bytes(256, "big")
                key = PublicKey(key_pair().public_key())
                assert not key._core.verify_signature(b"message", signature)
                assert not key._verify_signature(b"message", signature)


@pytest.mark.parametrize(
    ("modulus", "exponent", "square"),
    [
        (b"\xff" * 63, b"\3", bytes(64)),
        (b"\xff" * 2049, b"\3", bytes(2056)),
        (b"\0" + b"\xff" * 63, b"\3", bytes(64)),
        (b"\xff" * 63 + b"\xfe", b"\3", bytes(64)),
        (b"\xff" * 64, b"", bytes(64)),
        (b"\xff" * 64, b"\1", bytes(64)),
        (b"\xff" * 64, b"\4", bytes(64)),
        (b"\xff" * 64, b"\3", bytes(63)),
        (b"", b"\3", b""),
    ],
)
def test_numbers_that_are_no_key_are_refused(modulus, exponent, square):
    with pytest.raises(ValueError, match="cannot be used"):
        RSAKey(modulus, exponent, square)


def test_signatures_are_not_verified_without_a_key():
    with pytest.raises(ValueError, match="key is needed"):
        verify_many(None, b"", None, (), 0, 0)
