"""The file of row errors: CSV of the rows that have no token, and why."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from tokbox.cli.tables.csv import quoted
from tokbox.cli.tables.table import RowError

__all__ = ["header", "lines"]


def header(*, with_file: bool) -> bytes:
    """Return the first line; *with_file* adds a column for the path of the file."""
    return b"file,row,field,reason\n" if with_file else b"row,field,reason\n"


def lines(errors: Iterable[RowError], file: str | None = None) -> bytes:
    """Return lines of CSV. A row counts from 1; the header is none.

    *file* is the path of the file that has the rows, if there is a column for it.
    """
    start = "" if file is None else f"{quoted(file)},"
    text = "".join(
        [f"{start}{row}{_reason(field, reason)}" for row, field, reason in errors]
    )
    return text.encode(errors="backslashreplace")


@lru_cache(1024)
def _reason(field: str, reason: str) -> str:
    return f",{quoted(field)},{quoted(reason)}\n"
