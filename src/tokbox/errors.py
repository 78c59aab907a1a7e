"""Every exception that tokbox raises.

::

    TokboxError
    ├── InvalidInputError         also ValueError: .field .value .rule
    │     ├── InvalidArrowError       also TypeError: an Arrow array that cannot be read
    │     └── InvalidClaimsError      a claim of a token to be signed: adds .row
    ├── TokenError                a token is refused; each has a one-word .reason
    │     ├── MalformedTokenError     it cannot be read
    │     ├── WrongKeyError           it was made for another API key or application
    │     │     └── WrongAlgorithmError   ... and in a way that this key cannot verify
    │     ├── BadSignatureError       it was altered, or signed with another key
    │     ├── WrongPurposeError       it is not a client token: .claim .value
    │     ├── WrongClaimsError        a signed claim is not valid: .field .value .rule
    │     │     └── WrongSessionError     ... for the session that was asked for
    │     ├── ExpiredTokenError
    │     └── NotYetValidTokenError
    ├── APIError                  the service refused a call: .status .code .message ...
    │     ├── AuthenticationError     401, 403
    │     │     └── ClockSkewError        ... because our clock is off: .offset
    │     ├── NotFoundError           404
    │     ├── ConflictError           409
    │     ├── RateLimitError          429: .retry_after
    │     └── ServerError             5xx
    ├── TransportError            no answer: .method .path .attempts .request_id
    │     ├── ConnectError            no byte was sent
    │     ├── RequestTimeoutError
    │     ├── TLSError
    │     └── ProtocolError           an answer that cannot be read
    ├── WebhookError              a callback is refused: .reason
    │     ├── MalformedWebhookError   its body cannot be read
    │     └── UnverifiedWebhookError  its signature does not prove sender, time and body
    ├── ClosedError               a client or signer was used after close()
    └── MissingDependencyError    also ImportError: .package .extra

An argument error (InvalidInputError) is never a TokenError, and a refused token is never a
ValueError.

Exceptions carry evidence as attributes and survive pickling; none ever holds a secret,
an authentication header or a whole token.
"""

from __future__ import annotations

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

