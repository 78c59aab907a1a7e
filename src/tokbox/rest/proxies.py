"""Find the proxy for a URL: an explicit one, or what the environment says.

urllib3 ignores the environment on purpose; people behind company proxies expect
``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` to work.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tokbox.errors import InvalidInput
from tokbox.secrecy import Secretive

__all__ = ["Proxy", "from_environment", "parse"]


@dataclass(frozen=True, slots=True)
class Proxy(Secretive):
    """Name a proxy, and hold its credentials where no repr shows them."""

    #: Scheme, host and port; never the credentials.
    url: str
    credentials: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """Return what the proxy (and nobody else) is to be sent."""
        if self.credentials is None:
            return {}
        basic = base64.b64encode(self.credentials.encode()).decode("ascii")
        return {"proxy-authorization": f"Basic {basic}"}


def parse(text: object, *, name: str = "proxy") -> Proxy:
    """Read ``http[s]://[user:password@]host[:port]``.

    Raises ``InvalidInput`` without repeating the text, which may hold a password.
    """
    rule = "be an http:// or https:// URL with a host"
    if not isinstance(text, str):
        raise InvalidInput(name, None, rule, show=False)
    # The variables are often written without a scheme, and curl takes that.
    full = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput(name, None, rule, show=False) from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidInput(name, None, rule, show=False)
    if ":" in host:
        host = f"[{host}]"
    default = 443 if parts.scheme == "https" else 80
    credentials = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(f"{parts.scheme}://{host}:{port or default}", credentials)


def from_environment(url: str) -> Proxy | None:
    """Return the proxy that the environment names for *url*, if any.

    This machine itself is never reached through such a proxy (Go's rule too): a proxy
    cannot know our loopback interface.
    """
    # Not at the top: it is only needed here, and it is slow to import.
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        return None
    known = getproxies()
    kind = parts.scheme if known.get(parts.scheme) else "all"
    found = known.get(kind)
    # NO_PROXY may name a port; the URL's own must be spelled out to match it.
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not found or proxy_bypass(host) or proxy_bypass(f"{host}:{port}"):
        return None
    return parse(found, name=f"{kind.upper()}_PROXY")
