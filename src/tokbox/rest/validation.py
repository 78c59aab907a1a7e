"""Validate arguments before anything is sent.

Each function accepts an argument's name and value. It returns the value for the request
or raises ``InvalidInputError``. The result is an exact ``str``, ``int`` or ``float`` (see
:mod:`tokbox.exact`). Always send the result instead of the argument.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args
from urllib.parse import quote, unquote

from tokbox.errors import InvalidInputError, invalid_choice
from tokbox.exact import exact_text, has_no_dimensions
from tokbox.literals import Resolution
from tokbox.tokens.credentials import control_character, odd_character
from tokbox.transport import hosts
from tokbox.transport.validation import boolean, integer, seconds

__all__ = [
    "absolute_url",
    "base_url",
    "boolean",
    "choice",
    "credential",
    "has_dot_segments",
    "identifier",
    "integer",
    "ipv4",
    "is_path",
    "json_value",
    "nested",
    "omit_none",
    "optional",
    "seconds",
    "secret",
    "set_fields",
    "string",
    "strings",
    "web_url",
]

_T = TypeVar("_T")
_P = ParamSpec("_P")

#: Both services accept these and no others.
RESOLUTIONS: tuple[str, ...] = get_args(Resolution)

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
#: IDs that need no encoding in a path: most are UUIDs or base64.
_PLAIN_ID = re.compile(r"[\w-]{1,255}", re.ASCII)
#: The characters of a path in RFC 3986, without those that start a query or a host.
_PATH = re.compile(r"/(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)
#: The maximum number of times that a path can be percent-encoded.
_MAX_DECODINGS = 8
_HOST_ALONE = re.compile(r"(?:[\w+.-]*://)?[^/?#@]*/?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def omit_none(**properties: Any) -> dict[str, Any]:
    """Return the properties that are not ``None``; the service has its own defaults."""
    return {name: value for name, value in properties.items() if value is not None}


def set_fields(structure: object, **checked: Any) -> None:
    """Set fields of a frozen dataclass to their checked values."""
    for name, value in checked.items():
        object.__setattr__(structure, name, value)


class Structure(Protocol):
    """An argument with fields, which were validated when it was created."""

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request."""
        ...


def nested(field: str, value: object, *kinds: type[Structure]) -> dict[str, Any]:
    """Return the JSON object of a *value* that is an instance of one of these classes."""
    for kind in kinds:
        if isinstance(value, kind):
            return value._to_json()
    names = " or ".join(kind.__name__ for kind in kinds)
    # A value of another type may contain the same secrets.
    raise InvalidInputError(field, None, f"be an object of the class {names}", show=False)


def choice(field: str, value: object, allowed: Iterable[str]) -> str:
    """Return *value* as a plain string if it is one of *allowed* or such an enum member."""
    words = [str(word) for word in allowed]
    word = exact_text(value)
    if word in words:
        return word
    raise invalid_choice(field, value, words)


def string(
    field: str,
    value: object,
    *,
    min_length: int = 0,
    max_length: int | None = None,
    max_bytes: int | None = None,
    show: bool = True,
) -> str:
    """Return *value* if it is a string of permitted length that UTF-8 can encode.

    *min_length* and *max_length* count characters, *max_bytes* UTF-8 bytes. With *show*
    false, errors do not contain the value.
    """
    if max_length is not None:
        rule = f"be a string of {min_length} to {max_length} characters"
    else:
        rule = "be a string" if min_length == 0 else "be a string that is not empty"
    content = exact_text(value)
    if content is None or len(content) < min_length:
        raise InvalidInputError(field, value, rule, show=show)
    if max_length is not None and len(content) > max_length:
        raise InvalidInputError(field, value, rule, show=show)
    if _SURROGATE.search(content):
        raise InvalidInputError(field, value, "not contain lone surrogates", show=show)
    if max_bytes is not None and len(content.encode()) > max_bytes:
        rule = f"have at most {max_bytes} bytes in UTF-8"
        raise InvalidInputError(field, value, rule, show=show)
    return content


def secret(field: str, value: object) -> str:
    """Return non-empty text without control characters; errors do not show it."""
    rule = "be a string without control characters"
    return _check_characters(field, value, rule, control_character)


def credential(field: str, value: object) -> str:
    """Return a key, secret or token created by a service; errors do not show it."""
    rule = "be printable ASCII without spaces and quotes"
    return _check_characters(field, value, rule, odd_character)


def _check_characters(
    field: str, value: object, rule: str, find_wrong: Callable[[str], str]
) -> str:
    # text() is not called here: its exception would become the context of this one.
    content = exact_text(value)
    if not content:
        raise InvalidInputError(field, None, "be a string that is not empty", show=False)
    if wrong := find_wrong(content):
        raise InvalidInputError(field, None, f"{rule}: it holds {wrong}", show=False)
    return content


