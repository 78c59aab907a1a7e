"""Times of the service and of tokens as aware datetimes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

__all__ = ["from_milliseconds", "from_seconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def from_milliseconds(milliseconds: int | None) -> datetime | None:
    """Return milliseconds since the epoch as a UTC datetime.

    Returns None for None, and for a time outside the years 1 to 9999.
    """
    if milliseconds is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def from_seconds(seconds: int | None) -> datetime | None:
    """Return seconds since the epoch as a UTC datetime; see `from_milliseconds`."""
    return from_milliseconds(None if seconds is None else seconds * 1000)
