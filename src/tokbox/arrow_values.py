"""Convert values of less common Arrow types to Python values."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tokbox.times import from_microseconds

__all__ = ["ArrowValue", "decoder", "opaque", "scaled"]

Decoder = Callable[[bytes], object]

#: Nanoseconds per unit of a duration.
_UNITS = {"s": 10**9, "m": 10**6, "u": 10**3, "n": 1}

#: Types that no argument accepts, by the prefix of their format. Timestamps are included
#: only without a time zone.
_OPAQUE = {
    "z": "binary",
    "Z": "binary",
    "vz": "binary",
    "w:": "binary",
    "td": "date",
    "tt": "time",
    "ts": "timestamp",
    "tiM": "interval of months",
    "+vl": "list view",
    "+vL": "list view",
    "+s": "struct",
    "+m": "map",
    "+u": "union",
    # The prefix of private formats, for types that Arrow lacks.
    "_": "private type",
}


class ArrowValue:
    """A value of a type that no argument accepts. Only its type is known."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind: str = kind

    def __repr__(self) -> str:
        return f"<Arrow {self.kind}>"


def opaque(format_: str) -> ArrowValue | None:
    """Return the placeholder for values of such a type; None for other types."""
    for prefix, kind in _OPAQUE.items():
        if format_.startswith(prefix):
            return ArrowValue(kind)
    return None


def scaled(format_: str) -> tuple[int, int] | None:
    """Return the width in bytes and the scale of durations and decimals of 128 bits.

    The scale is the integer that represents one second, or the number 1. None for other
    types.
    """
    if format_.startswith("tD") and format_[2:] in _UNITS:
        return 8, 10**9 // _UNITS[format_[2:]]
    if format_ == "_pli128":
        format_ = "d:38,0"
    found = _DECIMAL.fullmatch(format_) if sys.byteorder == "little" else None
    if found is None or found[2] not in (None, "128") or not 0 <= int(found[1]) <= 18:
        return None
    return 16, 10 ** int(found[1])


def decoder(format_: str, extension: str) -> tuple[int, Decoder] | None:
    """Return the width of a type in bytes, and the function that decodes such a value.

    None for types that are read in another way, and for types that are refused.
    """
    if format_ in ("e", "f", "g"):
        unpack = struct.Struct(f"={format_.translate(_FLOATS)}")
        return unpack.size, lambda raw: unpack.unpack(raw)[0]
    if (found := _DECIMAL.fullmatch(format_)) is not None:
        scale, bits = found.groups("128")
        return int(bits) // 8, lambda raw: Decimal(f"{_integer(raw)}E{-int(scale)}")
    if format_ in ("_pli128", "_plu128"):  # formats of Polars' own
        is_signed = format_ == "_pli128"
        return 16, lambda raw: int.from_bytes(raw, sys.byteorder, signed=is_signed)
    if format_.startswith("tD") and format_[2:] in _UNITS:
        unit = _UNITS[format_[2:]]
        return 8, lambda raw: _duration(_integer(raw) * unit)
    if _ZONED.match(format_):
        unit = _UNITS[format_[2]]
        return 8, lambda raw: _moment(_integer(raw) * unit)
    if format_ == "tiD":
        return 8, _days_and_milliseconds
    if format_ == "tin":
        return 16, _months_days_and_nanoseconds
    if format_ == "w:16" and extension == "arrow.uuid":
        return 16, lambda raw: UUID(bytes=raw)
    return None


#: A timestamp that has a time zone.
_ZONED = re.compile("ts[smun]:.")
#: Format letters of Arrow and the corresponding letters of `struct`.
_FLOATS = str.maketrans("fg", "fd")
#: The precision, the scale, and the bits if they are not 128.
_DECIMAL = re.compile(r"d:[0-9]{1,3},(-?[0-9]{1,3})(?:,(32|64|128|256))?", re.ASCII)


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw, sys.byteorder, signed=True)


def _duration(nanoseconds: int) -> timedelta | ArrowValue:
    """Return the exact timedelta, or a placeholder if no timedelta is equal to it."""
    microseconds, rest = divmod(nanoseconds, 1000)
    try:
        if not rest:
            return timedelta(microseconds=microseconds)
    except OverflowError:
        pass
    return ArrowValue(f"duration of {nanoseconds} ns")


def _moment(nanoseconds: int) -> datetime | ArrowValue:
    """Return the time as a UTC datetime, or a placeholder outside the years 1 to 9999."""
    return from_microseconds(nanoseconds // 1000) or ArrowValue("timestamp")


def _days_and_milliseconds(raw: bytes) -> timedelta:
    days, milliseconds = struct.unpack("=ii", raw)
    return timedelta(days=days, milliseconds=milliseconds)


def _months_days_and_nanoseconds(raw: bytes) -> timedelta | ArrowValue:
    months, days, nanoseconds = struct.unpack("=iiq", raw)
    if months:
        return ArrowValue("interval of months")
    return _duration(days * 86_400 * 10**9 + nanoseconds)
