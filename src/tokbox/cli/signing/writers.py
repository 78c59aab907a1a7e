"""Output files of `tokbox sign`: text, or Parquet."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import BinaryIO

from tokbox.cli.tables import parquet_keys
from tokbox.cli.tables.parquet import ParquetTable
from tokbox.cli.tables.parquet_footer import Footer, Page, read_pages
from tokbox.cli.tables.table import source_error
from tokbox.tokens.batch import write_all

__all__ = ["ParquetWriter", "TextWriter"]


class TextWriter:
    """Appends text to a file, which has *size* bytes from an earlier run."""

    def __init__(self, file: BinaryIO, size: int = 0) -> None:
        self._file = file
        self._size = size

    def write(self, signed: bytes | memoryview) -> None:
        """Write the result of `Chunk.signed`."""
        write_all(self._file, signed)
        self._size += len(signed)

    def sync(self) -> int:
        """Flush the file to the disk; return its size in bytes."""
        os.fsync(self._file.fileno())
        return self._size

    def finish(self) -> None:
        """Write the end of the file, after the last row."""


class ParquetWriter(TextWriter):
    """Writes a Parquet file: the content of *table*, pages of tokens, and a footer.

    *name* is the name of the token column. *copied* is called with the number of bytes of
    the content that are written. Raises InvalidInputError if columns are encrypted.
    """

    def __init__(
        self,
        file: BinaryIO,
        table: ParquetTable,
        name: str,
        size: int = 0,
        copied: Callable[[int], None] = lambda size: None,
    ) -> None:
        super().__init__(file, size)
        self._table = table
        self._name = name
        self._footer = Footer(table.footer())
        if self._footer.is_encrypted:
            rule = "not have encrypted columns: decrypt this Parquet file first"
            raise source_error(rule)
        self._footer.add_column(name, parquet_keys.add_column(self._footer.keys, name))
        self._pages: list[Page] = []
        if size > table.end:
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as content:
                self._pages.extend(read_pages(content, table.end))
        if not size:
            for chunk in table.content():
                super().write(chunk)
                copied(self._size)

    def write(self, signed: bytes | memoryview) -> None:
        """Write pages."""
        self._pages.extend(read_pages(signed))
        super().write(signed)

    def finish(self) -> None:
        """Write the footer."""
        end, read = self._table.end, self._table.read
        super().write(self._footer.add_chunks(self._name, self._pages, end, read))
