"""What a client can be told about its connections, the same for every kind of client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.rest.http import logging, plain_http
from tokbox.rest.http.requester import MAX_RETRIES, Requester
from tokbox.rest.validation import base_url, boolean, integer, seconds
from tokbox.transport import HTTPTransport
from tokbox.transport.http_transport import POOL_SIZE

if TYPE_CHECKING:
    from tokbox.rest.http.auth import Auth
    from tokbox.transport import Transport
    from tokbox.transport.custom_pool import Pool

__all__ = ["Limits", "Options", "connect"]

_USER_AGENT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")


class Options(TypedDict, total=False):
    """Name the keyword arguments of :func:`connect`, which every client takes.

    - *timeout*: seconds for a whole call with all its attempts and waits (default 30).
      Every method that sends a request takes it, too, for that call.
    - *read_timeout*: seconds for a single read or write (default 10).
    - *connect_timeout*: seconds for each address of the host (default 3). Both are cut
      to what is left of *timeout*, which may be shorter than either.
    - *retries*: how many attempts may follow the first, 0 to 10. What created something
      is never repeated once a byte of it was sent. In an outage they run out, for all
      calls of the client together; see :mod:`tokbox.rest.http.retry_budget`.
    - *proxy*: ``http://user:password@host:port``, also with ``https://``. Without it the
      variables ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` count
      unless *trust_env* is false; see :mod:`tokbox.transport.proxies`.
    - *allow_http*: send to an ``api_url`` with ``http://`` without a warning, for example
      to an emulator in another container. ``None`` leaves it to ``TOKBOX_ALLOW_HTTP``
      (1 or 0). Loopback addresses never warn; the service's own hosts are never reached
      over plain HTTP. See :mod:`tokbox.rest.http.plain_http`.
    - *pool_size*: connections that are kept open; more are opened under load.
    - *user_agent*: what is added to ours, for example ``rooms/2.1``.
    - *correct_clock*: where a refusal shows that this machine's clock is off, date
      requests by the service's from then on, and repeat the call once. Tokens for
      clients are still dated by the machine's clock, so it is better to set that.
    - *http*: a pool of your own, a ``urllib3.PoolManager`` or what behaves like one. It
      decides how connections are made, and stays yours to close. Time-outs, retries and
      the ban on redirects stay the client's; see :mod:`tokbox.transport.custom_pool`.
    - *transport*: sends the requests in place of all of this, for example a wrapper
      around :class:`tokbox.transport.HTTPTransport`. ``close()`` closes it.
    """

    timeout: float
    read_timeout: float
    connect_timeout: float
    retries: int
    proxy: str | None
    trust_env: bool
    allow_http: bool | None
    pool_size: int
    user_agent: str
    correct_clock: bool
    http: Pool | None
    transport: Transport | None


class Limits(TypedDict, total=False):
    """Name the keyword arguments of ``with_options``."""

    timeout: float | None
    read_timeout: float | None
    retries: int | None


def connect(
    auth: Auth,
    api_url: str,
    *,
    timeout: float = 30.0,
    read_timeout: float = 10.0,
    connect_timeout: float = 3.0,
    retries: int = 2,
    proxy: str | None = None,
    trust_env: bool = True,
    allow_http: bool | None = None,
    pool_size: int = POOL_SIZE,
    user_agent: str = "",
    correct_clock: bool = False,
    http: Pool | None = None,
    transport: Transport | None = None,
) -> Requester:
    """Return what sends the calls of a client; nothing is opened before the first.

    The options are those of :class:`Options`. Raises ``InvalidInputError`` for one that is
    out of bounds.
    """
    logging.from_environment()
    api_url = base_url("api_url", api_url)
    plain_http.check(api_url, allow_http)
    given = {"proxy": proxy, "http": http, "transport": transport}
    ways = [name for name, way in given.items() if way is not None]
    if len(ways) > 1:
        rule = f"be left out beside {ways[1]}: it decides how requests travel"
        raise InvalidInputError(ways[0], None, rule, show=False)
    if http is not None:
        # It imports urllib3, which is slow.
        from tokbox.transport.custom_pool import CustomPool

        connect_timeout = seconds("connect_timeout", connect_timeout)
        transport = CustomPool(http, connect_timeout=connect_timeout)
    elif transport is None:
        transport = HTTPTransport(
            connect_timeout=connect_timeout,
            pool_size=pool_size,
            proxy=proxy,
            trust_env=trust_env,
        )
    return Requester(
        transport,
        auth,
        api_url=api_url,
        timeout=seconds("timeout", timeout),
        retries=integer("retries", retries, 0, MAX_RETRIES),
        read_timeout=seconds("read_timeout", read_timeout),
        user_agent=_suffix(user_agent),
        correct_clock=boolean("correct_clock", correct_clock),
    )


def _suffix(user_agent: object) -> str:
    suffix = exact_text(user_agent)
    if suffix is None or (suffix and not _USER_AGENT.fullmatch(suffix)):
        rule = "be at most 200 visible ASCII characters and spaces between them"
        raise InvalidInputError("user_agent", user_agent, rule)
    return suffix
