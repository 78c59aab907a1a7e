"""Reading JSON Web Tokens with PyJWT: the one place that knows its interface."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import HMACAlgorithm, RSAAlgorithm

__all__ = ["Unreadable", "algorithm_of", "number", "read", "read_unverified"]


class Unreadable(Exception):
    """The text is not a JSON Web Token of ours, or its signature is wrong."""


class _HS256(HMACAlgorithm):
    """HS256 without the warning about keys below 32 bytes.

    The secret is the service's to choose. It is the whole key, as UTF-8, even where
    it is short.
    """

    def __init__(self) -> None:
        super().__init__(HMACAlgorithm.SHA256)

    def check_key_length(self, key: bytes) -> str | None:
        return None


_jws = jwt.PyJWS(algorithms=[])
_jws.register_algorithm("HS256", _HS256())
_jws.register_algorithm("RS256", RSAAlgorithm(RSAAlgorithm.SHA256))


def algorithm_of(token: str) -> str | None:
    """Return what the token says it was signed by, or ``None``; nothing is trusted."""
    try:
        name = jwt.get_unverified_header(token).get("alg")
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def read_unverified(token: str) -> dict[str, Any]:
    """Return the claims without trusting them; raise :class:`Unreadable`."""
    return _claims(token, "", "HS256", verify=False)


def read(token: str, key: str | RSAPublicKey) -> dict[str, Any]:
    """Return the claims if *key* signed them; raise :class:`Unreadable`.

    The kind of the key decides on the algorithm, never the token: a secret HS256, a
    public key RS256. Times are not looked at: they are compared with a clock that the
    caller chooses.
    """
    return _claims(token, key, "HS256" if isinstance(key, str) else "RS256", verify=True)


def _claims(
    token: str, key: str | RSAPublicKey, algorithm: str, *, verify: bool
) -> dict[str, Any]:
    try:
        payload = _jws.decode_complete(
            token, key, algorithms=[algorithm], options={"verify_signature": verify}
        )["payload"]
        claims = json.loads(payload)
    except (jwt.PyJWTError, ValueError, RecursionError):
        # Without the cause: PyJWT's messages may quote the token.
        raise Unreadable from None
    if not isinstance(claims, dict):
        raise Unreadable
    return claims


def number(claims: dict[str, Any], name: str) -> float | None:
    """Return a claim that is a time in seconds, or ``None`` if it is not there.

    Raises :class:`Unreadable` if it is there and not a usable number.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable
    # Beyond this no clock reads, and sums would overflow; NaN fails it too.
    if not -1e15 < value < 1e15:
        raise Unreadable
    return value
