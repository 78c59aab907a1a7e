"""The protocol of transports: requests, responses, and what sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.secrecy import strip_traceback

__all__ = ["Headers", "Request", "Response", "Transport"]


@set_module("tokbox.transport")
class Headers(dict[str, str]):
    """Keep header values out of every repr, and so out of logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


@set_module("tokbox.transport")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class Request(PickledByName):
    """Describe one attempt of one call."""

    method: str
    #: Absolute, with the query string.
    url: str
    #: The path alone, which is what errors and logs show.
    path: str
    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)
    #: Seconds that this attempt may take from its first to its last byte.
    timeout: float
    #: Seconds that it may wait for a single read or write; at most *timeout*.
    read_timeout: float
    #: Bytes of body (after decompression) beyond which an answer is not worth reading.
    max_body: int


@set_module("tokbox.transport")
@strip_traceback
@dataclass(frozen=True, slots=True)
class Response(PickledByName):
    """Hold a response of any status, with its complete body.

    A body longer than the request's ``max_body`` may be cut anywhere after that length;
    the client refuses it.
    """

    status: int
    #: Names in lower case.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@set_module("tokbox.transport")
class Transport(Protocol):
    """Send requests; safe to use from many threads."""

    def send(self, request: Request) -> Response:
        """Send *request* once and return the answer.

        Raises ``ConnectError`` if certainly no byte of the request was sent, which is
        what allows any method to be tried again, and ``RequestTimeoutError``, ``TLSError``
        or ``ProtocolError`` otherwise. Redirects are answers like any other.
        """
        ...

    def close(self) -> None:
        """Give back what the transport holds."""
        ...
