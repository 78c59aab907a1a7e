"""Host names, addresses and URLs, as text: nothing is resolved."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

__all__ = ["HOST", "is_host", "is_local_name", "is_url", "normalize_host", "parse_address"]

#: A name or an address in brackets, and maybe a port (RFC 9110, 7.2).
HOST = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[0-9A-Za-z._-]+)(:[0-9]*)?")
_VISIBLE = re.compile(r"[!-~]+")


def is_local_name(host: str) -> bool:
    """Tell whether *host* is a name of this machine that needs no looking up."""
    name = normalize_host(host)
    address = parse_address(name)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def is_host(name: object) -> bool:
    """Tell whether *name* is a host name or an address, without a port."""
    if not isinstance(name, str):
        return False
    found = HOST.fullmatch(name)
    return parse_address(name) is not None or (found is not None and found[2] is None)


def is_url(value: object) -> bool:
    """Tell whether *value* is a URL that something can be sent to."""
    if not (isinstance(value, str) and _VISIBLE.fullmatch(value)):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def normalize_host(name: str) -> str:
    """Return *name* in lower case, without brackets and without a dot at the end."""
    name = name.lower().strip("[]").removesuffix(".")
    address = parse_address(name)
    return name if address is None else str(address)


@lru_cache(256)  # the clients of an emulator use few names for it
def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an address; an IPv4 address that is mapped into IPv6 counts as itself."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
