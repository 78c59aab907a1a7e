"""The rows that got no token, and why: CSV that is written beside the output."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from tokbox.cli.tables.table import Bad

__all__ = ["HEADER", "lines"]

HEADER = b"row,field,reason\n"


def lines(bad: Iterable[Bad]) -> bytes:
    """Return lines of CSV. A row counts from 1; the header is none."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(bad)
    return text.getvalue().encode(errors="backslashreplace")
