"""Send requests through a connection pool. This is the only module that uses urllib3.

urllib3 applies a timeout to each socket operation, so a peer that sends one byte at a
time can block a caller indefinitely, in the headers and in the body. Here the time left
limits every operation: connections and the reader below ``http.client`` check
:data:`_call` before each one. Only the system's name resolution cannot be interrupted;
the time that it takes is counted afterwards.
"""

from __future__ import annotations

import http.client
import io
import math
import os
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from tokbox import errors
from tokbox.transport import proxies
from tokbox.transport.protocol import Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["CHUNK", "Urllib3Transport", "exchange", "translate"]

#: Bytes per read.
CHUNK = 65_536

_ENCODING = "content-encoding"

#: Maximum length of a line in bytes, the same as in ``http.client``.
_MAX_LINE = 65_536

# The client retries. Created once; urllib3 would convert ``retries=False`` every time.
_NEVER = urllib3.Retry(False, redirect=False)

#: Exceptions of urllib3 and the errors that replace them, most specific first.
_FAILURES: tuple[tuple[type[Exception], type[errors.TransportError], str], ...] = (
    (exceptions.SSLError, errors.TLSError, "TLS failed"),
    (exceptions.ProxyError, errors.ConnectError, "no connection through the proxy"),
    (exceptions.NameResolutionError, errors.ConnectError, "the host name is unknown"),
    (exceptions.NewConnectionError, errors.ConnectError, "no connection"),
    (exceptions.ConnectTimeoutError, errors.ConnectError, "no connection in time"),
    (exceptions.TimeoutError, errors.RequestTimeoutError, "no response in time"),
    (exceptions.PoolError, errors.ConnectError, "the connection pool is closed"),
    (exceptions.LocationValueError, errors.ConnectError, "the host is not valid"),
    (exceptions.DecodeError, errors.ProtocolError, "the body cannot be decompressed"),
    (exceptions.HTTPError, errors.ProtocolError, "the connection broke"),
    (http.client.HTTPException, errors.ProtocolError, "the response is not HTTP"),
    (OSError, errors.ProtocolError, "the connection broke"),
)


class _Call(threading.local):
    """The limits and the progress of the current thread's request."""

    deadline = math.inf
    read_timeout = math.inf
    #: True if any byte of the request (not of a proxy's CONNECT) may have been sent.
    sent = False

    def cap(self, seconds: float | None) -> float:
        """Return the smaller of *seconds* and the time left.

        Raises the built-in ``TimeoutError``, as a socket would, if no time is left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time is left")
        return left if seconds is None else min(seconds, left)


_call = _Call()


class _BoundedReader(io.RawIOBase):
    """Read from a socket within the time left for the call."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._sock.settimeout(_call.cap(_call.read_timeout))
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """Reject endless lines, which urllib3 2.7 accepts in chunked bodies."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if size is not None and size >= 0:
            return super().readline(size)
        line = super().readline(_MAX_LINE)
        if len(line) == _MAX_LINE:
            raise http.client.LineTooLong("line")
        return line


class _BoundedResponse(http.client.HTTPResponse):
    """Read status line, headers and body within the time limit of the call."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = _Lines(_BoundedReader(self.fp.detach(), sock))

    def _read_status(self) -> tuple[str, int, str]:
        # http.client skips only status 100, but RFC 9110, 15.2 requires that all of 1xx
        # are. Otherwise 103 would be the response, and the response that of the next
        # request.
        version, status, reason = super()._read_status()  # type: ignore[misc]
        interim = 100 <= status < 200 and status != http.client.SWITCHING_PROTOCOLS
        return version, http.client.CONTINUE if interim else status, reason


