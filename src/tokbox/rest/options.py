"""What a client can be told about its connections, the same for every kind of client."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from tokbox.rest import proxies
from tokbox.rest.arguments import base_url, flag, seconds, whole
from tokbox.rest.requester import Requester

if TYPE_CHECKING:
    from tokbox.rest.auth import Auth
    from tokbox.rest.transport import Request, Response, Transport

__all__ = ["Options", "connect"]


class Options(TypedDict, total=False):
    """Name the keyword arguments of :func:`connect`, which every client takes.

    - *timeout*, *connect_timeout*: seconds for a read, and for each address of the host.
    - *deadline*: seconds for a whole call with all its attempts and waits; every method
      that sends takes its own.
    - *retries*: how many attempts may follow the first, 0 to 10. What created something
      is never repeated once a byte of it was sent.
    - *proxy*: ``http://user:password@host:port``; without it ``HTTPS_PROXY`` and its
      kin are honoured unless *trust_env* is false.
    - *pool_size*: connections that are kept open; more are opened under load.
    - *transport*: sends the requests in place of all of this; see
      :mod:`tokbox.rest.transport`.
    """

    timeout: float
    connect_timeout: float
    deadline: float
    retries: int
    proxy: str | None
    trust_env: bool
    pool_size: int
    transport: Transport | None


def connect(
    auth: Auth,
    api_url: str,
    *,
    timeout: float = 10.0,
    connect_timeout: float = 3.0,
    deadline: float = 30.0,
    retries: int = 2,
    proxy: str | None = None,
    trust_env: bool = True,
    pool_size: int = 10,
    transport: Transport | None = None,
) -> Requester:
    """Return what sends the calls of a client; nothing is opened before the first.

    The options are those of :class:`Options`. Raises ``InvalidInput`` for one that is
    out of bounds.
    """
    api_url = base_url("api_url", api_url)
    if transport is None:
        transport = _LazyTransport(
            timeout=seconds("timeout", timeout),
            connect_timeout=seconds("connect_timeout", connect_timeout),
            pool_size=whole("pool_size", pool_size, 1, 10_000),
            proxy=None if proxy is None else proxies.parse(proxy),
            trust_env=flag("trust_env", trust_env),
        )
    return Requester(
        transport,
        auth,
        api_url=api_url,
        deadline=seconds("deadline", deadline),
        retries=whole("retries", retries, 0, 10),
    )


class _LazyTransport:
    """Load urllib3 with the first request: who only signs never needs it."""

    __slots__ = ("_options", "_pool")

    def __init__(
        self,
        *,
        timeout: float,
        connect_timeout: float,
        pool_size: int,
        proxy: proxies.Proxy | None,
        trust_env: bool,
    ) -> None:
        self._options = (timeout, connect_timeout, pool_size, proxy, trust_env)
        self._pool: Transport | None = None

    def send(self, request: Request) -> Response:
        pool = self._pool
        if pool is None:
            from tokbox.rest.pool import PooledTransport

            timeout, connect_timeout, pool_size, proxy, trust_env = self._options
            # Of two first requests at once, one pool is forgotten after its use.
            pool = self._pool = PooledTransport(
                timeout=timeout,
                connect_timeout=connect_timeout,
                pool_size=pool_size,
                proxy=proxy,
                trust_env=trust_env,
            )
        return pool.send(request)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
