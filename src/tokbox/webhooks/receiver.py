"""Verify signed callbacks."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable

from tokbox._fastsign import Key
from tokbox.errors import InvalidInputError, MalformedTokenError, UnverifiedWebhookError
from tokbox.exact import exact_number
from tokbox.lazy import set_module
from tokbox.rest.models.base import Record, int_field, str_field
from tokbox.rest.validation import credential, optional
from tokbox.secrecy import strip_traceback
from tokbox.times import from_seconds
from tokbox.tokens import jwt
from tokbox.tokens.claims import check_application_id, check_now, check_secret
from tokbox.webhooks.events import Event
from tokbox.webhooks.parsing import check_size, parse

__all__ = ["MAX_AGE", "Claims", "Headers", "Receiver"]

#: Default maximum age of a signature, and how far it may be in the future by default, in
#: seconds.
MAX_AGE = 300

_MAX_AGE = 86_400
#: The name of the header in HTTP, and in a WSGI environment.
_NAMES = ("authorization", "http_authorization")


@runtime_checkable
class _HasItems(Protocol):
    def items(self) -> Iterable[tuple[Any, Any]]: ...


#: A mapping of any framework, a WSGI environment, or ASGI pairs. A value may be a list of
#: values, as in ``multiValueHeaders`` of AWS API Gateway.
Headers: TypeAlias = _HasItems | Iterable[tuple[Any, Any]]
_Bytes: TypeAlias = bytes | bytearray | memoryview


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class Claims(Record):
    """The signed claims of a callback."""

    #: The issuer, ``Vonage``.
    issuer: str = str_field("iss")
    #: The time of signing, in seconds since the epoch.
    issue_time: int | None = int_field("iat")
    #: The unique ID of this callback.
    token_id: str = str_field("jti")
    #: SHA-256 of the body, in hexadecimal.
    payload_hash: str = str_field("payload_hash")
    #: The API key of the account, and the application ID if there is one.
    api_key: str = str_field("api_key")
    application_id: str = str_field("application_id")

    @property
    def issued_at(self) -> datetime | None:
        """Return ``issue_time`` as a UTC datetime."""
        return from_seconds(self.issue_time)


@set_module("tokbox.webhooks")
@strip_traceback
class Receiver:
    """Verify and parse signed callbacks; one receiver can be used for all URLs.

    *secret* is the signature secret of the callback, from the dashboard. To rotate the
    secret, pass several. Only the HMAC states are stored, not the secrets themselves. If
    *api_key* or *application_id* is given, the callback must be signed for it. Callbacks
    that were signed more than *max_age* seconds ago, or more than *leeway* seconds in the
    future, are rejected.

    The format is that of the platform's signed webhooks: an HS256 JWT in
    ``Authorization: Bearer``, whose ``payload_hash`` is the SHA-256 of the body. The
    documentation of video does not confirm that its callbacks have the same claims.

    A receiver is safe to share between threads. Raises ``InvalidInputError`` for an invalid
    argument. A secret must be printable ASCII without spaces and quotation marks.
    """

    __slots__ = ("_api_key", "_application_id", "_keys", "_leeway", "_max_age")

    def __init__(
        self,
        signature_secret: str,
        /,
        *more: str,
        api_key: str | None = None,
        application_id: str | None = None,
        max_age: float = MAX_AGE,
        leeway: float = MAX_AGE,
    ) -> None:
        secrets = (signature_secret, *more)
        what = "the signature secret of callbacks"
        self._keys = [Key(check_secret(one, what=what)) for one in secrets]
        self._api_key = optional(credential, "api_key", api_key)
        self._application_id = (
            None if application_id is None else check_application_id(application_id)
        )
        self._max_age = _seconds("max_age", max_age)
        self._leeway = _seconds("leeway", leeway)

    def __repr__(self) -> str:
        n = len(self._keys)
        return f"<Receiver with {n} secret{'s' if n > 1 else ''}>"

    def receive(self, headers: Headers, body: _Bytes, *, now: float | None = None) -> Event:
        """Verify the signature of a callback and return its event.

        *headers* are the headers of the request: a mapping of any framework, a WSGI
        environment, or ASGI pairs. Names are case-insensitive, and can be text or bytes.
        *body* is the raw bytes of the request. AWS API Gateway delivers text, which is
        base64 if ``isBase64Encoded`` is true: encode or decode it first. *now* (seconds
        since the epoch) is the time of verification; the default is the current time.

        Raises ``UnverifiedWebhookError`` and ``MalformedWebhookError``, each with a
        ``.reason``, and ``InvalidInputError`` for arguments of another type.
        """
        self.verify(headers, body, now=now)
        return parse(body)

    def verify(self, headers: Headers, body: _Bytes, *, now: float | None = None) -> Claims:
        """Verify the signature of a callback and return its claims.

        The service can deliver a callback again, and an attacker can replay it. To process
        each callback once, store ``.token_id`` for ``max_age`` plus ``leeway`` seconds.
        Raises the same exceptions as ``receive``.
        """
        if not isinstance(body, _Bytes):
            rule = (
                "be the bytes of the request, before anything decodes them, not "
                f"{type(body).__name__}; for AWS API Gateway, pass body.encode(), or "
                "base64.b64decode(body) if isBase64Encoded is true"
            )
            raise InvalidInputError("body", None, rule, show=False)
        seconds = check_now(now)
        check_size(body)
        try:
            payload = self._authentic(_bearer(headers))
            issued, begins, ends = _times(payload)
        except MalformedTokenError as error:
            reason = "wrong_algorithm" if error.reason == "algorithm" else "malformed"
            raise _untrusted(reason, str(error)) from None
        self._check_times(issued, begins, ends, seconds)
        claims = Claims.from_json({**payload, "iat": issued})
        if not claims.payload_hash:
            raise _untrusted(
                "no_payload_hash", "its signature does not say what body it is for"
            )
        if not _equal(claims.payload_hash.lower(), hashlib.sha256(bytes(body)).hexdigest()):
            raise _untrusted("altered", "the body is not the one that was signed")
        self._check_project(claims)
        return claims

    def _authentic(self, token: str) -> dict[str, Any]:
        """Return the claims of *token* if it is signed with one of the secrets."""
        parts = jwt.split(token)
        if parts.algorithm != "HS256":
            raise _untrusted(
                "wrong_algorithm", f"it is signed with {parts.algorithm}, not HS256"
            )
        # Check all, so that the time does not reveal which one matched.
        held = [
            hmac.compare_digest(key.hmac_sha256(parts.signed), parts.signature)
            for key in self._keys
        ]
        if not any(held):
            n = len(held)
            secret = "another secret" if n == 1 else f"none of these {n} secrets"
            raise _untrusted("bad_signature", f"it was altered, or signed with {secret}")
        return jwt.claims(parts)

    def _check_times(self, issued: int, begins: int, ends: float, now: int) -> None:
        if now - issued > self._max_age:
            raise _untrusted("too_old", f"it was signed {now - issued} s ago")
        if now - ends > self._leeway:
            raise _untrusted("too_old", f"it expired {now - ends:.0f} s ago")
        begins = max(issued, begins)
        if begins - now > self._leeway:
            raise _untrusted(
                "from_the_future", f"it is from {begins - now} s in the future"
            )

    def _check_project(self, claims: Claims) -> None:
        if self._api_key is not None and not _equal(claims.api_key, self._api_key):
            raise _untrusted(
                "wrong_project", f"it is not signed for API key {self._api_key}"
            )
        wanted = self._application_id
        if wanted is not None and not _equal(claims.application_id.lower(), wanted):
            raise _untrusted("wrong_project", f"it is not signed for application {wanted}")


def _bearer(headers: Headers) -> str:
    """Return the token of the only Authorization header."""
    found = {
        _text(value).strip()
        for name, values in _pairs(headers)
        if _text(name).lower() in _NAMES
        for value in (values if isinstance(values, list | tuple) else [values])
    }
    if not found:
        raise _untrusted(
            "missing_header", "it has no Authorization header: it is not signed"
        )
    if len(found) > 1:
        raise _untrusted("malformed", "it has Authorization headers that differ")
    scheme, _, token = found.pop().partition(" ")
    if scheme.lower() != "bearer":
        raise _untrusted("malformed", "its Authorization is not a bearer token")
    return token.strip()


def _pairs(headers: object) -> Iterator[tuple[Any, Any]]:
    """Yield names and values of *headers*. Raises ``InvalidInputError``."""
    if isinstance(headers, _HasItems) and not isinstance(headers, type):
        headers = headers.items()
    if not isinstance(headers, Iterable) or isinstance(headers, str | _Bytes):
        raise _not_headers(headers)
    for pair in headers:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise _not_headers(pair)
        yield pair[0], pair[1]


def _not_headers(given: object) -> InvalidInputError:
    rule = (
        "be the request's headers, as a mapping or as pairs of a name and a value, not "
        f"{type(given).__name__}; pass {{}} for a request that has none"
    )
    return InvalidInputError("headers", None, rule, show=False)


def _times(payload: Mapping[str, Any]) -> tuple[int, int, float]:
    """Return the time of signing, ``nbf`` (or 0) and ``exp`` (or infinity)."""
    left = dict(payload)
    issued = jwt.seconds(left, "iat")
    if issued is None:
        raise _untrusted("malformed", "it does not say when it was signed")
    ends = jwt.seconds(left, "exp")
    return issued, jwt.seconds(left, "nbf") or 0, math.inf if ends is None else ends


def _text(value: object) -> str:
    """Return a header name or value as text; ASGI has bytes."""
    if isinstance(value, _Bytes):
        return bytes(value).decode("latin-1")
    return value if isinstance(value, str) else ""


def _equal(one: str, other: str) -> bool:
    """Compare in constant time; *one* may contain surrogates, which UTF-8 cannot encode."""
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode())


def _seconds(field: str, value: object) -> float:
    rule = f"be a number of seconds from 0 to {_MAX_AGE}"
    number = exact_number(value)
    if number is None or not 0 <= number <= _MAX_AGE:  # NaN is neither
        raise InvalidInputError(field, value, rule)
    return float(number)


def _untrusted(reason: str, problem: str) -> UnverifiedWebhookError:
    return UnverifiedWebhookError(reason, f"the webhook cannot be trusted: {problem}")
