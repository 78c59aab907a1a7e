"""Injected faults: their format and their effect on responses.

The header ``X-Tokbox-Emulator`` contains a JSON object. Clients that cannot set headers
send the same object with ``POST /_emulator/faults``, for later requests:

- ``{"status": 503, "headers": {"Retry-After": "1"}, "body": ...}`` is the response;
- ``{"delay": 0.5}`` delays the request by this number of seconds;
- ``{"drop": true}`` closes the connection without a response, ``{"reset": true}`` resets
  it;
- ``{"truncate": 10}`` announces a complete body, sends 10 bytes of it and closes; with
  ``"chunked": true`` the end of a chunked body is missing instead.

A delay may be combined with any other fault. A delay alone does not change the result. With
any other fault the request is not executed, unless ``"after": true`` is set: then it is
executed, and the fault applies to its response only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.responses import error_response

__all__ = ["BODILESS", "HEADER", "MAX_DELAY", "Fault", "read_fault", "read_header"]

HEADER = "X-Tokbox-Emulator"
#: The maximum delay, in seconds.
MAX_DELAY = 300
_MAX_TRUNCATE = 1 << 20

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
#: Headers that only the server may set.
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
#: Statuses of responses without a body.
BODILESS = frozenset({204, 304})
#: The content type of a text body.
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Fault:
    """A validated fault; ``None`` and ``False`` have no effect."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = ""
    delay: float = 0
    drop: bool = False
    reset: bool = False
    truncate: int | None = None
    chunked: bool = False
    after: bool = False

    @property
    def carries_out(self) -> bool:
        """Return whether the request is executed."""
        only_delays = (self.status, self.drop, self.reset, self.truncate) == (
            None,
            False,
            False,
            None,
        )
        return self.after or only_delays

    @property
    def closes_unanswered(self) -> bool:
        """Return whether the connection closes without a response."""
        return self.drop or self.reset

    def answer(self, real: Response | None = None) -> Response:
        """Return *real* with the changes of the fault, or a new response without *real*."""
        if real is None:
            status = 200 if self.status is None else self.status
            real = Response(status_code=status)
            if status >= 400 and self.body is None:
                words = "The emulator was asked for this fault"
                real = error_response(HTTPError(status, words), as_json=True)
        if self.status is not None:
            real.status_code = self.status
        if self.body is not None:
            real.body = self.body
            real.headers["Content-Length"] = str(len(self.body))
            real.headers["Content-Type"] = self.content_type
        for name, value in self.headers.items():
            real.headers[name] = value
        if real.status_code in BODILESS:
            real.body = b""
            del real.headers["Content-Length"]
        return real


def read_header(value: str) -> tuple[Fault, dict[str, Any]]:
    """Parse the header and validate the fault; refuse with 400 and the reason.

    Returns the fault, and its parsed JSON.
    """
    try:
        asked = json.loads(value)
    except (ValueError, RecursionError):
        raise _invalid("it must be a JSON object") from None
    return read_fault(asked), asked


def read_fault(asked: object) -> Fault:
    """Validate a fault; refuse with 400 and the name of the invalid field."""
    if not isinstance(asked, dict):
        raise _invalid("it must be a JSON object")
    unknown = asked.keys() - _MEMBERS.keys()
    if unknown:
        known = ", ".join(_MEMBERS)
        raise _invalid(f"it has no member {min(unknown)!r}; its members are {known}")
    for name, value in asked.items():
        fits, rule = _MEMBERS[name]
        if not fits(value):
            raise _invalid(f"{name} must be {rule}")
    body, content_type = _encode(asked.get("body"))
    fault = Fault(**{**asked, "body": body, "content_type": content_type})
    endings = [name for name in ("drop", "reset", "truncate") if asked.get(name)]
    makes_up = [name for name in ("status", "headers", "body") if name in asked]
    if not asked:
        raise _invalid("it is empty; name a fault")
    if len(endings) > 1:
        raise _invalid(f"{endings[0]} and {endings[1]} exclude one another")
    if fault.closes_unanswered and makes_up:
        raise _invalid(f"{endings[0]} sends no answer and so takes no {makes_up[0]}")
    if makes_up and fault.carries_out and not fault.after:
        raise _invalid(f'{makes_up[0]} needs a status, or "after": true')
    if fault.chunked and fault.truncate is None:
        raise _invalid("chunked needs truncate")
    if fault.status in BODILESS and (body is not None or fault.truncate is not None):
        raise _invalid(f"an answer with status {fault.status} has no body")
    return fault


def _encode(body: object) -> tuple[bytes | None, str]:
    if body is None:
        return None, ""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass"), _TEXT
    return json.dumps(body, separators=(",", ":")).encode(), "application/json"


def _is_int(value: object, minimum: int, maximum: int) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and minimum <= value <= maximum
    )


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_delay(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= MAX_DELAY
    )


def _are_headers(value: object) -> bool:
    return isinstance(value, dict) and all(
        _HEADER_NAME.fullmatch(name)
        and name.lower() not in _FRAMING
        and isinstance(text, str)
        and _HEADER_VALUE.fullmatch(text)
        for name, text in value.items()
    )


_BOOL = (_is_bool, "true or false")
_MEMBERS: dict[str, tuple[Callable[[object], bool], str]] = {
    "status": (lambda value: _is_int(value, 200, 599), "a number from 200 to 599"),
    "headers": (
        _are_headers,
        "an object of header names and texts, without " + ", ".join(sorted(_FRAMING)),
    ),
    "body": (lambda value: value is not None, "a text or JSON"),
    "delay": (_is_delay, f"a number of seconds from 0 to {MAX_DELAY}"),
    "drop": _BOOL,
    "reset": _BOOL,
    "truncate": (
        lambda value: _is_int(value, 0, _MAX_TRUNCATE),
        f"a number of bytes from 0 to {_MAX_TRUNCATE}",
    ),
    "chunked": _BOOL,
    "after": _BOOL,
}


def _invalid(problem: str) -> HTTPError:
    return HTTPError(400, f"The fault that was asked for cannot be injected: {problem}")
