"""The rows that got no token, and why: CSV that is written beside the output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from tokbox.cli.tables.table import Bad

__all__ = ["HEADER", "lines"]

HEADER = b"row,field,reason\n"

_SPECIAL = re.compile(r'[",\r\n]')


def lines(bad: Iterable[Bad]) -> bytes:
    """Return lines of CSV. A row counts from 1; the header is none."""
    text = "".join([f"{row}{_reason(field, reason)}" for row, field, reason in bad])
    return text.encode(errors="backslashreplace")


@lru_cache(1024)
def _reason(field: str, reason: str) -> str:
    return f",{_quoted(field)},{_quoted(reason)}\n"


def _quoted(text: str) -> str:
    if _SPECIAL.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
