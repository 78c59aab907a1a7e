"""Send requests through a pool of the caller's, given as ``http=``.

It is for those who have one already: with certificates and proxies of their own, or in
a runtime that allows no other. The pool decides how connections are made. The rest is
as ever: redirects are not followed, nothing is repeated below the client's own rules,
and the client's time-outs go along with every request. They bound each operation on a
socket, and the time left is checked between pieces of a body; unlike the client's own
pool, a foreign one can be held up by a peer that sends its headers byte by byte.
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
    """What is needed of a pool: urllib3's ``PoolManager`` has it."""

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Return a response as urllib3's, whose body is not read yet."""
        ...


class CustomPool:
    """Send requests over a pool that is not ours, and is never closed from here."""

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
        # Outside of the handler: the frames below hold the request's headers.
        raise failure from cause

    def close(self) -> None:
        """Leave the pool to whom it belongs."""


def _pieces(response: Any, end: float) -> Iterator[bytes]:
    """Yield a body as it comes in, until *end* of the monotonic clock."""
    while piece := response.read1(CHUNK, decode_content=True):
        yield piece
        if time.monotonic() >= end:
            raise TimeoutError("no time is left")
