"""Exceptions of tokbox.

::

    TokboxError
    ├── InvalidInputError         also ValueError: .field .value .rule
    │     ├── InvalidArrowError       also TypeError: an Arrow array that cannot be read
    │     └── InvalidClaimsError      a claim of a token to be signed: adds .row
    ├── TokenError                a token is not valid; each has a one-word .reason
    │     ├── MalformedTokenError     it cannot be parsed
    │     ├── WrongKeyError           it was created for another API key or application
    │     │     └── WrongAlgorithmError   ... with an algorithm of another kind of key
    │     ├── BadSignatureError       it was altered, or signed with another key
    │     ├── WrongPurposeError       it is not a client token: .claim .value
    │     ├── WrongClaimsError        a signed claim is not valid: .field .value .rule
    │     │     └── WrongSessionError     ... for the expected session
    │     ├── ExpiredTokenError
    │     └── NotYetValidTokenError
    ├── APIError                  an error response: .status .code .message ...
    │     ├── AuthenticationError     401, 403
    │     │     └── ClockSkewError        ... because the local clock is wrong: .offset
    │     ├── NotFoundError           404
    │     ├── ConflictError           409
    │     ├── RateLimitError          429: .retry_after
    │     └── ServerError             5xx
    ├── TransportError            no response: .method .path .attempts .request_id
    │     ├── ConnectError            no byte was sent
    │     ├── RequestTimeoutError
    │     ├── TLSError
    │     └── ProtocolError           a response that cannot be parsed
    ├── ArchiveStatusError        an archive cannot become available any more: .status
    ├── WebhookError              a callback is not valid: .reason
    │     ├── MalformedWebhookError   its body cannot be parsed
    │     └── UnverifiedWebhookError  its signature does not prove sender, time and body
    ├── ClosedError               a client or signer was used after close()
    ├── MissingKeyError           a client that was made from a token cannot sign
    └── MissingDependencyError    also ImportError: .package .extra

An argument error (InvalidInputError) is never a TokenError, and an invalid token is never
a ValueError.

Exceptions have details as attributes and can be pickled. They never contain a secret, an
authentication header or a whole token.
"""

from __future__ import annotations

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

__all__ = [
    "APIError",
    "ArchiveStatusError",
    "ArchivingNeedsMediaRouterWarning",
    "AuthenticationError",
    "BadSignatureError",
    "ClockSkewError",
    "ClosedError",
    "ConflictError",
    "ConnectError",
    "ExpiredTokenError",
    "InsecureTransportWarning",
    "InvalidArrowError",
    "InvalidClaimsError",
    "InvalidInputError",
    "MalformedTokenError",
    "MalformedWebhookError",
    "MissingDependencyError",
    "MissingKeyError",
    "NotFoundError",
    "NotYetValidTokenError",
    "ProtocolError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "ShortSecretWarning",
    "TLSError",
    "TokboxError",
    "TokenError",
    "TransportError",
    "UnverifiedWebhookError",
    "WebhookError",
    "WrongAlgorithmError",
    "WrongClaimsError",
    "WrongKeyError",
    "WrongPurposeError",
    "WrongSessionError",
]


