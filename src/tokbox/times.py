"""Times of the service and of tokens as aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_microseconds", "from_milliseconds", "from_seconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_microseconds(microseconds: int | None) -> datetime | None:
    """Return microseconds since the epoch as a UTC datetime.

    Returns None for None, and for a time outside the years 1 to 9999.
    """
    if microseconds is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def from_milliseconds(milliseconds: int | None) -> datetime | None:
    """Return milliseconds since the epoch as a UTC datetime; see `from_microseconds`."""
    return from_microseconds(None if milliseconds is None else milliseconds * 1000)


def from_seconds(seconds: int | None) -> datetime | None:
    """Return seconds since the epoch as a UTC datetime; see `from_microseconds`."""
    return from_microseconds(None if seconds is None else seconds * 1_000_000)
