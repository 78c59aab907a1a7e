"""Transports: send the requests of a client.

:class:`Transport` is the protocol: one request in, one response out.
:class:`HTTPTransport` is the default. A wrapper sees every attempt, for example to
measure it::

    class Timed:
        def __init__(self, inner: Transport) -> None:
            self._inner = inner

        def send(self, request: Request) -> Response:
            started = time.monotonic()
            response = self._inner.send(request)
            print(request.method, request.path, time.monotonic() - started)
            return response

        def close(self) -> None:
            self._inner.close()

    tb = Tokbox(api_key, secret, transport=Timed(HTTPTransport()))

Retries, the timeout of a call and the errors for responses are handled by the client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tokbox.pickling import PickledByName
from tokbox.secrecy import strip_traceback
from tokbox.transport import proxies
from tokbox.transport.validation import flag, seconds, whole

__all__ = ["HTTPTransport", "Headers", "Request", "Response", "Transport"]

#: Default number of connections that are kept open.
POOL_SIZE = 10


class Headers(dict[str, str]):
    """Keep header values out of every repr, and so out of logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


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


@strip_traceback
class HTTPTransport:
    """Send requests over a pool of kept-alive connections: what clients use by default.

    - *connect_timeout*: seconds for each address of the host (default 3).
    - *pool_size*: connections that are kept open (default 10). More are opened when more
      threads send at the same time, and closed after use.
    - *proxy*: ``http://user:password@host:port``, also with ``https://``. Without it the
      variables ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` count
      unless *trust_env* is false; see :mod:`tokbox.transport.proxies`.

    It is safe to share between threads and survives a fork. Nothing is opened before the
    first request. Raises ``InvalidInputError`` for an option that is out of bounds.
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
        self._pool_size = whole("pool_size", pool_size, 1, 10_000)
        self._proxy = None if proxy is None else proxies.parse(proxy)
        self._trust_env = flag("trust_env", trust_env)
        self._pool: Transport | None = None

    def send(self, request: Request) -> Response:
        """Send *request* once; see :meth:`Transport.send`."""
        pool = self._pool
        if pool is None:
            # urllib3 is slow to import, and a client that only signs does not need it.
            from tokbox.transport.urllib3_transport import PooledTransport

            # Of two first requests at once, one pool is forgotten after its use.
            pool = self._pool = PooledTransport(
                connect_timeout=self._connect_timeout,
                pool_size=self._pool_size,
                proxy=self._proxy,
                trust_env=self._trust_env,
            )
        return pool.send(request)

    def close(self) -> None:
        """Close the idle connections; those in use close when they are done."""
        if self._pool is not None:
            self._pool.close()
