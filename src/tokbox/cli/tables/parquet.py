"""Parquet: row groups in, row groups out, and a column more. Needs pyarrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from tokbox.cli.tables.table import Bad, Place
from tokbox.errors import InvalidInputError
from tokbox.integrations.job import load
from tokbox.tokens.batch import TokenBatch

__all__ = ["ParquetTable", "copy_groups", "open_writer"]


class ParquetTable:
    """A Parquet file, whose columns keep their types and their compression.

    Raises InvalidInputError if it is none; MissingDependencyError without ``pyarrow``.
    """

    def __init__(self, file: BinaryIO, rows_at_once: int) -> None:
        arrow = load("pyarrow", "pyarrow", "arrow")
        parquet = load("pyarrow.parquet", "pyarrow", "arrow")
        try:
            self._file = parquet.ParquetFile(file)
        except (arrow.ArrowInvalid, OSError):
            problem = True
        else:
            problem = False
        if problem:
            rule = "be a Parquet file, from its beginning to its end"
            raise InvalidInputError("source", None, rule, show=False)
        self._rows_at_once = rows_at_once
        self._raw = file
        self.schema: Any = self._file.schema_arrow
        self.names: list[str] = list(self.schema.names)
        self.rows: int | None = self._file.metadata.num_rows

    def pieces(self, start: Place) -> Iterator[ParquetPiece]:
        """Read on from a place where a piece ended, or from the beginning.

        No piece has rows of two row groups, so where pieces end depends on the file alone.
        """
        rows, digest = 0, start.digest
        for group in self._groups():
            first, rows = rows, rows + self._file.metadata.row_group(group).num_rows
            if rows <= start.rows:
                continue
            if digest is not None and first >= start.rows:
                digest = self._hashed(digest, group)
            place = Place(first, 0, digest)
            for batch in self._file.iter_batches(self._rows_at_once, row_groups=[group]):
                # Of the first group, some rows may have been read before.
                rest = batch.slice(min(batch.num_rows, max(0, start.rows - place.rows)))
                place = Place(place.rows + batch.num_rows - rest.num_rows, 0, digest)
                if rest.num_rows:
                    yield ParquetPiece(rest, place)
                place = Place(place.rows + rest.num_rows, 0, digest)

    def digest(self, start: Place) -> Any:
        """Return the SHA-256 of the footer and of the row groups before a place.

        A row group that ends behind the place counts as a whole.
        """
        size = os.fstat(self._raw.fileno()).st_size
        # A file ends with its footer, 4 bytes of its length, little-endian, and 4 of magic.
        length = int.from_bytes(os.pread(self._raw.fileno(), 4, size - 8), "little") + 8
        digest = sha256()
        self._hash(digest, size - length, length)
        rows = 0
        for group in self._groups():
            if rows < start.rows:
                digest = self._hashed(digest, group)
            rows += self._file.metadata.row_group(group).num_rows
        return digest

    def _groups(self) -> list[int]:
        """The row groups that have rows."""
        metadata = self._file.metadata
        every = range(metadata.num_row_groups)
        return [group for group in every if metadata.row_group(group).num_rows]

    def _hashed(self, digest: Any, group: int) -> Any:
        """Return *digest* with the content of a row group."""
        digest = digest.copy()
        row_group = self._file.metadata.row_group(group)
        for i in range(row_group.num_columns):
            column = row_group.column(i)
            begins = (column.dictionary_page_offset, column.data_page_offset)
            # A column without a dictionary has None or 0 there, depending on the writer.
            self._hash(digest, min(filter(None, begins)), column.total_compressed_size)
        return digest

    def _hash(self, digest: Any, offset: int, size: int) -> None:
        # By position, because pyarrow moves the one that the file has.
        end = offset + size
        while offset < end and (
            block := os.pread(self._raw.fileno(), min(end - offset, 1 << 20), offset)
        ):
            digest.update(block)
            offset += len(block)

    def writer_options(self, new: str) -> dict[str, Any]:
        """How to write the columns so that they take no more room than they do here.

        Nothing of a token repeats, and it does not get shorter.
        """
        options: dict[str, Any] = {"compression": {new: "NONE"}}
        metadata = self._file.metadata
        paths = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
        for i, path in enumerate(paths):
            codec = "SNAPPY"
            if metadata.num_row_groups:
                codec = metadata.row_group(0).column(i).compression
            options["compression"][path] = "NONE" if codec == "UNCOMPRESSED" else codec
        return {**options, "use_dictionary": paths, "write_statistics": paths}


class ParquetPiece:
    """Rows of a row group."""

    bad: tuple[Bad, ...] = ()

    def __init__(self, batch: Any, start: Place) -> None:
        self._batch = batch
        self.start: Place = start
        self.end: Place = start._replace(rows=start.rows + batch.num_rows)

    def column(self, name: str) -> Any:
        """The values of a column, as an Arrow array."""
        return self._batch.column(self._batch.schema.names.index(name))

    def signed(self, tokens: TokenBatch[Any], name: str) -> Any:
        """Those rows that have a token, with it as their last column."""
        arrow = load("pyarrow", "pyarrow", "arrow")
        signed = self._batch.append_column(name, arrow.array(tokens))
        without = tokens.failures
        if not without:
            return signed
        return signed.filter(arrow.array([i not in without for i in range(len(tokens))]))


def open_writer(file: Any, table: ParquetTable, new: str) -> Any:
    """Open what writes *table* with a column of tokens named *new* to *file*."""
    arrow = load("pyarrow", "pyarrow", "arrow")
    parquet = load("pyarrow.parquet", "pyarrow", "arrow")
    schema = table.schema.append(arrow.field(new, arrow.large_string()))
    return parquet.ParquetWriter(file, schema, **table.writer_options(new))


def copy_groups(file: BinaryIO, writer: Any) -> None:
    """Write the row groups of a Parquet file, each as it is."""
    parquet = load("pyarrow.parquet", "pyarrow", "arrow")
    part = parquet.ParquetFile(file)
    for group in range(part.num_row_groups):
        writer.write_table(part.read_row_group(group))