class TokboxError(Exception):
    """Base class of all exceptions of tokbox."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the class with the message alone, without the keyword-only
        # arguments of the subclasses.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class ClosedError(TokboxError):
    """A client or signer was used after its ``close()``."""


class MissingKeyError(TokboxError):
    """The client was made from a token, and has no key to sign or verify tokens."""


def _rebuild(
    cls: type[TokboxError], args: tuple[Any, ...], state: dict[str, Any]
) -> TokboxError:
    error = cls.__new__(cls, *args)
    for name, value in state.items():
        setattr(error, name, value)
    return error


# JWTs and T1 tokens have unique prefixes; in a path they are percent-encoded.
_TOKENS = r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|T1(?:==|%3[Dd]%3[Dd])[\w+/=%-]*"


def redact(text: str) -> str:
    """Return *text* without anything that looks like a token."""
    import re

    return re.sub(_TOKENS, "[removed]", text)


def shorten(value: object, limit: int = 60) -> str:
    """Return a short text for a value, so that messages and logs stay small."""
    try:
        text = ascii(value) if isinstance(value, str | bytes) else repr(value)
    except Exception:
        # For example, Python does not convert an int of thousands of digits.
        return f"a value of type {type(value).__name__} that cannot be shown"
    return text if len(text) <= limit else f"{text[:limit]}...{_size(value)}"


def _size(value: object) -> str:
    """Return the size of a value that is shown in part: " (1001 characters)"."""
    for kind, unit in ((str, "characters"), (bytes, "bytes"), (_COLLECTIONS, "items")):
        if isinstance(value, kind):
            return f" ({len(value)} {unit})"
    return ""


_COLLECTIONS = (list, tuple, set, frozenset, dict)


def _picklable(value: object) -> object:
    """Return *value*, or its text in messages if *value* cannot be pickled.

    A worker process pickles the errors that it reports.
    """
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    import pickle

    try:
        pickle.dumps(value)
    except Exception:
        return shorten(value)
    return value


class InvalidInputError(TokboxError, ValueError):
    """An argument is not valid; nothing was signed or sent."""

    # A table can have millions of errors that are never read. So they have slots, and the
    # message is formatted when it is read.
    __slots__ = ("_message", "_rule", "_show", "_template", "field", "value")

    #: The name of the argument.
    field: str
    #: The given value (``None`` if it may be secret).
    value: object
    #: The rule as a phrase that follows "must", and what to do after ": ".
    _rule: str

    def __init__(self, field: str, value: object, rule: str, *, show: bool = True) -> None:
        Exception.__init__(self)  # without the value, which may be a secret
        self.field = field
        self.value = value if show else None
        self._rule = rule
        self._show = show
        self._message: str | None = None
        #: The message with {value} in place of the value, if it is no "must" sentence.
        self._template: str | None = None

    @property
    def rule(self) -> str:
        """The rule that the value breaks, as a clause: "role must be one of ..."."""
        return f"{self.field} must {self._rule}"

    @property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override]
        return (str(self),)

    def __str__(self) -> str:
        if self._message is not None:
            return self._message
        if self._template is not None:
            return self._template.replace("{value}", shorten(self.value))
        if not self._show:
            return self.rule
        rule, colon, advice = self._rule.partition(": ")
        return f"{self.field} must {rule}, not {shorten(self.value)}{colon}{advice}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        state, value = self._state(), _picklable(self.value)
        if value is not self.value:
            state |= {"value": value, "_message": str(self)}
        return _rebuild, (type(self), (), state)

    def _state(self) -> dict[str, Any]:
        names = ("field", "value", "_rule", "_show", "_message", "_template")
        return {**self.__dict__, **{name: getattr(self, name) for name in names}}


def invalid_choice(field: str, value: object, choices: Sequence[str]) -> InvalidInputError:
    """Return the error for a value that is not one of *choices*."""
    *others, last = [f'"{choice}"' for choice in choices]
    use = f"{', '.join(others)} or {last}" if others else last
    error = InvalidInputError(field, value, f"be {use}")
    error._template = f"{field} {{value}} is not valid: use {use}"
    return error


class InvalidArrowError(InvalidInputError, TypeError):  # pyright: ignore[reportIncompatibleVariableOverride]
    """An Arrow array is inconsistent, or is a table of several columns.

    A value of a type that is not accepted is an error of its row: see InvalidClaimsError.
    """


class TokenError(TokboxError):
    """A token is not valid."""

    #: The reason in one word: ``expired``, ``not_yet_valid``, ``wrong_key``,
    #: ``wrong_algorithm``, ``wrong_session``, ``wrong_scope`` and ``wrong_ist`` (it is
    #: not for joining a session), ``bad_signature`` (altered, or signed with
    #: another key), ``invalid_claims``. For a token that cannot be parsed: ``truncated``,
    #: ``prefix`` (without its ``T1==``), ``alphabet``, ``encoding`` (the base64 of a
    #: token or session ID is not canonical), ``duplicate`` (a field or claim appears
    #: twice), ``algorithm`` (not accepted by any service), otherwise ``malformed``.
    reason: str


class InvalidClaimsError(InvalidInputError):
    """A claim of a token to be signed is not valid; nothing was signed."""

    __slots__ = ("row",)

    #: In a batch of rows, the index of the invalid row; otherwise ``None``.
    row: int | None

    def __init__(
        self,
        field: str,
        value: object,
        rule: str,
        *,
        row: int | None = None,
        show: bool = True,
    ) -> None:
        # The same as super().__init__(), in half the time.
        Exception.__init__(self)
        self.field = field
        self.value: object = value if show else None
        self._rule = rule
        self._show = show
        self._message = self._template = None
        self.row = row

    def __str__(self) -> str:
        text = super().__str__()
        if self.row is None or self._message is not None:
            return text
        return f"row {self.row}: {text}"

    def _in_row(self, row: int, value: object) -> InvalidClaimsError:
        """Return a copy of this error with a row and the value in that row."""
        error = InvalidClaimsError(self.field, value, self._rule, row=row, show=self._show)
        error._template = self._template
        return error

    def _add_place(self, place: str) -> None:
        """Add the position of the row to the message, if the error has a row."""
        if self.row is not None:
            row = f"row {self.row}"
            self._message = str(self).replace(row, f"{row} {place}", 1)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "row": self.row}


class MalformedTokenError(TokenError):
    """The text is not a token: truncated, damaged or something else."""

    def __init__(self, message: str, reason: str = "malformed") -> None:
        self.reason: str = reason
        super().__init__(message)


class WrongKeyError(TokenError):
    """The token was created for a different API key or application than the verifier's."""

    reason = "wrong_key"