class _Connection(HTTPConnection):
    """Connect and send within the time left, and record when the first byte is sent."""

    # http.client uses it for every response, also for those of proxies to CONNECT.
    response_class = _BoundedResponse
    _connecting = False

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if not self._connecting:
            # From here on the service may have received bytes, even if sending fails.
            _call.sent = True
        assert self.sock is not None
        # A pooled socket still has the timeout of its previous request.
        self.sock.settimeout(_call.cap(_call.read_timeout))
        super().send(data)

    def _new_conn(self) -> socket.socket:
        # urllib3 applies the full timeout to each address of a host.
        try:
            addresses = socket.getaddrinfo(
                self.host.strip("[]"), self.port, type=socket.SOCK_STREAM
            )
        except socket.gaierror as error:
            raise exceptions.NameResolutionError(self.host, self, error) from error
        except UnicodeError as error:
            raise exceptions.LocationParseError(self.host) from error
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(_call.cap(self.timeout))
                sock.connect(address)
                # This timeout applies to the TLS handshake, which follows.
                sock.settimeout(_call.cap(self.timeout))
            except BaseException as error:
                if sock is not None:
                    sock.close()
                if not isinstance(error, OSError):
                    raise
                # Its traceback would create a reference cycle with this frame.
                failure = error.with_traceback(None)
            else:
                return sock
        if isinstance(failure, TimeoutError):
            raise exceptions.ConnectTimeoutError(self, "timed out") from failure
        raise exceptions.NewConnectionError(self, str(failure)) from failure


class _TLSConnection(_Connection, HTTPSConnection):
    """A `_Connection` over TLS."""


class _Pool(HTTPConnectionPool):
    # urllib3's own classes do not match the protocols that it declares here.
    ConnectionCls = _Connection  # pyright: ignore[reportAssignmentType]


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection  # pyright: ignore[reportAssignmentType]


