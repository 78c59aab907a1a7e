"""Protection against web pages: only the emulator's own page may use it from a browser.

The secrets of the default project are public, and the control routes need no credentials. A
page of another site, open in a browser on this machine, must therefore not reach the
emulator. Its modifying requests are recognised by ``Origin`` or ``Sec-Fetch-Site``, and it
cannot read responses, because no response allows that. DNS rebinding, where the site's own
name resolves to this machine, evades both. It is visible in ``Host``, which is therefore
checked on every path:

- Over a loopback connection, ``Host`` must be ``localhost``, a name below it, or a loopback
  address.
- Over a network connection, it may also be any IP address, a name without a dot (a service
  of Docker Compose) or a name below ``.internal`` or ``.local``: public DNS does not serve
  such names.
- Other names must be allowed by the user.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.responses import error_response
from tokbox.emulator.model.hosts import (
    HOST,
    is_host,
    is_local_name,
    normalize_host,
    parse_address,
)
from tokbox.errors import InvalidInputError

__all__ = ["OriginCheck", "read_hosts"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Names that public DNS does not serve.
_PRIVATE = re.compile(r"[a-z0-9_-]+|.+\.(internal|local)")


class OriginCheck:
    """Middleware that refuses requests of other sites' pages with 403."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str] = frozenset()) -> None:
        """*allowed* are additional names for ``Host``, from :func:`read_hosts`."""
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            problem = self._problem(scope, Headers(scope=scope))
            if problem is not None:
                answer = error_response(HTTPError(403, problem), as_json=True)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope, headers: Headers) -> str | None:
        hosts = headers.getlist("host")
        # HTTP/1.0 knows no Host (RFC 9112, 3.2); browsers always send it.
        if len(hosts) > 1 or (not hosts and scope.get("http_version") == "1.1"):
            return "A request must have one Host"
        host = hosts[0] if hosts else ""
        if host and not self._is_allowed(host, (scope.get("server") or ("",))[0]):
            return (
                f"The Host {host[:100]} is not a name of this emulator: use localhost, or "
                "allow the name with --allow-host (allow_hosts in Python)"
            )
        if scope["method"] in _SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None and origin != f"{scope['scheme']}://{host}":
            return "A page of another site may not use the emulator (Origin)"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "A page of another site may not use the emulator (Sec-Fetch-Site)"
        return None

    def _is_allowed(self, host: str, arrived_at: str) -> bool:
        """Return whether *host* is valid for the address that accepted the connection."""
        found = HOST.fullmatch(host)
        name = normalize_host(found[1]) if found else ""
        if is_local_name(name) or name in self._allowed:
            return True
        address = parse_address(arrived_at)
        if address is None:  # a Unix socket, or no connection at all: no browser
            return True
        if address.is_loopback:
            return False
        return parse_address(name) is not None or _PRIVATE.fullmatch(name) is not None


def read_hosts(names: Collection[str]) -> frozenset[str]:
    """Normalize *names* for the comparison with ``Host``.

    Raises :class:`InvalidInputError` unless they are host names or addresses without a
    port.
    """
    if isinstance(names, str):
        raise InvalidInputError("allow_hosts", names, "be a list of names")
    for name in names:
        if not is_host(name):
            rule = "be host names without a port, such as emulator.test"
            raise InvalidInputError("allow_hosts", name, rule)
    return frozenset(map(normalize_host, names))