class WrongAlgorithmError(WrongKeyError):
    """This kind of key cannot verify the token's algorithm.

    Tokens signed with an API secret (T1, HS256) and tokens signed with an application's
    private key (RS256) belong to different environments of the service.
    """

    reason = "wrong_algorithm"


class BadSignatureError(TokenError):
    """The token was altered after signing, or signed with another key."""

    reason = "bad_signature"


class WrongPurposeError(TokenError):
    """The signature is valid, but the token is not for joining a session.

    Its ``.reason`` is ``wrong_scope`` or ``wrong_ist``.
    """

    #: The invalid claim: ``scope`` or ``ist``.
    claim: str
    #: The value of that claim.
    value: object

    def __init__(self, claim: str, value: object, wanted: str) -> None:
        self.claim = claim
        self.value = value
        self.reason: str = f"wrong_{claim}"
        super().__init__(
            f"{claim} must be {wanted} (or absent) in a client token, not {shorten(value)}"
        )


class WrongClaimsError(TokenError):
    """The signature is valid, but a claim of the token is not.

    Its ``.reason`` is ``invalid_claims``, or ``encoding`` for a session ID whose base64 is
    not canonical.
    """

    reason: str = "invalid_claims"

    #: The name of the invalid claim.
    field: str
    #: The value of that claim.
    value: object
    #: The rule that the value breaks, as a clause: "role must be one of ...".
    rule: str

    def __init__(
        self, field: str, value: object, rule: str, *, reason: str | None = None
    ) -> None:
        self.field = field
        self.value = value
        self.rule = f"{field} must {rule}"
        if reason is not None:
            self.reason = reason
        super().__init__(f"{field} must {rule}, not {shorten(value)}")


class WrongSessionError(WrongClaimsError):
    """The token is for a different session than the expected one."""

    reason = "wrong_session"


class ExpiredTokenError(TokenError):
    """The signature is valid, but the token has expired."""

    reason = "expired"

    #: The expiration time, in seconds since the epoch.
    expire_time: int

    def __init__(self, expire_time: int, now: int, *, advice: str = "") -> None:
        self.expire_time = expire_time
        what_to_do = f": {advice}" if advice else ""
        super().__init__(f"the token expired {now - expire_time} s ago{what_to_do}")

    @property
    def expired_at(self) -> datetime | None:
        """``expire_time`` as a UTC datetime, or None after the year 9999."""
        from tokbox.times import from_seconds

        return from_seconds(self.expire_time)


class NotYetValidTokenError(TokenError):
    """The signature is valid, but the token is not valid yet.

    Its creation time is in the future (a clock is wrong), or its ``nbf`` is (RFC 7519,
    section 4.1.5).
    """

    reason = "not_yet_valid"

    #: The creation time in the token, in seconds since the epoch.
    create_time: int
    #: The token's ``nbf`` in seconds since the epoch, if it is the reason.
    not_before: int | None

    def __init__(
        self, create_time: int, now: int, *, not_before: int | None = None
    ) -> None:
        self.create_time = create_time
        self.not_before = not_before
        super().__init__(
            f"the token was made {create_time - now} s in the future"
            if not_before is None
            else f"the token is not valid for another {not_before - now} s (its nbf)"
        )


