"""The password of an encrypted archive, encrypted for the owner of a certificate."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

from tokbox.emulator.errors import InvalidOptionError

__all__ = ["encrypt_password", "read_certificate"]

_MAX_BITS = 2048
#: The version, algorithm and mode that precede key and IV. Their values are not
#: documented, only that each is one byte.
_KIND = bytes([1, 1, 1])
_KEY_AND_IV = 32 + 16


def read_certificate(text: object) -> str:
    """Return a certificate in plain PEM.

    *text* is PEM, perhaps with line breaks written as ``\\n``, or base64 of PEM. Raises
    :class:`InvalidOptionError`.
    """
    problem = InvalidOptionError(
        f"certificate must be X.509 in PEM with an RSA key of {_MAX_BITS} bits at most"
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


def encrypt_password(certificate: str, draw: Callable[[int], bytes]) -> str:
    """Return a new password, encrypted with RSA-OAEP, in base64.

    *draw* returns random bytes for the password. The padding is always random, so the
    result differs each time even with a seed.
    """
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(key, RSAPublicKey), "it was checked when it was set"
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303
    password = _KIND + draw(_KEY_AND_IV)
    return base64.b64encode(key.encrypt(password, padding)).decode()
