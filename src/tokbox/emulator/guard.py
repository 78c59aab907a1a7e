"""Who may use the page and the control routes from a browser: the page itself.

They need no credentials, so a page from elsewhere that is open in the same browser must
not reach them. Such a page betrays itself by ``Origin`` or ``Sec-Fetch-Site`` when it
changes something; it cannot read answers, since none of them says that it may. The one
way round, a name that an attacker lets point to this machine, shows in ``Host``: over a
loopback connection only the names of this machine are taken.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tokbox.emulator.replies import Refusal, refuse

__all__ = ["Guard", "is_local_name"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Refuse with 403 what comes from the page of somebody else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and _is_guarded(scope["path"]):
            problem = _problem(scope, Headers(scope=scope))
            if problem is not None:
                answer = refuse(Refusal(403, problem), as_json=True)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_local_name(host: str) -> bool:
    """Tell whether *host* is a name of this machine that needs no looking up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_loopback(host)


def _is_guarded(path: str) -> bool:
    return path == "/" or path.startswith("/_emulator")


def _problem(scope: Scope, headers: Headers) -> str | None:
    host = headers.get("host", "")
    arrived_at = (scope.get("server") or ("",))[0]
    # Clients of old that send no Host are no browsers.
    if host and _is_loopback(arrived_at) and not is_local_name(_name_of(host)):
        return "Over a loopback connection the Host must be localhost or a loopback address"
    if scope["method"] in _SAFE:
        return None
    origin = headers.get("origin")
    if origin is not None and origin != f"{scope['scheme']}://{host}":
        return "A page from elsewhere may not control the emulator (Origin)"
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "A page from elsewhere may not control the emulator (Sec-Fetch-Site)"
    return None


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
