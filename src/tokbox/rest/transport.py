"""The seam between the client and the network: one request in, one answer out.

:class:`Transport` is all that the client needs of the outside world. The real one is
:class:`tokbox.rest.pool.PooledTransport`; a test can pass its own::

    class Canned:
        def send(self, request: Request) -> Response:
            return Response(200, {}, b'[{"session_id": "1_MX4..."}]')

        def close(self) -> None:
            pass

    tb = Tokbox("12345678", "devsecret", transport=Canned())

Retries, the timeout of a call and the meaning of answers are decided above the seam
(:mod:`tokbox.rest.requester`), so a fake sees every attempt, as a server would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tokbox.secrecy import strip_traceback

__all__ = ["Headers", "Request", "Response", "Transport"]


class Headers(dict[str, str]):
    """Keep header values out of every repr, and so out of logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


@strip_traceback
@dataclass(frozen=True, slots=True)
class Request:
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


@strip_traceback
@dataclass(frozen=True, slots=True)
class Response:
    """Hold a complete answer, whatever its status.

    Of a body longer than the request's ``max_body`` only a little more than that
    needs to be there: the length tells the client that it was too long.
    """

    status: int
    #: Names in lower case.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Send requests; safe to use from many threads."""

    def send(self, request: Request) -> Response:
        """Send *request* once and return the answer.

        Raises ``ConnectFailed`` if certainly no byte of the request was sent, which is
        what allows any method to be tried again, and ``TimedOut``, ``TLSError`` or
        ``ProtocolError`` otherwise. Redirects are answers like any other.
        """
        ...

    def close(self) -> None:
        """Give back what the transport holds."""
        ...
