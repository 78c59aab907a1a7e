"""Check whether a client may use plain HTTP, and warn if it does.

Over ``http://`` the credentials of requests and the responses can be read on the network.
The service's own hosts support HTTPS, so plain HTTP to them is always a mistake. Other
hosts are emulators and gateways, for which it may be intended.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tokbox.errors import InsecureTransportWarning, InvalidInputError, warn_caller
from tokbox.rest.validation import boolean
from tokbox.transport import hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLE", "check", "from_environment"]

VARIABLE = "TOKBOX_ALLOW_HTTP"

_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

#: Hosts for which this process has issued the warning.
_warned: dict[str, object] = {}


def check(api_url: str, allow_http: object) -> None:
    """Reject plain HTTP to the service's hosts; warn once for each other host.

    *allow_http* true disables the warning; ``None`` means the environment's setting.
    Loopback addresses cause no warning, because the requests do not leave this machine.

    Raises ``InvalidInputError``.
    """
    allowed = None if allow_http is None else boolean("allow_http", allow_http)
    origin = hosts.parse(api_url)
    assert origin is not None  # base_url has checked it
    if origin.scheme == "https":
        return
    if hosts.is_service(origin.host):
        rule = "use https:// for this host: http:// would send credentials unencrypted"
        raise InvalidInputError("api_url", api_url, rule)
    if hosts.is_loopback(origin.host):
        return
    if from_environment(os.environ) if allowed is None else allowed:
        return
    mark = object()
    # setdefault() is atomic, so only one of several threads warns.
    if _warned.setdefault(origin.host, mark) is not mark:
        return
    try:
        warn_caller(
            f"{origin.host} is reached over plain HTTP: everyone on the network path can "
            "read the credentials. Use https://; if the network is trusted, pass "
            f"allow_http=True or set {VARIABLE}=1",
            InsecureTransportWarning,
        )
    except InsecureTransportWarning:
        # The warning was raised as an exception; raise it again next time.
        del _warned[origin.host]
        raise


def from_environment(environ: Mapping[str, str]) -> bool | None:
    """Return ``TOKBOX_ALLOW_HTTP`` (1, true, yes; 0, false, no) or ``None`` if unset.

    Raises ``InvalidInputError`` for any other value.
    """
    word = environ.get(VARIABLE)
    if not word:
        return None
    allowed = _WORDS.get(word.strip().lower())
    if allowed is None:
        raise InvalidInputError(VARIABLE, word, "be 1 or 0")
    return allowed
