"""The file of row errors: CSV with the rows that have no token, and the reasons."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tokbox.cli.tables.csv import quoted
from tokbox.cli.tables.table import RowError

__all__ = ["header", "lines", "lines_with_rows", "value_text"]


def header(*, with_file: bool, with_rows: bool = False) -> bytes:
    """Return the first line of the file.

    *with_file* adds a column for the path of the input; *with_rows* adds columns for the
    value and for the whole row.
    """
    names = ["row", "field", "value", "reason", "original"]
    if not with_rows:
        names = ["row", "field", "reason"]
    return ",".join(["file"] * with_file + names).encode() + b"\n"


def lines(errors: Iterable[RowError], file: str | None = None) -> bytes:
    """Return lines of CSV. Rows count from 1, without the header.

    *file* is the path of the input, if there is a column for it.
    """
    start = "" if file is None else f"{quoted(file)},"
    text = "".join(
        [
            f"{start}{row},{_field(field)},{_field(reason)}\n"
            for row, field, _, reason in errors
        ]
    )
    return text.encode(errors="backslashreplace")


def lines_with_rows(
    errors: Iterable[RowError], originals: Sequence[bytes], file: str | None = None
) -> bytes:
    """Return lines of CSV with the value of each error and its *original* row."""
    start = "" if file is None else f"{quoted(file)},"
    parts = [
        f"{start}{row},{_field(field)},{_value(value)},{_field(reason)},{_row(original)}\n"
        for (row, field, value, reason), original in zip(errors, originals, strict=True)
    ]
    return "".join(parts).encode(errors="backslashreplace")


@lru_cache(1024)
def _field(text: str) -> str:
    return quoted(text)


def _row(original: bytes) -> str:
    return quoted(original.decode(errors="backslashreplace"))


def _value(value: object) -> str:
    text = value_text(value)
    return quoted(text) if text else ""


def value_text(value: object) -> str:
    """Return a value as text: a string as it is, None as "", other values as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
