"""Parsing of host names, addresses and URLs, without DNS lookups."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

__all__ = [
    "DEFAULT_PORT",
    "HOST",
    "is_host",
    "is_local_name",
    "is_url",
    "normalize_host",
    "parse_address",
]

#: The port of ``tokbox emulator``: unassigned by IANA, and below the ephemeral ports.
DEFAULT_PORT = 10865

#: A name, or an address in brackets, with an optional port (RFC 9110, 7.2).
HOST = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[0-9A-Za-z._-]+)(:[0-9]*)?")
_VISIBLE = re.compile(r"[!-~]+")


def is_local_name(host: str) -> bool:
    """Return whether *host* is a loopback address or a name of this machine."""
    name = normalize_host(host)
    address = parse_address(name)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def is_host(name: object) -> bool:
    """Return whether *name* is a host name or an address, without a port."""
    if not isinstance(name, str):
        return False
    found = HOST.fullmatch(name)
    return parse_address(name) is not None or (found is not None and found[2] is None)


def is_url(value: object) -> bool:
    """Return whether *value* is an http or https URL with a host."""
    if not (isinstance(value, str) and _VISIBLE.fullmatch(value)):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def normalize_host(name: str) -> str:
    """Return *name* in lower case, without brackets and without a trailing dot."""
    name = name.lower().strip("[]").removesuffix(".")
    address = parse_address(name)
    return name if address is None else str(address)


@lru_cache(256)  # the clients of an emulator use few names for it
def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an address; an IPv4-mapped IPv6 address is returned as IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
