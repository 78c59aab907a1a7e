"""The transport protocol, with its requests and responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.secrecy import strip_traceback

__all__ = ["Headers", "Request", "Response", "Transport"]


@set_module("tokbox.transport")
class Headers(dict[str, str]):
    """Headers whose values are not in the repr, so not in logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


#: Takes the status and the headers of a response, and returns what receives its body.
Sink = Callable[[int, Mapping[str, str]], Callable[[bytes], object] | None]


@set_module("tokbox.transport")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class Request(PickledByName):
    """One attempt of one call."""

    method: str
    #: The absolute URL, with the query string.
    url: str
    #: The path without the query, for errors and logs.
    path: str
    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)
    #: Limit in seconds for this attempt, from the first to the last byte.
    timeout: float
    #: Limit in seconds for a single read or write; at most *timeout*.
    read_timeout: float
    #: Maximum size of the body in bytes, after decompression.
    max_body: int
    #: For a download: called with the status and the headers of the response. It returns
    #: a function that receives the body in chunks, or None if the body is not needed. The
    #: body of the response is then empty. Without it, or in a transport that ignores it,
    #: the response has the body.
    sink: Sink | None = field(default=None, repr=False)


@set_module("tokbox.transport")
@strip_traceback
@dataclass(frozen=True, slots=True)
class Response(PickledByName):
    """A response of any status, with its complete body.

    A body that exceeds the request's ``max_body`` may be truncated after that length; the
    client rejects it.
    """

    status: int
    #: Names are in lower case.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@set_module("tokbox.transport")
class Transport(Protocol):
    """Send requests; safe to use from many threads."""

    def send(self, request: Request) -> Response:
        """Send *request* once and return the response.

        Raises ``ConnectError`` only if no byte of the request was sent, because the client
        then retries any method. Raises ``RequestTimeoutError``, ``TLSError`` or
        ``ProtocolError`` otherwise. Redirects are returned as responses.
        """
        ...

    def close(self) -> None:
        """Release the resources of the transport."""
        ...
