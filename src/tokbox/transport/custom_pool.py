"""Send requests through the caller's pool, given as ``http=``.

Use it for existing pools with their own certificates and proxies, or for a runtime that
requires a particular pool. The pool determines how connections are made. As usual,
redirects are not followed, only the client's retry rules apply, and the client's timeouts
are passed with every request. They limit each operation on a socket, and the time left is
checked between the chunks of a body. Unlike the client's own pool, a custom pool can be
blocked by a peer that sends its headers byte by byte.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from typing import Any, Protocol

from urllib3 import exceptions

from tokbox.lazy import set_module
from tokbox.transport.protocol import Request, Response
from tokbox.transport.urllib3_transport import CHUNK, exchange, translate

__all__ = ["CustomPool"]


@set_module("tokbox.types")
class Pool(Protocol):
    """The required methods of a pool, such as urllib3's ``PoolManager``."""

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Return a response like urllib3's, whose body has not been read."""
        ...


class CustomPool:
    """Send requests over the caller's pool, which is never closed here."""

    __slots__ = ("_connect_timeout", "_pool")

    def __init__(self, pool: Pool, *, connect_timeout: float) -> None:
        self._pool = pool
        self._connect_timeout = connect_timeout

    def send(self, request: Request) -> Response:
        """Send *request* once; see :meth:`tokbox.transport.Transport.send`."""
        end = time.monotonic() + request.timeout
        try:
            return exchange(
                self._pool, request, self._connect_timeout, lambda r: _pieces(r, end)
            )
        except (exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            failure, cause = translate(error, request)
        # Raise outside of the handler: the frames below contain the request's headers.
        raise failure from cause

    def close(self) -> None:
        """Do nothing: the pool belongs to the caller."""


def _pieces(response: Any, end: float) -> Iterator[bytes]:
    """Yield the chunks of a body until *end*, a time of the monotonic clock."""
    while piece := response.read1(CHUNK, decode_content=True):
        yield piece
        if time.monotonic() >= end:
            raise TimeoutError("no time is left")
