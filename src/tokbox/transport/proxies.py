"""Find the proxy for a URL: an explicit one, or one from the environment.

urllib3 ignores the environment by design, but users in corporate networks expect
``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` to work.
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.secrecy import NoPickle, safe_repr
from tokbox.transport import hosts

__all__ = ["Proxy", "from_environment", "parse"]

_RULE = (
    "be the URL of an HTTP proxy without a path: http://[user:password@]host[:port], or "
    "the same with https:// (percent-encode special characters of user and password)"
)
_NO_SOCKS = (
    "be the URL of an HTTP proxy (http:// or https://): SOCKS is not supported. Use an "
    "HTTP proxy, or give the client a pool that speaks SOCKS: "
    "http=urllib3.contrib.socks.SOCKSProxyManager(...)"
)


@safe_repr
@dataclass(frozen=True, slots=True)
class Proxy(NoPickle):
    """The URL of a proxy, and its credentials, which are not in the repr."""

    #: Scheme, host and port, without the credentials.
    url: str
    credentials: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers that are sent only to the proxy."""
        if self.credentials is None:
            return {}
        basic = base64.b64encode(self.credentials.encode()).decode("ascii")
        return {"proxy-authorization": f"Basic {basic}"}


def parse(text: object, *, name: str = "proxy") -> Proxy:
    """Parse ``http[s]://[user:password@]host[:port]``; ``http://`` is optional.

    Raises ``InvalidInputError`` without the text, which may contain a password.
    """
    given = exact_text(text)
    if given is None:
        raise InvalidInputError(name, None, _RULE, show=False)
    given = given.strip()
    if re.match(r"socks[0-9a-z]*://", given, re.IGNORECASE):
        raise InvalidInputError(name, None, _NO_SOCKS, show=False)
    # As curl does, accept a proxy without a scheme, which is common in these variables.
    found = hosts.parse(given if "://" in given else f"http://{given}")
    if (
        found is None
        or found.scheme not in ("http", "https")
        or found.rest not in ("", "/")
    ):
        raise InvalidInputError(name, None, _RULE, show=False)
    credentials = None
    if found.userinfo:
        user, _, password = found.userinfo.partition(":")
        credentials = f"{unquote(user)}:{unquote(password)}"
    return Proxy(f"{found.scheme}://{found.netloc}", credentials)


def from_environment(url: str) -> Proxy | None:
    """Return the proxy for *url* from the environment, or None.

    ``https_proxy`` or ``http_proxy`` (by the scheme of *url*) takes precedence over
    ``all_proxy``, and lower case over upper case. Without these variables, the system's
    settings are used (macOS, Windows). A proxy from the environment is never used for a
    loopback address, because it cannot reach the loopback interface of this machine.

    Raises ``InvalidInputError`` that names the variable.
    """
    # Imported here because it is slow to import and only needed here.
    from urllib.request import getproxies, getproxies_environment, proxy_bypass

    origin = hosts.parse(url)
    assert origin is not None  # it was checked when the client was made
    if hosts.is_loopback(origin.host):
        return None
    known = getproxies()
    kind = origin.scheme if known.get(origin.scheme) else "all"
    found = known.get(kind)
    if not found or hosts.in_no_proxy(known.get("no", ""), origin.host, origin.port):
        return None
    if not getproxies_environment() and proxy_bypass(origin.host):
        return None
    variable = f"{kind}_proxy"
    return parse(found, name=variable if variable in os.environ else variable.upper())
