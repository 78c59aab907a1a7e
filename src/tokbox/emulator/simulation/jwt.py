"""JSON Web Tokens (RFC 7519, RFC 7515): parsing, verifying and signing.

The client has code of its own for this, which the emulator does not share: each is the
other's test.
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
    """The text is not a JSON Web Token of ours, or its signature is wrong."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token that was taken apart; who signed it is still to be asked."""

    #: What the token says it was signed by. Nothing is decided by it alone.
    algorithm: str
    claims: dict[str, Any] = field(repr=False)
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    def check(self, key: str | RSAPublicKey) -> dict[str, Any]:
        """Return the claims if *key* signed them; raise :class:`Unreadable`.

        The kind of the key decides on the algorithm, never the token: a secret HS256 (it
        is the whole key, as UTF-8), a public key RS256. Times are not looked at: they are
        compared with a clock that the caller chooses.
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
    """Take *token* apart without trusting it; raise :class:`Unreadable`."""
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        head, payload = signed.split(b".")
        algorithm, claims = _algorithm(head), _parse_object(payload)
        found = base64url.decode(signature)
    except (ValueError, RecursionError):
        # Without the cause, which may quote the token.
        raise InvalidJWTError from None
    return Jwt(algorithm, claims, signed, found)


@lru_cache(256)  # each library writes one header
def _algorithm(head: bytes) -> str:
    header = _parse_object(head)
    algorithm = header.get("alg")
    # What is critical and unknown must not be passed over (RFC 7515, 4.1.11).
    if not isinstance(algorithm, str) or "crit" in header:
        raise ValueError
    return algorithm


def _parse_object(part: bytes) -> dict[str, Any]:
    # As text: of bytes, the parser would take UTF-16, too.
    value = json.loads(base64url.decode(part).decode(), object_pairs_hook=_unique)
    if not isinstance(value, dict):
        raise ValueError
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a repeated claim: readers differ in which one of them counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def parse_times(claims: dict[str, Any]) -> tuple[float | None, ...]:
    """Return ``iat``, ``nbf`` and ``exp`` in seconds, each ``None`` if it is not there.

    Raises :class:`Unreadable` if one is there and not a usable number.
    """
    return tuple(_number(claims, name) for name in ("iat", "nbf", "exp"))


def _number(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidJWTError
    # Beyond this no clock reads, and sums would overflow; NaN fails it too.
    if not -1e15 < value < 1e15:
        raise InvalidJWTError
    return value


def sign(claims: dict[str, Any], secret: str) -> str:
    """Return a token that is signed by HS256."""
    parts = ({"typ": "JWT", "alg": "HS256"}, claims)
    message = ".".join(
        base64url.encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts
    )
    mac = hmac.digest(secret.encode(), message.encode(), "sha256")
    return f"{message}.{base64url.encode(mac)}"
