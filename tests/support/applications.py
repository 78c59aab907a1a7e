"""A Vonage application of our own: its id, a session, and a key pair made on first use."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

APPLICATION = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
SESSION = (
    "1_MX4zZjJiOGMxMC01YTZkLTRlN2YtOGE5Yi0wYzFkMmUzZjRhNWJ-fjE3MDAwMDAwMDAxMjN-"
    "QWIzL0VmR2hJaitsTW5PcFFyU3RVdld4fn5-"
)


@cache
def key_pair(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """A key of that many bits; always the same one for the same *number*."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_pem(key: rsa.RSAPrivateKey | None = None) -> str:
    """A private key as the service hands it out: PKCS #8, not encrypted."""
    key = key_pair() if key is None else key
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def public_pem(key: rsa.RSAPrivateKey | None = None) -> str:
    """The public key, which receivers of tokens have."""
    public = (key_pair() if key is None else key).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def numbers(key: rsa.RSAPrivateKey | None = None) -> tuple[int, int]:
    """Modulus and private exponent, with which the reference signs."""
    private = (key_pair() if key is None else key).private_numbers()
    return private.public_numbers.n, private.d
