"""Which part of a list a call asks for."""

from __future__ import annotations

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext

__all__ = ["read_page", "read_session_filter"]

_DEFAULT_COUNT = 50
_MAX_COUNT = 1000
#: What SQLite can count to.
_MAX_OFFSET = 2**63 - 1


def read_page(context: RequestContext) -> tuple[int, int]:
    """Read ``offset`` and ``count``, or refuse with 400."""
    query = context.query()
    return (
        _whole_number(query, "offset", 0, _MAX_OFFSET),
        _whole_number(query, "count", _DEFAULT_COUNT, _MAX_COUNT),
    )


def read_session_filter(context: RequestContext) -> str | None:
    """Read the session that a list is restricted to; one SDK sends ``session_id``."""
    query = context.query()
    return query.get("sessionId", query.get("session_id"))


def _whole_number(query: dict[str, str], name: str, default: int, maximum: int) -> int:
    # An absent value and an empty one are alike: the parser drops the empty ones.
    text = query.get(name)
    if text is None:
        return default
    # The length first: Python refuses to convert thousands of digits.
    if not (
        text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= maximum
    ):
        raise HTTPError(
            400, f"Invalid {name}: it must be a whole number from 0 to {maximum}"
        )
    return int(text)