def json_value(field: str, value: Any) -> Any:
    """Return *value* if JSON (RFC 8259) can represent it; NaN, for example, is invalid."""
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        json.dumps(value, allow_nan=False)
        return value
    # Raise outside of the handler: its exception contains the value.
    raise InvalidInputError(field, None, "be a value that JSON can represent", show=False)


def strings(field: str, value: object) -> list[str]:
    """Return a list of non-empty strings. A single string is rejected."""
    rule = "be a sequence of strings that are not empty"
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        raise InvalidInputError(field, value, rule)
    if has_no_dimensions(value):
        raise InvalidInputError(field, value, rule)
    items = [exact_text(item) for item in value]
    if not all(items):
        raise InvalidInputError(field, value, rule)
    return [string(field, item) for item in items]


def absolute_url(
    field: str,
    value: object,
    *schemes: str,
    min_length: int = 1,
    max_length: int | None = None,
) -> str:
    """Return a URL that begins with one of *schemes*, such as ``wss``."""
    rule = f"be a URL that begins with {' or '.join(f'{one}://' for one in schemes)}"
    if max_length is not None:
        rule += f", of {min_length} to {max_length} characters"
    url = exact_text(value)
    # Only a bare host is shown: other parts may contain credentials, keys or a secret path.
    show = url is not None and _HOST_ALONE.fullmatch(url) is not None
    if (
        url is None
        or not url.lower().startswith(tuple(f"{one}://" for one in schemes))
        or len(url) < min_length
        or (max_length is not None and len(url) > max_length)
        or re.search(r"[\s\x00-\x1f\x7f]", url)
        or _SURROGATE.search(url)
    ):
        raise InvalidInputError(field, value, rule, show=show)
    return url


def web_url(field: str, value: object) -> str:
    """Return the URL of a page or a callback, of a length that the service accepts."""
    return absolute_url(field, value, "http", "https", min_length=15, max_length=2048)


def optional(
    check: Callable[Concatenate[str, object, _P], _T],
    field: str,
    value: object,
    *args: _P.args,
    **options: _P.kwargs,
) -> _T | None:
    """Return ``None`` for ``None``, and the result of *check* for other values."""
    return None if value is None else check(field, value, *args, **options)


def identifier(field: str, value: object) -> str:
    """Return an ID of the service as one percent-encoded path segment.

    Any format is accepted, but an ID must not be empty and must not lead to another
    resource (see :func:`has_dot_segments`).
    """
    if type(value) is str and _PLAIN_ID.fullmatch(value):
        return value
    name = string(field, value, min_length=1, max_length=255)
    if has_dot_segments(name):
        raise InvalidInputError(field, value, "be an ID from the service")
    return quote(name, safe="")


def ipv4(field: str, value: object) -> str:
    """Return a dotted IPv4 address of four decimal numbers; short forms are rejected."""
    dotted = exact_text(value)
    if dotted is None or not _IPV4.fullmatch(dotted):
        raise InvalidInputError(
            field, value, "be a dotted IPv4 address, such as 203.0.113.7"
        )
    return dotted


def base_url(field: str, value: object) -> str:
    """Return ``http[s]://host[:port][/prefix]`` without a slash at the end."""
    rule = (
        "be an http:// or https:// URL with a host, without credentials, query, fragment "
        "or dot segments"
    )
    # Errors must not show a URL, which may contain a password or key.
    url = exact_text(value)
    show = url is not None and not any(mark in url for mark in "@?#")
    found = None if url is None else hosts.parse(url)
    prefix = "" if found is None else found.rest.rstrip("/")
    if (
        url is None
        or found is None
        or found.scheme not in ("http", "https")
        or found.userinfo is not None
        or (prefix and not is_path(prefix))
    ):
        raise InvalidInputError(field, value, rule, show=show)
    return url.rstrip("/")


def is_path(path: str) -> bool:
    """Return whether *path* is an absolute percent-encoded path without dot segments.

    See :func:`has_dot_segments` for the definition of dot segments.
    """
    return _PATH.fullmatch(path) is not None and not has_dot_segments(path)


def has_dot_segments(path: str) -> bool:
    """Return whether *path* may lead to a different resource than it appears to.

    Servers and proxies decode a path, some of them more than once. Some treat a backslash
    as a slash or ignore everything after a semicolon. So every decoded form is searched for
    ``.`` and ``..`` segments, control characters, bytes that are not UTF-8, and two slashes
    at the beginning.
    """
    for _ in range(_MAX_DECODINGS):
        segments = [part.partition(";")[0] for part in re.split(r"[/\\]", path)]
        if (
            {".", ".."} & {part.strip() for part in segments}
            or re.search(r"[\x00-\x1f\x7f]", path)
            or re.match(r"[/\\]{2}", path)
        ):
            return True
        try:
            decoded = unquote(path, errors="strict")
        except UnicodeDecodeError:
            return True
        if decoded == path:
            return False
        path = decoded
    return True