__all__ = [
    "APIError",
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
    "NotFoundError",
    "NotYetValidTokenError",
    "ProtocolError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
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
    """Anything that tokbox raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the class with the message alone, which the
        # keyword-only attributes of the subclasses do not survive.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class ClosedError(TokboxError):
    """A client or signer was used after its ``close()``."""


def _rebuild(
    cls: type[TokboxError], args: tuple[Any, ...], state: dict[str, Any]
) -> TokboxError:
    error = cls.__new__(cls, *args)
    for name, value in state.items():
        setattr(error, name, value)
    return error


# JWTs and T1 tokens look like nothing else; in a path they are percent-encoded.
_TOKENS = r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|T1(?:==|%3[Dd]%3[Dd])[\w+/=%-]*"


def redact(text: str) -> str:
    """Return *text* without whatever looks like a token."""
    import re

    return re.sub(_TOKENS, "[removed]", text)


def shorten(value: object, limit: int = 60) -> str:
    """Show *value* in a message without letting a megabyte of input into a log."""
    try:
        text = ascii(value) if isinstance(value, str | bytes) else repr(value)
    except Exception:
        # For example, Python writes no int of thousands of digits.
        return f"a value of type {type(value).__name__} that cannot be shown"
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


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
    """An argument breaks a rule; nothing was signed or sent."""

    # A table can have millions of errors that nobody reads. So they have slots, and their
    # message is written when it is read.
    __slots__ = ("_message", "_show", "field", "rule", "value")

    #: The argument at fault.
    field: str
    #: What was given (``None`` where showing it would reveal a secret).
    value: object
    #: The rule that it breaks, as a phrase that follows "must".
    rule: str

    def __init__(self, field: str, value: object, rule: str, *, show: bool = True) -> None:
        Exception.__init__(self)  # without the value, which may be a secret
        self.field = field
        self.value = value if show else None
        self.rule = rule
        self._show = show
        self._message: str | None = None

    @property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override]
        return (str(self),)

    def __str__(self) -> str:
        if self._message is not None:
            return self._message
        got = f", not {shorten(self.value)}" if self._show else ""
        return f"{self.field} must {self.rule}{got}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        state, value = self._state(), _picklable(self.value)
        if value is not self.value:
            state |= {"value": value, "_message": str(self)}
        return _rebuild, (type(self), (), state)

    def _state(self) -> dict[str, Any]:
        names = ("field", "value", "rule", "_show", "_message")
        return {**self.__dict__, **{name: getattr(self, name) for name in names}}


def invalid_choice(field: str, value: object, choices: Sequence[str]) -> InvalidInputError:
    """Return the error for a value that is not one of *choices*."""
    *others, last = [f'"{choice}"' for choice in choices]
    use = f"{', '.join(others)} or {last}" if others else last
    error = InvalidInputError(field, value, f"be {use}")
    error._message = f"{field} {shorten(value)} is not valid: use {use}"
    return error


class InvalidArrowError(InvalidInputError, TypeError):  # pyright: ignore[reportIncompatibleVariableOverride]
    """An Arrow array contradicts itself, or is a table of several columns.

    A value of a type that is not accepted is an error of its row: see InvalidClaimsError.
    """


class TokenError(TokboxError):
    """A token is refused."""

    #: The reason as one word for programs: ``expired``, ``not_yet_valid``, ``wrong_key``,
    #: ``wrong_algorithm``, ``wrong_session``, ``wrong_scope`` and ``wrong_ist`` (it is
    #: not for joining a session), ``bad_signature`` (altered, or signed with
    #: another key), ``invalid_claims``; of what cannot be read ``truncated``,
    #: ``prefix`` (its ``T1==`` was lost), ``alphabet``, ``encoding`` (the base64 of a
    #: token or session id is not canonical), ``duplicate`` (a field or claim appears
    #: twice), ``algorithm`` (none that any service takes), else ``malformed``.
    reason: str


class InvalidClaimsError(InvalidInputError):
    """A claim of a token to be signed breaks a rule of the service; nothing was signed."""

    __slots__ = ("row",)

    #: In a batch of rows, the index of the row at fault; otherwise ``None``.
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
        # Like super().__init__(), in half of the time.
        Exception.__init__(self)
        self.field = field
        self.value: object = value if show else None
        self.rule = rule
        self._show = show
        self._message = None
        self.row = row

    def __str__(self) -> str:
        text = super().__str__()
        if self.row is None or self._message is not None:
            return text
        return f"row {self.row}: {text}"

    def _in_row(self, row: int, value: object) -> InvalidClaimsError:
        """Return the same error for a row, and the value in it, from one without a row."""
        return InvalidClaimsError(self.field, value, self.rule, row=row, show=self._show)

    def _add_place(self, place: str) -> None:
        """Say where the row is, behind its number; nothing for an error without a row."""
        if self.row is not None:
            row = f"row {self.row}"
            self._message = str(self).replace(row, f"{row} {place}", 1)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "row": self.row}


class MalformedTokenError(TokenError):
    """The text is not a token: truncated, damaged or something else altogether."""

    def __init__(self, message: str, reason: str = "malformed") -> None:
        self.reason: str = reason
        super().__init__(message)


class WrongKeyError(TokenError):
    """The token was made for another API key or application than the one that verifies."""

    reason = "wrong_key"


class WrongAlgorithmError(WrongKeyError):
    """The token is of a kind that this key cannot verify.

    What is signed with an API secret (T1, HS256) and what is signed with an application's
    private key (RS256) belong to different environments of the service.
    """

    reason = "wrong_algorithm"


class BadSignatureError(TokenError):
    """The token was altered after signing, or signed with another key."""

    reason = "bad_signature"


class WrongPurposeError(TokenError):
    """The signature is right, but the token is not for joining a session.

    Its ``.reason`` is ``wrong_scope`` or ``wrong_ist``.
    """

    #: The claim at fault: ``scope`` or ``ist``.
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
    """The signature is right, but a claim of the token breaks a rule of the service.

    Its ``.reason`` is ``invalid_claims``, or ``encoding`` for a session id whose base64 is
    not canonical.
    """

    reason: str = "invalid_claims"

    #: The claim at fault.
    field: str
    #: The value of that claim.
    value: object
    #: The rule that it breaks, as a phrase that follows "must".
    rule: str

    def __init__(
        self, field: str, value: object, rule: str, *, reason: str | None = None
    ) -> None:
        self.field = field
        self.value = value
        self.rule = rule
        if reason is not None:
            self.reason = reason
        super().__init__(f"{field} must {rule}, not {shorten(value)}")


class WrongSessionError(WrongClaimsError):
    """The token is for another session than the one that was asked for."""

    reason = "wrong_session"


class ExpiredTokenError(TokenError):
    """The signature is right, but the token's time is over."""

    reason = "expired"

    #: When it expired, in seconds since the epoch.
    expire_time: int

    def __init__(self, expire_time: int, now: int) -> None:
        self.expire_time = expire_time
        super().__init__(f"the token expired {now - expire_time} s ago")

    @property
    def expired_at(self) -> datetime | None:
        """``expire_time`` as a UTC datetime, or None after the year 9999."""
        from tokbox.times import from_seconds

        return from_seconds(self.expire_time)


class NotYetValidTokenError(TokenError):
    """The signature is right, but the token begins in the future.

    It was made in the future (a clock is wrong), or it is not valid before a later time
    (``nbf``, RFC 7519, section 4.1.5).
    """

    reason = "not_yet_valid"

    #: When it says it was made, in seconds since the epoch.
    create_time: int
    #: Its ``nbf`` in seconds since the epoch, if that is why it is refused.
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
    """The service answered, and the answer is no."""

    #: HTTP status.
    status: int
    #: The service's own error code (for example 15008), if it sent one.
    code: int | None
    #: The service's own words, if it sent any.
    message: str
    #: HTTP method and path of the request.
    method: str
    path: str
    #: How many times the request was sent.
    attempts: int
    #: The service's id for the request, if it sent one.
    request_id: str | None
    #: What usually causes this code and what helps, where that is known.
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
        # Somebody may have passed a token where an id belongs.
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
    """The credentials were refused while our clock disagreed with the service's."""

    #: Our clock minus the service's, in seconds.
    offset: float

    def __init__(self, *, offset: float, **details: Any) -> None:
        super().__init__(**details)
        self.offset = offset


class NotFoundError(APIError):
    """There is no such thing, or no client is connected to the session (404)."""


class ConflictError(APIError):
    """The state of the session or archive does not allow it (409)."""


class RateLimitError(APIError):
    """Too many requests (429)."""

    #: Seconds to wait, if the service said so.
    retry_after: float | None

    def __init__(self, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(**details)
        self.retry_after = retry_after


class ServerError(APIError):
    """The service failed (5xx)."""


class TransportError(TokboxError):
    """There was no usable answer."""

    #: HTTP method and path of the request.
    method: str
    path: str
    #: How many times the request was tried.
    attempts: int
    #: The service's id for the request, if there was an answer and it has one.
    request_id: str | None

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        attempts: int = 1,
        request_id: str | None = None,
    ) -> None:
        self.method = method
        self.path = path = redact(path)
        self.attempts = attempts
        self.request_id = request_id
        tries = f" (after {attempts} attempts)" if attempts > 1 else ""
        super().__init__(f"{method} {path}: {message}{tries}")


class ConnectError(TransportError):
    """No connection could be made: no byte of the request was sent."""


class RequestTimeoutError(TransportError):
    """The service did not answer in time, or the timeout of the call passed."""


class TLSError(TransportError):
    """The service's certificate or its TLS was not acceptable."""


class ProtocolError(TransportError):
    """The connection broke, or the answer was not what the API promises."""


class WebhookError(TokboxError):
    """A callback is not taken for what it says."""

    #: Why, in one word for programs.
    reason: str

    def __init__(self, reason: str, message: str) -> None:
        self.reason: str = reason
        super().__init__(message)


class MalformedWebhookError(WebhookError):
    """The body is not what the service sends.

    ``reason`` is ``too_large``, ``not_json`` (or not an object, or ambiguous), or
    ``incomplete``: it lacks what its event is about.
    """


class UnverifiedWebhookError(WebhookError):
    """The signature is missing or does not hold; nothing of the body was read.

    ``reason`` is ``missing_header``, ``malformed``, ``wrong_algorithm``,
    ``bad_signature``, ``too_old``, ``from_the_future``, ``no_payload_hash``, ``altered``
    (the body is not the one that was signed), or ``wrong_project``.
    """


class MissingDependencyError(TokboxError, ImportError):
    """An optional part is not installed."""

    #: The package that is missing and the extra of tokbox that brings it.
    package: str
    extra: str

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"{package} is not installed; it comes with: pip install 'tokbox[{extra}]'"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # An ImportError keeps its message outside of the attributes' dictionary.
        return type(self), (self.package, self.extra), self.__dict__.copy()


class ArchivingNeedsMediaRouterWarning(UserWarning):
    """A relayed session was asked to archive itself, which only routed sessions can do."""


class InsecureTransportWarning(UserWarning):
    """A client sends its credentials over plain HTTP to a host that is not loopback."""
