"""Detect the format of a file, and open it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import click

from tokbox.cli.common.params import claim_stdin
from tokbox.cli.tables.codecs import (
    compression,
    decompressed,
    to_utf8,
    uncompressed_name,
)

__all__ = [
    "FORMATS",
    "check_compression",
    "check_dialect",
    "check_suffix",
    "named_format",
    "open_table",
    "read_table",
]

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


def named_format(path: str) -> str | None:
    """Return the format of the suffix of a file, or None."""
    return _SUFFIXES.get(os.path.splitext(uncompressed_name(path))[1].lower())


def check_compression(path: str, kind: str) -> None:
    """Refuse a suffix of compressed files for Parquet."""
    if kind == "parquet" and compression(path):
        raise click.UsageError(
            f"{path}: Parquet files have their own compression: use the suffix .parquet"
        )


def check_suffix(
    option: str, path: str, written: tuple[str, ...], remedy: str = ""
) -> None:
    """Refuse a path to write whose suffix names a format that is not in *written*.

    The file will hold the first format of *written*. Raises UsageError, whose message
    offers *remedy* as an alternative to another name.
    """
    check_compression(path, written[0])
    named = named_format(path)
    if named is None or named in written:
        return
    suffixes = [suffix for suffix, kind in _SUFFIXES.items() if kind == written[0]]
    suffix = " or ".join(suffixes)
    raise click.UsageError(
        f"{option} {path} has the suffix of {named}, and its content is {written[0]}: use "
        f"the suffix {suffix}{remedy and f', {remedy}'}"
    )


@contextlib.contextmanager
def read_table(
    path: str, kind: str, *, encoding: str | None, **options: Any
) -> Iterator[Any]:
    """Open a file, and return its table: see `open_table` for the *options*.

    *encoding* is that of text; Parquet has its own.
    """
    with _reading(path, kind, None if kind == "parquet" else encoding) as file:
        yield open_table(file, kind, **options)


@contextlib.contextmanager
def _reading(path: str, kind: str, encoding: str | None) -> Iterator[BinaryIO]:
    """Open a file, or standard input for ``-``, and read text in *encoding* as UTF-8.

    A file with the suffix .gz or .zst is decompressed. Parquet is read from its end, so
    standard input is copied to the disk for it.
    """
    if path != "-":
        with open(path, "rb", buffering=0) as file:
            yield to_utf8(decompressed(file, path), encoding)
        return
    claim_stdin("the table")
    if kind != "parquet":
        yield to_utf8(sys.stdin.buffer, encoding)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
        copy.seek(0)
        yield copy


def check_dialect(
    kinds: Collection[str], delimiter: str | None, encoding: str | None
) -> None:
    """Refuse options that apply to none of the formats that are read."""
    if delimiter is not None and "csv" not in kinds:
        raise click.UsageError("--delimiter is only for CSV")
    if encoding is not None and {*kinds} == {"parquet"}:
        raise click.UsageError("--encoding is only for CSV, NDJSON and text")


def open_table(
    file: BinaryIO,
    kind: str,
    *,
    application: bool,
    columns: Collection[str] = (),
    new: str = "",
    delimiter: str | None = None,
) -> Any:
    """Open a table and read its header.

    *columns* are the columns to read; the table must not have a column *new*. *application*
    selects smaller chunks, because RSA signatures take longer.
    """
    size, rows = (_RSA_BYTES, _RSA_ROWS) if application else (_BYTES, _ROWS)
    if kind == "csv":
        from tokbox.cli.tables.csv import CSVTable

        return CSVTable(file, size, delimiter or ",")
    if kind == "parquet":
        from tokbox.cli.tables.parquet import ParquetTable

        return ParquetTable(file, rows, columns)
    if kind == "ndjson":
        from tokbox.cli.tables.ndjson import JSONTable

        return JSONTable(file, size, columns, new)
    from tokbox.cli.tables.text import TextTable

    return TextTable(file, size)
