"""Where signed rows go: text that grows, or Parquet, whole or in parts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from tokbox.cli.files import beside
from tokbox.cli.tables.parquet import ParquetTable, copy_groups, open_writer
from tokbox.private_files import open_private
from tokbox.tokens.batch import write_all

__all__ = ["LastingOutput", "Output", "PartsOutput", "TextOutput", "writing_parquet"]


class Output(Protocol):
    """Takes what `Piece.signed` returns, in order."""

    def write(self, signed: Any) -> None:
        """Write rows."""


class LastingOutput(Output, Protocol):
    """An output that can be gone on with by another run."""

    def sync(self) -> int:
        """Have all that was written reach the disk; return what to go on from."""
        ...


class TextOutput:
    """A file to which text is appended. What to go on from is its size."""

    def __init__(self, file: BinaryIO, size: int = 0) -> None:
        self._file = file
        self._size = size

    def write(self, signed: Any) -> None:
        """Write rows."""
        write_all(self._file, signed)
        self._size += len(signed)

    def sync(self) -> int:
        """Have all that was written reach the disk; return the bytes."""
        os.fsync(self._file.fileno())
        return self._size


class _ParquetOutput:
    """A file that nobody can go on with: it can be read only when it is whole."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, signed: Any) -> None:
        if signed.num_rows:
            self._writer.write_batch(signed)


@contextlib.contextmanager
def writing_parquet(file: BinaryIO, table: ParquetTable, new: str) -> Iterator[Output]:
    """Write a Parquet file, a row group for each piece."""
    with open_writer(file, table, new) as writer:
        yield _ParquetOutput(writer)


class PartsOutput:
    """Parquet files beside *target*, a new one after each `sync`. What to go on from is
    their number."""

    def __init__(self, target: str, table: ParquetTable, new: str, parts: int) -> None:
        self._target = target
        self._table = table
        self._new = new
        self._parts = parts
        self._writer: Any = None
        self._file: Any = None

    def _path(self, part: int) -> str:
        return beside(self._target, f"part-{part}")

    def write(self, signed: Any) -> None:
        """Write rows to the last part."""
        if not signed.num_rows:
            return
        if self._writer is None:
            self._file = open(  # noqa: SIM115 - closed by sync()
                self._path(self._parts), "wb", buffering=0, opener=open_private
            )
            self._writer = open_writer(self._file, self._table, self._new)
        self._writer.write_batch(signed)

    def sync(self) -> int:
        """End the last part, and have it reach the disk; return how many there are."""
        if self._writer is not None:
            self._writer.close()
            os.fsync(self._file.fileno())
            self._file.close()
            self._writer = None
            self._parts += 1
        return self._parts

    def merge(self, file: BinaryIO) -> None:
        """Write one Parquet file that has the row groups of all parts."""
        with open_writer(file, self._table, self._new) as writer:
            for part in range(self._parts):
                with open(self._path(part), "rb", opener=open_private) as source:
                    copy_groups(source, writer)

    def remove(self) -> None:
        """Remove all parts."""
        for part in range(self._parts):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(part))
