"""The password of an encrypted archive, sealed for the owner of a certificate."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from tokbox.emulator.errors import HTTPError

__all__ = ["read_certificate", "seal_password"]

_MAX_BITS = 2048
#: The version, algorithm and mode that precede key and IV. Their values are not
#: documented, only that each is one byte.
_KIND = bytes([1, 1, 1])
_KEY_AND_IV = 32 + 16


def read_certificate(text: object) -> str:
    """Return a certificate in plain PEM, or refuse with 400.

    It may come in PEM, with its line breaks written as ``\\n``, or in base64 of PEM.
    """
    problem = HTTPError(
        400, f"certificate must be X.509 in PEM with an RSA key of {_MAX_BITS} bits at most"
    )
    if not isinstance(text, str):
        raise problem
    try:
        pem = text.replace("\\n", "\n").encode()
        if not pem.lstrip().startswith(b"-----BEGIN"):
            pem = base64.b64decode(pem, validate=False)
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise problem from None
    if not isinstance(key, RSAPublicKey) or key.key_size > _MAX_BITS:
        raise problem
    return certificate.public_bytes(Encoding.PEM).decode()


def seal_password(certificate: str, draw: Callable[[int], bytes]) -> str:
    """Return base64 of what opens an archive, encrypted by RSA-OAEP (RFC 8017, 7.1.1).

    *draw* gives random bytes. They come from there, which is why OAEP is spelled out
    here: with a seed the password must be the same in every run.
    """
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(key, RSAPublicKey), "it was checked when it was set"
    message = _KIND + draw(_KEY_AND_IV)
    numbers, size = key.public_numbers(), (key.key_size + 7) // 8
    digest = hashlib.sha1(b"").digest()  # noqa: S324
    block = digest + bytes(size - len(message) - 2 * len(digest) - 2) + b"\x01" + message
    seed = draw(len(digest))
    masked = _xor(block, _mask(seed, len(block)))
    padded = b"\x00" + _xor(seed, _mask(masked, len(seed))) + masked
    sealed = pow(int.from_bytes(padded, "big"), numbers.e, numbers.n)
    return base64.b64encode(sealed.to_bytes(size, "big")).decode()


def _mask(seed: bytes, size: int) -> bytes:
    """MGF1 with SHA-1 (RFC 8017, B.2.1)."""
    blocks = (
        hashlib.sha1(seed + counter.to_bytes(4, "big")).digest()  # noqa: S324
        for counter in range(-(-size // 20))
    )
    return b"".join(blocks)[:size]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
