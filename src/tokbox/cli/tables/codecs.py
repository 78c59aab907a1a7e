"""Compressed files, and text in other encodings than UTF-8.

The suffix of a file, .gz or .zst, names its compression. Text is read as UTF-8.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from tokbox.cli.common.atomic_files import open_atomic
from tokbox.cli.tables.table import source_error
from tokbox.integrations.job import load

__all__ = [
    "compressed",
    "compression",
    "decompressed",
    "open_output",
    "to_utf8",
    "uncompressed_name",
]

#: The level of the command gzip. Python's default, 9, takes several times as long.
_GZIP_LEVEL = 6


def compression(path: str) -> str:
    """Return the compression suffix of a file: ".gz", ".zst" or ""."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix if suffix in (".gz", ".zst") else ""


def uncompressed_name(path: str) -> str:
    """Return *path* without the suffix of its compression."""
    return path[: len(path) - len(compression(path))]


def _zstd() -> Any:
    module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    return load(module, "backports.zstd", "cli")


@contextlib.contextmanager
def compressed(file: BinaryIO, path: str) -> Iterator[BinaryIO]:
    """Yield a file that writes to *file*, compressed by the suffix of *path*."""
    suffix = compression(path)
    if suffix == ".gz":
        # Without a name and a time in its header, equal rows give equal files.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, 0) as target:
            yield cast("BinaryIO", target)
    elif suffix == ".zst":
        with _zstd().ZstdFile(file, "wb") as target:
            yield target
    else:
        yield file


@contextlib.contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Open a file that appears as *path* when it is complete; for ``-`` standard output.

    The file is compressed if *path* ends in .gz or .zst.
    """
    if path == "-":
        yield sys.stdout.buffer
        return
    with open_atomic(path) as file, compressed(file, path) as target:
        yield target


def decompressed(file: BinaryIO, path: str) -> Any:
    """Return a file that reads *file*, decompressed by the suffix of *path*."""
    suffix = compression(path)
    if suffix == ".gz":
        unpacked: Any = gzip.GzipFile("", "rb", fileobj=file)
        return _Decompressed(unpacked, (EOFError, zlib.error, gzip.BadGzipFile))
    if suffix == ".zst":
        zstd = _zstd()
        return _Decompressed(zstd.ZstdFile(file), (EOFError, zstd.ZstdError))
    return file


class _Decompressed:
    """Reads a compressed file, and names it in the errors of its library."""

    def __init__(self, file: Any, errors: tuple[type[Exception], ...]) -> None:
        self._file = file
        self._errors = errors

    def read(self, size: int) -> bytes:
        """Read at most *size* bytes. InvalidInputError if the file is not complete."""
        try:
            return cast("bytes", self._file.read(size))
        except self._errors as error:
            rule = f"be a complete compressed file, like its suffix: {error}"
        raise source_error(rule)


def to_utf8(file: BinaryIO, encoding: str | None) -> Any:
    """Return a file that reads *file*, text in *encoding*, as UTF-8."""
    if encoding is None:
        return file
    return _Converted(file, encoding)


class _Converted:
    """Reads text as UTF-8."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._offset = 0
        self._text = b""

    def read(self, size: int) -> bytes:
        """Read at most *size* bytes. InvalidInputError for text of another encoding."""
        last = False
        while not self._text and not last:
            block = self._file.read(size)
            last = not block
            try:
                self._text = self._decoder.decode(block, last).encode()
            except UnicodeError:
                rule = (
                    f"be text in {self._encoding}: there is an error after about "
                    f"{self._offset:,} bytes"
                )
                raise source_error(rule) from None
            self._offset += len(block)
        text, self._text = self._text[:size], self._text[size:]
        return text
