"""RSA keys of applications: generating, and reading from PEM."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from tokbox.errors import InvalidInputError
from tokbox.tokens.credentials import is_utf_16

__all__ = ["new_private_key", "public_key_of", "read_public_key"]

_BITS = 2048


def read_public_key(pem: str | bytes, application_id: str) -> RSAPublicKey:
    """Read the public key of an application.

    Raises :class:`InvalidInputError` if it is not an RSA key of at least 2048 bits.
    """
    rule = f"hold the PEM of an RSA public key of {_BITS} bits or more"
    if isinstance(pem, bytes) and is_utf_16(pem):
        raise InvalidInputError(
            "applications", application_id, f"{rule}, in UTF-8 (it is UTF-16)"
        )
    try:
        key = load_pem_public_key(pem.encode() if isinstance(pem, str) else pem)
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        raise InvalidInputError("applications", application_id, rule) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _BITS:
        raise InvalidInputError("applications", application_id, rule)
    return key


def new_private_key() -> str:
    """Generate a private RSA key, as PKCS #8 in PEM."""
    return (
        generate_private_key(public_exponent=65537, key_size=_BITS)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )


def public_key_of(private_key: str) -> RSAPublicKey:
    """Return the public key of a key from :func:`new_private_key`."""
    public_key = load_pem_private_key(private_key.encode(), None).public_key()
    assert isinstance(public_key, RSAPublicKey)
    return public_key
