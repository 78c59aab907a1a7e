"""Connection options, which all kinds of clients accept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.rest.http import logging, plain_http, telemetry
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
    """Keyword arguments of :func:`connect`, which every client accepts.

    - *timeout*: limit in seconds for a whole call, including retries and waits (default
      30). Every method that sends a request also accepts it, for that call.
    - *read_timeout*: limit in seconds for a single read or write (default 10).
    - *connect_timeout*: limit in seconds for each address of the host (default 3). This
      limit and *read_timeout* are reduced to the time left of *timeout*.
    - *retries*: maximum number of retries, 0 to 10. Create calls are retried only if no
      byte of the request was sent. All calls of a client share a retry budget; see
      :mod:`tokbox.rest.http.retry_budget`.
    - *proxy*: ``http://user:password@host:port``, or the same with ``https://``. The
      default is taken from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and
      ``NO_PROXY``, unless *trust_env* is false; see :mod:`tokbox.transport.proxies`.
    - *allow_http*: use an ``api_url`` with ``http://`` without a warning, for example
      for an emulator in another container. ``None`` means the value of
      ``TOKBOX_ALLOW_HTTP`` (1 or 0). Loopback addresses cause no warning. Plain HTTP to
      the service's own hosts is always rejected. See :mod:`tokbox.rest.http.plain_http`.
    - *pool_size*: number of connections that are kept open; more are opened under load.
    - *user_agent*: text to append to the User-Agent of tokbox, for example ``rooms/2.1``.
    - *correct_clock*: if an error response shows that the local clock is wrong, use the
      service's clock for the authentication of requests from then on, and retry the call
      once. Client tokens still use the local clock, so correct the local clock if possible.
    - *otel*: create OpenTelemetry spans and metrics. ``None``, the default, does so if the
      program has imported ``opentelemetry.trace``. True requires
      ``pip install 'tokbox[otel]'``. See docs/guide/observability.md.
    - *http*: a custom pool, a ``urllib3.PoolManager`` or a compatible object. It
      determines how connections are made, and the client does not close it. The client's
      timeouts and retries apply, and redirects are not followed; see
      :mod:`tokbox.transport.custom_pool`.
    - *transport*: an object that sends the requests and replaces all of this, for example
      a wrapper around :class:`tokbox.transport.HTTPTransport`. ``close()`` closes it.
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
    otel: bool | None
    http: Pool | None
    transport: Transport | None


class Limits(TypedDict, total=False):
    """Keyword arguments of ``with_options``."""

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
    otel: bool | None = None,
    http: Pool | None = None,
    transport: Transport | None = None,
) -> Requester:
    """Return the requester of a client. No connection is opened before the first call.

    The options are those of :class:`Options`. Raises ``InvalidInputError`` for an invalid
    option.
    """
    logging.from_environment()
    api_url = base_url("api_url", api_url)
    plain_http.check(api_url, allow_http)
    given = {"proxy": proxy, "http": http, "transport": transport}
    ways = [name for name, way in given.items() if way is not None]
    if len(ways) > 1:
        rule = f"not be given together with {ways[1]}, which decides how requests are sent"
        raise InvalidInputError(ways[0], None, rule, show=False)
    if otel is not None and boolean("otel", otel):
        telemetry.require()
    if http is not None:
        # Imported here because it imports urllib3, which is slow.
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
        otel=otel,
    )


def _suffix(user_agent: object) -> str:
    suffix = exact_text(user_agent)
    if suffix is None or (suffix and not _USER_AGENT.fullmatch(suffix)):
        rule = "be at most 200 visible ASCII characters and spaces between them"
        raise InvalidInputError("user_agent", user_agent, rule)
    return suffix
