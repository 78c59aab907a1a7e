"""JSON Web Tokens (RFC 7519, RFC 7515): parsing, verifying and signing.

This implementation is independent of the client's: each one tests the other.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tokbox.emulator.model import base64url

__all__ = ["InvalidJWTError", "Jwt", "parse", "parse_times", "sign"]


class InvalidJWTError(Exception):
    """The text is not a supported JSON Web Token, or its signature is invalid."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A parsed token, not yet verified."""

    #: The ``alg`` header of the token, which is not trusted by itself.
    algorithm: str
    claims: dict[str, Any] = field(repr=False)
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    def check(self, key: str | RSAPublicKey) -> dict[str, Any]:
        """Return the claims if *key* signed them, or raise :class:`InvalidJWTError`.

        The key determines the algorithm, not the token: HS256 for a secret (its UTF-8 bytes
        are the key), RS256 for a public key. Times are not verified: the caller compares
        them with a clock of its choice.
        """
        if self.algorithm != ("HS256" if isinstance(key, str) else "RS256"):
            raise InvalidJWTError
        if isinstance(key, str):
            right = hmac.digest(key.encode(), self._signed, "sha256")
            if not hmac.compare_digest(right, self._signature):
                raise InvalidJWTError
        else:
            try:
                key.verify(self._signature, self._signed, PKCS1v15(), SHA256())
            except InvalidSignature:
                raise InvalidJWTError from None
        return self.claims


def parse(token: str) -> Jwt:
    """Parse *token* without verifying it, or raise :class:`InvalidJWTError`."""
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        head, payload = signed.split(b".")
        algorithm, claims = _algorithm(head), _parse_object(payload)
        found = base64url.decode(signature)
    except (ValueError, RecursionError):
        # Without the cause, which may contain the token.
        raise InvalidJWTError from None
    return Jwt(algorithm, claims, signed, found)


@lru_cache(256)  # each library always writes the same header
def _algorithm(head: bytes) -> str:
    header = _parse_object(head)
    algorithm = header.get("alg")
    # Unknown critical header parameters must be refused (RFC 7515, 4.1.11).
    if not isinstance(algorithm, str) or "crit" in header:
        raise ValueError
    return algorithm


def _parse_object(part: bytes) -> dict[str, Any]:
    # Decoded first, because json.loads would accept UTF-16 bytes.
    value = json.loads(base64url.decode(part).decode(), object_pairs_hook=_unique)
    if not isinstance(value, dict):
        raise ValueError
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated claims: parsers differ in which one they use."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def parse_times(claims: dict[str, Any]) -> tuple[float | None, ...]:
    """Return ``iat``, ``nbf`` and ``exp`` in seconds, each ``None`` if absent.

    Raises :class:`InvalidJWTError` if one is not a number in the accepted range.
    """
    return tuple(_number(claims, name) for name in ("iat", "nbf", "exp"))


def _number(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidJWTError
    # The limit avoids overflow in sums; the comparison also refuses NaN.
    if not -1e15 < value < 1e15:
        raise InvalidJWTError
    return value


def sign(claims: dict[str, Any], secret: str) -> str:
    """Sign *claims* with HS256, and return the token."""
    parts = ({"typ": "JWT", "alg": "HS256"}, claims)
    message = ".".join(
        base64url.encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts
    )
    mac = hmac.digest(secret.encode(), message.encode(), "sha256")
    return f"{message}.{base64url.encode(mac)}"
