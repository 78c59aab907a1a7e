"""Which format a file has, and how it is opened."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import click

from tokbox.cli.options import claim_stdin

__all__ = ["FORMATS", "check_suffix", "format_of", "open_table", "reading"]

FORMATS = ("csv", "ndjson", "parquet")
_SUFFIXES = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".txt": "text",
}

#: Bytes of text, and rows of Parquet, that are signed at once: some hundredths of a second
#: of HMAC, and a second of RSA.
_BYTES, _ROWS = 1 << 19, 1 << 14
_RSA_BYTES, _RSA_ROWS = 1 << 18, 1 << 12


def format_of(path: str, chosen: str | None, known: tuple[str, ...] = FORMATS) -> str:
    """Return the format that was chosen, or else the one that the name of a file says."""
    if chosen is not None:
        return chosen
    suffix = os.path.splitext(path)[1].lower()
    if _SUFFIXES.get(suffix) not in known:
        what = "standard input" if path == "-" else path
        raise click.UsageError(f"say with --format what {what} is: {', '.join(known)}")
    return _SUFFIXES[suffix]


def check_suffix(
    option: str, path: str, written: tuple[str, ...], remedy: str = ""
) -> None:
    """Refuse a path to write whose suffix names a format that is not in *written*.

    The file will hold the first format of *written*. Raises UsageError, whose message
    offers *remedy* as an alternative to another name.
    """
    named = _SUFFIXES.get(os.path.splitext(path)[1].lower())
    if named is None or named in written:
        return
    suffixes = [suffix for suffix, kind in _SUFFIXES.items() if kind == written[0]]
    help_ = f"name a {' or '.join(suffixes)} file{remedy and f', {remedy}'}"
    raise click.UsageError(
        f"{option} {path} will hold {written[0]}, and its name says {named}: {help_}"
    )


@contextlib.contextmanager
def reading(path: str, kind: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for ``-``.

    What has to be read from its end, as Parquet, is first copied from there to the disk.
    """
    if path != "-":
        with open(path, "rb", buffering=0) as file:
            yield file
        return
    claim_stdin("the table")
    if kind != "parquet":
        yield sys.stdin.buffer
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
        copy.seek(0)
        yield copy


def open_table(
    file: BinaryIO,
    kind: str,
    *,
    application: bool,
    columns: Collection[str] = (),
    new: str = "",
) -> Any:
    """Read the head of a table.

    *columns* are those that will be read, and *new* is the one that it must not have yet.
    *application* says that RSA is at work, which takes its time for each row.
    """
    size, rows = (_RSA_BYTES, _RSA_ROWS) if application else (_BYTES, _ROWS)
    if kind == "csv":
        from tokbox.cli.tables.csv import CSVTable

        return CSVTable(file, size)
    if kind == "parquet":
        from tokbox.cli.tables.parquet import ParquetTable

        return ParquetTable(file, rows, columns)
    from tokbox.cli.tables.lines import JSONTable, TextTable

    if kind == "ndjson":
        return JSONTable(file, size, columns, new)
    return TextTable(file, size)
