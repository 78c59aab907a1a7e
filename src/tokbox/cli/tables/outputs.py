"""Where signed rows go: text that grows, or a Parquet file with a column more."""

from __future__ import annotations

import mmap
import os
from typing import BinaryIO

from tokbox.cli.tables import footer_keys
from tokbox.cli.tables.footer import Footer, Page, read_pages
from tokbox.cli.tables.parquet import ParquetTable
from tokbox.errors import InvalidInputError
from tokbox.tokens.batch import write_all

__all__ = ["ParquetOutput", "TextOutput"]


class TextOutput:
    """A file to which text is appended. An earlier run left its first *size* bytes."""

    def __init__(self, file: BinaryIO, size: int = 0) -> None:
        self._file = file
        self._size = size

    def write(self, signed: bytes | memoryview) -> None:
        """Write what `Piece.signed` returned; pieces come in order."""
        write_all(self._file, signed)
        self._size += len(signed)

    def sync(self) -> int:
        """Have all that was written reach the disk; return the bytes."""
        os.fsync(self._file.fileno())
        return self._size

    def finish(self) -> None:
        """Write what follows the last row."""


class ParquetOutput(TextOutput):
    """A Parquet file: the content of *table*, pages of tokens, and a footer.

    *name* is the column of tokens. Raises InvalidInputError if the footer cannot be
    changed.
    """

    def __init__(
        self, file: BinaryIO, table: ParquetTable, name: str, size: int = 0
    ) -> None:
        super().__init__(file, size)
        self._table = table
        self._name = name
        self._footer = Footer(table.footer())
        if self._footer.is_encrypted:
            rule = "be decrypted first: columns of this Parquet file are encrypted"
            raise InvalidInputError("source", None, rule, show=False)
        self._footer.add_column(name, footer_keys.add_column(self._footer.keys, name))
        self._pages: list[Page] = []
        if size > table.end:
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as content:
                self._pages.extend(read_pages(content, table.end))
        if not size:
            for piece in table.content():
                super().write(piece)

    def write(self, signed: bytes | memoryview) -> None:
        """Write pages."""
        self._pages.extend(read_pages(signed))
        super().write(signed)

    def finish(self) -> None:
        """Write the footer."""
        end, read = self._table.end, self._table.read
        super().write(self._footer.add_chunks(self._name, self._pages, end, read))