class APIError(TokboxError):
    """The service returned an error response."""

    #: HTTP status.
    status: int
    #: The service's error code (for example 15008), if it sent one.
    code: int | None
    #: The service's error message, if it sent one.
    message: str
    #: HTTP method and path of the request.
    method: str
    path: str
    #: How many times the request was sent.
    attempts: int
    #: The service's ID of the request, if it sent one.
    request_id: str | None
    #: The usual cause of the error and its solution, if known.
    hint: str | None

    def __init__(
        self,
        *,
        status: int,
        method: str,
        path: str,
        message: str = "",
        code: int | None = None,
        attempts: int = 1,
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.method = method
        # The caller may have passed a token instead of an ID.
        self.path = path = redact(path)
        self.attempts = attempts
        self.request_id = request_id
        self.hint = hint
        text = f"{method} {path}: {status}"
        if code is not None:
            text += f" (code {code})"
        if message:
            text += f": {message}"
        if attempts > 1:
            text += f" (after {attempts} attempts)"
        if hint:
            text += f" - {hint}"
        super().__init__(text)


class AuthenticationError(APIError):
    """The service does not accept the API key and secret (401 or 403)."""


class ClockSkewError(AuthenticationError):
    """The credentials were rejected and the local clock differs from the service's."""

    #: The local clock minus the service's clock, in seconds.
    offset: float

    def __init__(self, *, offset: float, **details: Any) -> None:
        super().__init__(**details)
        self.offset = offset


class NotFoundError(APIError):
    """The object does not exist, or no client is connected to the session (404)."""


class ConflictError(APIError):
    """The state of the session or archive does not allow the call (409)."""


class RateLimitError(APIError):
    """Too many requests (429)."""

    #: Seconds to wait, if the response has ``Retry-After``.
    retry_after: float | None

    def __init__(self, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(**details)
        self.retry_after = retry_after


class ServerError(APIError):
    """The service failed (5xx)."""


class TransportError(TokboxError):
    """There was no usable response."""

    #: HTTP method and path of the request.
    method: str
    path: str
    #: Scheme, host and port of the request, for example ``https://api.opentok.com:443``.
    #: Empty if the transport of the client did not name them.
    origin: str
    #: The number of attempts.
    attempts: int
    #: The service's ID of the request, if there was a response that has one.
    request_id: str | None

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        origin: str = "",
        attempts: int = 1,
        request_id: str | None = None,
    ) -> None:
        self.method = method
        self.path = redact(path)
        self.origin = origin
        self.attempts = attempts
        self.request_id = request_id
        super().__init__(message)

    def __str__(self) -> str:
        # The client sets the origin and the attempts later.
        tries = f" (after {self.attempts} attempts)" if self.attempts > 1 else ""
        return f"{self.method} {self.origin}{self.path}: {self.args[0]}{tries}"


class ConnectError(TransportError):
    """No connection could be made: no byte of the request was sent."""


class RequestTimeoutError(TransportError):
    """The service did not respond in time, or the timeout of the call passed."""


class TLSError(TransportError):
    """TLS failed, for example because the service's certificate is not valid."""


class ProtocolError(TransportError):
    """The connection broke, or the response does not match the API."""


class ArchiveStatusError(TokboxError):
    """The status of an archive does not allow the call: it has failed, for example."""

    #: The ID of the archive.
    archive_id: str
    #: The status of the archive, for example ``failed``.
    status: str

    def __init__(self, archive_id: str, status: str, problem: str) -> None:
        self.archive_id = archive_id
        self.status: str = status
        super().__init__(f"archive {archive_id} is {status}: {problem}")


class WebhookError(TokboxError):
    """A callback is not valid."""

    #: The reason in one word.
    reason: str

    def __init__(self, reason: str, message: str) -> None:
        self.reason: str = reason
        super().__init__(message)


class MalformedWebhookError(WebhookError):
    """The body is not a callback of the service.

    ``reason`` is ``too_large``, ``not_json`` (or not an object, or ambiguous), or
    ``incomplete``: the object of the event is missing.
    """


class UnverifiedWebhookError(WebhookError):
    """The signature is missing or not valid; nothing of the body was parsed.

    ``reason`` is ``missing_header``, ``malformed``, ``wrong_algorithm``,
    ``bad_signature``, ``too_old``, ``from_the_future``, ``no_payload_hash``, ``altered``
    (the body is not the one that was signed), or ``wrong_project``.
    """


class MissingDependencyError(TokboxError, ImportError):
    """An optional dependency is not installed."""

    #: The missing package, and the extra of tokbox that installs it.
    package: str
    extra: str

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"{package} is not installed; it comes with: pip install 'tokbox[{extra}]'"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # ImportError does not keep its message in the dictionary of attributes.
        return type(self), (self.package, self.extra), self.__dict__.copy()


class ArchivingNeedsMediaRouterWarning(UserWarning):
    """A relayed session has ``ArchiveMode.ALWAYS``, which requires a routed session."""


class InsecureTransportWarning(UserWarning):
    """A client sends its credentials over plain HTTP to a host that is not loopback."""


class ShortSecretWarning(UserWarning):
    """An emulator has a secret that some SDKs refuse to sign with: it is too short."""


def warn_caller(message: str, category: type[Warning]) -> None:
    """Issue a warning that names the innermost line outside of tokbox."""
    import sys
    import warnings

    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_own(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_own(module: object) -> bool:
    return isinstance(module, str) and f"{module}.".startswith("tokbox.")
