"""Decide whether a client may use plain HTTP, and warn if it does.

Over ``http://`` everyone on the way can read the credentials of a request and what comes
back. The service's own hosts speak HTTPS, so plain HTTP to them is always a mistake. Other
hosts are emulators and gateways, where it may be intended.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tokbox.errors import InsecureTransportWarning, InvalidInputError
from tokbox.rest.http.caller_warnings import warn
from tokbox.rest.validation import boolean
from tokbox.transport import hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLE", "check", "from_environment"]

VARIABLE = "TOKBOX_ALLOW_HTTP"

_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

#: Hosts that this process has been warned of.
_warned: dict[str, object] = {}


def check(api_url: str, allow_http: object) -> None:
    """Refuse plain HTTP to the service's hosts; warn, once, of that to another host.

    *allow_http* silences the warning; ``None`` leaves that to the environment. Loopback
    addresses are silent: what is sent to them does not leave this machine.

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
    # setdefault() is atomic, so one of several threads warns.
    if _warned.setdefault(origin.host, mark) is not mark:
        return
    try:
        warn(
            f"{origin.host} is reached over plain HTTP: everyone on the network path can "
            "read the credentials. Use https://; if the network is trusted, pass "
            f"allow_http=True or set {VARIABLE}=1",
            InsecureTransportWarning,
        )
    except InsecureTransportWarning:
        # It became an exception, and will be one again.
        del _warned[origin.host]
        raise


def from_environment(environ: Mapping[str, str]) -> bool | None:
    """Return ``TOKBOX_ALLOW_HTTP`` (1, true, yes; 0, false, no), ``None`` if it is unset.

    Raises ``InvalidInputError`` for any other value.
    """
    word = environ.get(VARIABLE)
    if not word:
        return None
    allowed = _WORDS.get(word.strip().lower())
    if allowed is None:
        raise InvalidInputError(VARIABLE, word, "be 1 or 0")
    return allowed
