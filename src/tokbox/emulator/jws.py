"""Reading HS256 JSON Web Tokens with PyJWT: the one place that knows its interface."""

from __future__ import annotations

import json
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

__all__ = ["Unreadable", "number", "read", "read_unverified"]


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


def read_unverified(token: str) -> dict[str, Any]:
    """Return the claims without trusting them; raise :class:`Unreadable`."""
    return _claims(token, "", verify=False)


def read(token: str, secret: str) -> dict[str, Any]:
    """Return the claims if HS256 under *secret* signed them; raise :class:`Unreadable`.

    Times are not looked at: they are compared with a clock that the caller chooses.
    """
    return _claims(token, secret, verify=True)


def _claims(token: str, secret: str, *, verify: bool) -> dict[str, Any]:
    try:
        payload = _jws.decode_complete(
            token, secret, algorithms=["HS256"], options={"verify_signature": verify}
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
