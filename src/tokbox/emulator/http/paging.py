"""Numbers and filters in the query strings of lists."""

from __future__ import annotations

from collections.abc import Mapping

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext

__all__ = ["MAX_NUMBER", "read_int", "read_page", "read_session_filter"]

_DEFAULT_COUNT = 50
_MAX_COUNT = 1000
#: The maximum of an integer in SQLite.
MAX_NUMBER = 2**63 - 1


def read_page(context: RequestContext) -> tuple[int, int]:
    """Read ``offset`` and ``count``."""
    query = context.query()
    return (
        read_int(query, "offset", 0, MAX_NUMBER),
        read_int(query, "count", _DEFAULT_COUNT, _MAX_COUNT),
    )


def read_session_filter(context: RequestContext) -> str | None:
    """Read the session filter of a list; one SDK sends ``session_id``."""
    query = context.query()
    return query.get("sessionId", query.get("session_id"))


def read_int(query: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    """Read an integer from 0 to *maximum*."""
    # An empty value counts as absent: the parser drops empty values.
    text = query.get(name)
    if text is None:
        return default
    # Check the length first: Python refuses to convert thousands of digits.
    is_number = text.isascii() and text.isdecimal() and len(text) <= 20
    if not (is_number and int(text) <= maximum):
        raise HTTPError(
            400, f"Invalid {name}: it must be a whole number from 0 to {maximum}"
        )
    return int(text)
