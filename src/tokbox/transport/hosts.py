"""Parse URLs strictly, and compare hosts.

``ipaddress`` is imported inside the functions, because offline signing does not need it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ipaddress import IPv6Address, IPv6Network

__all__ = ["Origin", "in_no_proxy", "is_loopback", "is_service", "parse"]

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:(?P<userinfo>[^/?#\s\x00-\x1f\x7f\ud800-\udfff]*)@)?"
    r"(?:\[(?P<ipv6>[0-9a-f.]*:[0-9a-f:.]*(?:%[\w.~%-]+)?)\]|(?P<name>\w[\w.-]*))"
    r"(?::(?P<port>[0-9]*))?"
    r"(?P<rest>[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)

#: Domains of the service and of its account management.
_SERVICE = ("opentok.com", "tokbox.com", "vonage.com", "nexmo.com")

#: An entry of ``NO_PROXY``. Two colons without brackets mean an IPv6 address.
_ENTRY = re.compile(
    r"(?:\[(?P<bracketed>[^\]/]+)\]|(?P<plain>[^\[\]/:]+|[^\[\]/:]*:[^\[\]/:]*:[^\[\]/]*))"
    r"(?:/(?P<bits>[0-9]{1,3}))?(?::(?P<port>[0-9]*))?"
)
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")


class Origin(NamedTuple):
    """The parts of a URL."""

    #: The scheme in lower case.
    scheme: str
    #: The part before the ``@``; ``None`` if there is none.
    userinfo: str | None
    #: The host in lower case; an IPv6 address without brackets.
    host: str
    #: The port, or the default of the scheme if the URL has none.
    port: int
    #: Path, query and fragment, unchanged.
    rest: str

    @property
    def netloc(self) -> str:
        """Return host and port as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        """Return scheme, host and port as in a URL."""
        return f"{self.scheme}://{self.netloc}"


def parse(url: str) -> Origin | None:
    """Return the parts of *url*, or ``None`` unless it has a scheme, a valid host and,
    if it has a port, one from 1 to 65535.
    """
    found = _URL.fullmatch(url)
    if found is None or (found["ipv6"] and _ipv6(found["ipv6"]) is None):
        return None
    scheme = found["scheme"].lower()
    digits = found["port"] or ("443" if scheme == "https" else "80")
    if len(digits) > 5 or not 1 <= int(digits) <= 65_535:
        return None
    host = (found["ipv6"] or found["name"]).lower()
    return Origin(scheme, found["userinfo"], host, int(digits), found["rest"] or "")


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine: ``localhost``, a subdomain of it, or a
    loopback address (127.0.0.0/8, ::1, and the former as IPv4-mapped IPv6).

    False for other spellings of an address, such as ``127.1``: resolvers differ on them.
    """
    if _is_within(host.rstrip("."), "localhost"):
        return True
    address = _ipv6(host)
    if address is None:
        return False
    mapped = address.ipv4_mapped
    return address.is_loopback if mapped is None else mapped.is_loopback


def is_service(host: str) -> bool:
    """Return whether *host* belongs to the service itself."""
    return any(_is_within(host.rstrip("."), domain) for domain in _SERVICE)


def in_no_proxy(entries: str, host: str, port: int) -> bool:
    """Return whether ``NO_PROXY`` lists *host*, by the rules of curl and Go.

    *entries* are separated by commas or spaces. Each is one of these:

    - ``*``: every host
    - ``domain`` or ``.domain``: the domain and its subdomains
    - ``*.domain``: the subdomains only
    - an address, or a range of addresses: ``10.0.0.0/8``, ``[fd00::]/8``

    An entry with a port (``host:8080``, ``[::1]:8080``) matches only that port.
    """
    name = host.rstrip(".")
    address = _ipv6(host)
    for entry in re.split(r"[\s,]+", entries.lower()):
        if entry == "*":
            return True
        found = _ENTRY.fullmatch(entry)
        if found is None or found["port"] not in (None, "", str(port)):
            continue
        text = found["bracketed"] or found["plain"]
        network = _network(text, found["bits"])
        if network is not None:
            if address is not None and _contains(network, address):
                return True
        elif address is None and not found["bits"] and _matches(name, text.rstrip(".")):
            return True
    return False


def _contains(network: IPv6Network, address: IPv6Address) -> bool:
    # ``::/0`` and other ranges wider than the IPv4-mapped range match IPv6 only.
    wide = network.prefixlen < 96 and address.ipv4_mapped is not None
    return address in network and not wide


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    domain = pattern.removeprefix(".")
    return bool(domain) and _is_within(name, domain)


def _is_within(name: str, domain: str) -> bool:
    return name.lower() == domain or name.lower().endswith(f".{domain}")


def _ipv6(text: str) -> IPv6Address | None:
    """Return an address, IPv4 as IPv4-mapped IPv6, or ``None`` if it is invalid."""
    network = _network(text, None)
    return None if network is None else network.network_address


def _network(text: str, bits: str | None) -> IPv6Network | None:
    """Return an address range, IPv4 as IPv4-mapped IPv6, or ``None``."""
    text = text.partition("%")[0]  # without the interface
    length = 128 if bits is None else int(bits)
    if _IPV4.fullmatch(text):
        text, length = f"::ffff:{text}", length if bits is None else 96 + length
    elif ":" not in text:
        return None
    from ipaddress import IPv6Network

    try:
        return IPv6Network(f"{text}/{length}", strict=False)
    except ValueError:
        return None
