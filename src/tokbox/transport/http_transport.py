"""The default transport, which imports urllib3 at its first request."""

from __future__ import annotations

import contextlib

from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback
from tokbox.transport import proxies
from tokbox.transport.protocol import Request, Response, Transport
from tokbox.transport.validation import boolean, integer, seconds

__all__ = ["POOL_SIZE", "HTTPTransport"]

#: Default number of connections that are kept open.
POOL_SIZE = 10


@set_module("tokbox.transport")
@strip_traceback
class HTTPTransport:
    """Send requests over a pool of kept-alive connections; the default of clients.

    - *connect_timeout*: limit in seconds for each address of the host (default 3).
    - *pool_size*: connections that are kept open (default 10). More are opened when more
      threads send at the same time, and closed after use.
    - *proxy*: ``http://user:password@host:port``, or the same with ``https://``. The
      default is taken from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and
      ``NO_PROXY``, unless *trust_env* is false; see :mod:`tokbox.transport.proxies`.

    It is safe to share between threads and can be used after a fork. No connection is
    opened before the first request. Raises ``InvalidInputError`` for an invalid option.
    """

    __slots__ = ("_connect_timeout", "_pool", "_pool_size", "_proxy", "_trust_env")

    def __init__(
        self,
        *,
        connect_timeout: float = 3.0,
        pool_size: int = POOL_SIZE,
        proxy: str | None = None,
        trust_env: bool = True,
    ) -> None:
        self._connect_timeout = seconds("connect_timeout", connect_timeout)
        self._pool_size = integer("pool_size", pool_size, 1, 10_000)
        self._proxy = None if proxy is None else proxies.parse(proxy)
        self._trust_env = boolean("trust_env", trust_env)
        self._pool: Transport | None = None

    def send(self, request: Request) -> Response:
        """Send *request* once; see :meth:`Transport.send`."""
        if request.sink is not None:
            # A storage host is another host than that of the API. A pool belongs to one
            # host, which decides the proxy.
            with contextlib.closing(self._make_pool()) as download_pool:
                return download_pool.send(request)
        if self._pool is None:
            # If two threads send a first request at once, one of their pools is discarded.
            self._pool = self._make_pool()
        return self._pool.send(request)

    def close(self) -> None:
        """Close the idle connections; busy connections are closed after use."""
        if self._pool is not None:
            self._pool.close()

    def _make_pool(self) -> Transport:
        # urllib3 is slow to import, and a client that only signs does not need it.
        from tokbox.transport.urllib3_transport import Urllib3Transport

        return Urllib3Transport(
            connect_timeout=self._connect_timeout,
            pool_size=self._pool_size,
            proxy=self._proxy,
            trust_env=self._trust_env,
        )
