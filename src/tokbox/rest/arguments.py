"""Check what callers pass, before anything is sent.

Each function takes the argument's name and its value, and returns the value as it goes
over the wire or raises ``InvalidInput``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from tokbox.errors import InvalidInput

__all__ = [
    "base_url",
    "flag",
    "given",
    "identifier",
    "instance",
    "ipv4",
    "one_of",
    "seconds",
    "text",
    "whole",
]

_T = TypeVar("_T")

#: Both hosts know these and no others.
RESOLUTIONS = ("640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920")

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_LONGEST_WAIT = 86_400


def given(**properties: Any) -> dict[str, Any]:
    """Return those that are not ``None``: the service has defaults of its own."""
    return {name: value for name, value in properties.items() if value is not None}


def flag(field: str, value: object) -> bool:
    """Return *value* if it is a real boolean: a string such as "false" is true."""
    if not isinstance(value, bool):
        raise InvalidInput(field, value, "be True or False")
    return value


def instance(field: str, value: _T, *kinds: type[_T]) -> _T:
    """Return *value* if it is one of these classes."""
    if not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        article = "an" if names[0] in "AEIOU" else "a"
        raise InvalidInput(field, value, f"be {article} {names}")
    return value


def one_of(field: str, value: object, allowed: Iterable[str]) -> str:
    """Return *value* as a plain string if it is one of *allowed*, enum member or not."""
    words = [str(word) for word in allowed]
    if isinstance(value, str):
        for word in words:
            if value == word:
                return word
    raise InvalidInput(field, value, f"be one of {', '.join(words)}")


def text(
    field: str, value: object, *, shortest: int = 0, longest: int | None = None
) -> str:
    """Return *value* if it is text of a permitted length that UTF-8 can carry."""
    if longest is not None:
        rule = f"be {shortest} to {longest} characters of text"
    else:
        rule = "be text" if shortest == 0 else "be text and not empty"
    if not isinstance(value, str) or len(value) < shortest:
        raise InvalidInput(field, value, rule)
    if longest is not None and len(value) > longest:
        raise InvalidInput(field, value, rule)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(field, value, "not hold lone surrogates") from None
    return str(value)


def identifier(field: str, value: object) -> str:
    """Return an id of the service's as one percent-encoded part of a path.

    Nothing is assumed about its form but that it is not empty, and that it is not a
    dot segment, which would lead to another resource.
    """
    name = text(field, value, shortest=1, longest=255)
    if name in (".", ".."):
        raise InvalidInput(field, value, "be an id that the service gave")
    return quote(name, safe="")


def whole(field: str, value: object, lowest: int, highest: int | None = None) -> int:
    """Return *value* if it is an integer (a bool is not one) within the bounds."""
    bounds = f"of at least {lowest}" if highest is None else f"from {lowest} to {highest}"
    outside = (
        not isinstance(value, int)
        or isinstance(value, bool)
        or value < lowest
        or (highest is not None and value > highest)
    )
    if outside or not isinstance(value, int):
        raise InvalidInput(field, value, f"be a whole number {bounds}")
    return int(value)


def seconds(field: str, value: object) -> float:
    """Return a positive, finite number of seconds: there is no waiting for ever."""
    rule = f"be a number of seconds, more than 0 and at most {_LONGEST_WAIT}"
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidInput(field, value, rule)
    if not (0 < value <= _LONGEST_WAIT) or math.isnan(value):
        raise InvalidInput(field, value, rule)
    return float(value)


def ipv4(field: str, value: object) -> str:
    """Return a dotted address of four decimal numbers; short forms are refused."""
    if not isinstance(value, str) or not _IPV4.fullmatch(value):
        raise InvalidInput(field, value, "be a dotted IPv4 address, such as 203.0.113.7")
    return str(value)


def base_url(field: str, value: object) -> str:
    """Return ``http[s]://host[:port][/prefix]`` without a slash at the end."""
    rule = "be an http:// or https:// URL without credentials, query or fragment"
    # A URL with a password in it must not come back in a message.
    show = not (isinstance(value, str) and "@" in value)
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f\x7f\\]", value):
        raise InvalidInput(field, value, rule, show=show)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput(field, value, rule, show=show) from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not value.isascii()
        or any(mark in value for mark in "@?#")
    ):
        raise InvalidInput(field, value, rule, show=show)
    return value.rstrip("/")