class _OneHost:
    """Send requests to the client's host without a pool look-up per request.

    In ``PoolManager`` the look-up parses the URL and compares twenty settings, a tenth of
    the cost of a call. Requests for other hosts still use it.
    """

    __slots__ = ("_manager", "_origin", "_pool")

    def __init__(self, manager: urllib3.PoolManager, url: str) -> None:
        parts = urlsplit(url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._manager = manager
        self._pool = manager.connection_from_url(url)

    def request(self, method: str, url: str, **options: Any) -> Any:
        target = url.removeprefix(self._origin)
        if target.startswith("/"):
            return self._pool.urlopen(method, target, **options)
        return self._manager.request(method, url, **options)

    def clear(self) -> None:
        self._manager.clear()


class Urllib3Transport:
    """Send requests over kept-alive connections, from any thread and after any fork.

    *pool_size* connections are kept open; more are opened when more threads send at the
    same time, and closed after use. *connect_timeout* is in seconds, for each address
    of the host. Proxies (see :mod:`tokbox.transport.proxies`) and certificates are looked
    up at the first request.
    """

    __slots__ = (
        "_connect_timeout",
        "_owner",
        "_pool_size",
        "_proxy",
        "_trust_env",
    )

    def __init__(
        self,
        *,
        connect_timeout: float,
        pool_size: int,
        proxy: proxies.Proxy | None = None,
        trust_env: bool = True,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._pool_size = pool_size
        self._proxy = proxy
        self._trust_env = trust_env
        # A single attribute that is only replaced: a fork cannot leave a lock locked.
        self._owner: tuple[int, urllib3.PoolManager | _OneHost] | None = None

    def send(self, request: Request) -> Response:
        """Send *request* once; see :meth:`tokbox.transport.Transport.send`."""
        # A sink may send another request in this thread.
        outer = _call.deadline, _call.read_timeout, _call.sent
        _call.deadline = time.monotonic() + request.timeout
        _call.read_timeout = request.read_timeout
        _call.sent = False
        try:
            read = _stream if request.sink is None else _read_available
            return exchange(
                self._manager(request.url), request, self._connect_timeout, read
            )
        except (exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            failure, cause = translate(error, request, sent=_call.sent)
        finally:
            _call.deadline, _call.read_timeout, _call.sent = outer
        # Raise outside of the handler, from the system error only: the other exceptions
        # and their frames contain the request's headers.
        raise failure from cause

    def close(self) -> None:
        """Close the idle connections; busy connections are closed after use."""
        owner, self._owner = self._owner, None
        if owner is not None and owner[0] == os.getpid():
            owner[1].clear()

    def _manager(self, url: str) -> urllib3.PoolManager | _OneHost:
        owner = self._owner
        if owner is not None and owner[0] == os.getpid():
            return owner[1]
        # The first request, or a child process, which must not write to the sockets of
        # its parent.
        manager = self._build(url)
        self._owner = os.getpid(), manager
        return manager

    def _build(self, url: str) -> urllib3.PoolManager | _OneHost:
        proxy = self._proxy
        if proxy is None and self._trust_env:
            proxy = proxies.from_environment(url)
        manager: urllib3.PoolManager
        if proxy is None:
            manager = urllib3.PoolManager(
                num_pools=1,
                maxsize=self._pool_size,
                ssl_context=ssl.create_default_context(),
            )
        else:
            manager = urllib3.ProxyManager(
                proxy.url,
                num_pools=2,
                proxy_headers=Headers(proxy.headers()),
                maxsize=self._pool_size,
                ssl_context=ssl.create_default_context(),
            )
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        # By default clear() only drops its references, and a pool closes with the last one.
        manager.pools.dispose_func = HTTPConnectionPool.close
        return _OneHost(manager, url) if proxy is None else manager


def exchange(
    pool: Any,
    request: Request,
    connect_timeout: float,
    read: Callable[[Any], Iterable[bytes]],
) -> Response:
    """Send *request* through *pool* and return the response; *read* yields the body."""
    response = pool.request(
        request.method,
        request.url,
        body=request.body,
        headers=request.headers,
        timeout=urllib3.Timeout(
            connect=min(connect_timeout, request.timeout),
            read=min(request.read_timeout, request.timeout),
        ),
        retries=_NEVER,
        redirect=False,
        preload_content=False,
    )
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        if request.sink is None:
            body, complete = _join(read(response), request.max_body)
        else:
            write = request.sink(response.status, headers)
            body, complete = b"", write is not None
            if write is not None:
                for piece in read(response):
                    write(piece)
    except BaseException:
        response.close()
        raise
    if not complete:
        response.close()
    response.release_conn()
    return Response(response.status, headers, body)


def _stream(response: Any) -> Iterable[bytes]:
    # A short body that is not compressed is read at once.
    length = response.length_remaining
    if length is not None and length <= CHUNK and not response.headers.get(_ENCODING):
        return (response.read(),)
    return cast("Iterable[bytes]", response.stream(CHUNK, decode_content=True))


def _read_available(response: Any) -> Iterator[bytes]:
    # When a connection breaks, stream() would lose the bytes of an incomplete chunk.
    while piece := response.read1(CHUNK, decode_content=True):
        yield piece


def _join(pieces: Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    """Return the body, or slightly more than *limit* of it, and whether it is complete."""
    body: list[bytes] = []
    size = 0
    for piece in pieces:
        body.append(piece)
        size += len(piece)
        if size > limit:
            return b"".join(body), False
    return b"".join(body), True


def translate(
    error: Exception, request: Request, *, sent: bool | None = None
) -> tuple[errors.TransportError, BaseException | None]:
    """Return the error for an exception of urllib3, and the system error that caused it.

    *sent* is whether any byte of the request may have been sent; without it the
    exception's class decides.
    """
    kind, phrase = next(
        (kind, phrase) for source, kind, phrase in _FAILURES if isinstance(error, source)
    )
    # *sent* is more reliable than the exception's class.
    if sent and kind in (errors.ConnectError, errors.TLSError):
        kind, phrase = errors.ProtocolError, "the connection broke"
    elif sent is False and kind in (errors.RequestTimeoutError, errors.ProtocolError):
        phrase = (
            "no connection in time"
            if kind is errors.RequestTimeoutError
            else "no connection"
        )
        kind = errors.ConnectError
    cause = _system_error(error)
    if cause is not None:
        phrase = f"{phrase}: {_explain(cause)}"
    return kind(phrase, method=request.method, path=request.path), cause


def _system_error(error: BaseException) -> BaseException | None:
    """Return the innermost system or TLS error of *error*, without its traceback."""
    seen: list[BaseException] = []
    queue: list[BaseException] = [error]
    found: BaseException | None = None
    while queue:
        current = queue.pop(0)
        if any(current is other for other in seen):
            continue
        seen.append(current)
        if isinstance(current, OSError):
            found = current
        inner = [current.__cause__, current.__context__, *current.args]
        queue.extend(item for item in inner if isinstance(item, BaseException))
    if found is not None:
        found = found.with_traceback(None)
        found.__cause__ = found.__context__ = None
    return found


def _explain(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the certificate is not valid: {cause.verify_message}. For a certificate of "
            "a private authority, set SSL_CERT_FILE to the path of its PEM file "
            "(REQUESTS_CA_BUNDLE has no effect)"
        )
    return str(getattr(cause, "strerror", None) or cause)
