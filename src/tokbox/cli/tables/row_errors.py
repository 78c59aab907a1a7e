"""The rows that have no token, and why: CSV that is written beside the output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from tokbox.cli.tables.table import Bad

__all__ = ["header", "lines"]

_SPECIAL = re.compile(r'[",\r\n]')


def header(*, with_file: bool) -> bytes:
    """Return the first line; *with_file* adds a column for the path of the file."""
    return b"file,row,field,reason\n" if with_file else b"row,field,reason\n"


def lines(bad: Iterable[Bad], file: str | None = None) -> bytes:
    """Return lines of CSV. A row counts from 1; the header is none.

    *file* is the path of the file that has the rows, if there is a column for it.
    """
    start = "" if file is None else f"{_quoted(file)},"
    text = "".join([f"{start}{row}{_reason(field, reason)}" for row, field, reason in bad])
    return text.encode(errors="backslashreplace")


@lru_cache(1024)
def _reason(field: str, reason: str) -> str:
    return f",{_quoted(field)},{_quoted(reason)}\n"


def _quoted(text: str) -> str:
    if _SPECIAL.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
