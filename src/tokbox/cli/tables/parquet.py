"""Read and sign Parquet files. Needs pyarrow.

Only the columns of the claims are decoded. The content of the file is copied byte for byte,
so all columns keep their types, encodings, statistics, indexes and filters.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from tokbox.cli.tables.table import Position, RowError, full, source_error, text_digest
from tokbox.integrations.job import load
from tokbox.tokens.batch import TokenBatch

__all__ = ["ParquetTable"]

#: The estimated size of a chunk and its tokens in bytes, and the size of a token without
#: the values of its row.
_BYTES, _TOKEN = 1 << 23, 512
#: The size of a read in bytes.
_READ = 1 << 20
#: The number of rejected rows that are decoded at once, with all columns.
_ROWS_AT_ONCE = 1024


class ParquetTable:
    """A Parquet file. Only *columns* are decoded.

    Raises InvalidInputError if the file is not valid or is encrypted,
    MissingDependencyError without ``pyarrow``.
    """

    def __init__(self, file: BinaryIO, rows_at_once: int, columns: Collection[str]) -> None:
        arrow = load("pyarrow", "pyarrow", "arrow")
        parquet = load("pyarrow.parquet", "pyarrow", "arrow")
        self._raw = file
        size = file.seek(0, os.SEEK_END)
        if self.read(max(0, size - 4), 4) == b"PARE":
            raise source_error("not be encrypted: decrypt this Parquet file first")
        try:
            # INT96 timestamps have a larger range than timestamps in nanoseconds.
            self._file = parquet.ParquetFile(
                file,
                pre_buffer=False,
                buffer_size=_READ,
                coerce_int96_timestamp_unit="us",
            )
        except (arrow.ArrowInvalid, OSError):
            problem = True
        else:
            problem = False
        if problem:
            raise source_error("be a complete Parquet file")
        self._rows_at_once = rows_at_once
        self._columns = list(columns)
        schema = self._file.schema
        leaves = [schema.column(i).path for i in range(len(schema))]
        self._leaves = [i for i, path in enumerate(leaves) if self._is_read(path)]
        #: The types of the columns.
        self.schema: Any = self._file.schema_arrow.remove_metadata()
        self._reader: _RowReader | None = None
        found = self.schema
        #: Paths to columns and to members of structs, by name.
        self._paths: dict[str, tuple[str, ...]] = {}
        for path in sorted(_paths(found, arrow.types.is_struct), key=len):
            self._paths.setdefault(".".join(path), path)
        members = [name for name, path in self._paths.items() if len(path) > 1]
        #: Names of columns, and ``column.member`` for members of structs.
        self.names: list[str] = [*found.names, *members]
        metadata = self._file.metadata
        self.rows: int | None = metadata.num_rows
        groups = range(min(1, metadata.num_row_groups))
        if any(metadata.row_group(i).column(0).file_path for i in groups if leaves):
            raise source_error("have rows: this Parquet file is an index of other files")
        # A file ends with its footer, 4 bytes of its length, little-endian, and 4 of magic.
        length = int.from_bytes(self.read(size - 8, 4), "little")
        #: The offset of the footer.
        self.end: int = size - 8 - length
        self._size = size

    def has(self, name: str) -> bool:
        """Return True if there is a column *name*."""
        return name in self.names

    def footer(self) -> bytes:
        """Return the footer."""
        return self.read(self.end, self._size - 8 - self.end)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes of the file."""
        self._raw.seek(offset)
        return full(self._raw, size)

    def content(self) -> Iterator[bytes]:
        """Read the file up to the footer, in blocks."""
        for offset in range(0, self.end, _READ):
            yield self.read(offset, min(_READ, self.end - offset))

    def chunks(self, start: Position) -> Iterator[ParquetChunk]:
        """Read on from a position where a chunk ended, or from the beginning.

        No chunk has rows of two row groups, so where chunks end depends on the file alone.
        """
        metadata, position = self._file.metadata, Position(digest=start.digest)
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            if position.rows + rows <= start.rows:
                position = position.after(rows)
                continue
            for batch in self._decoded(group):
                # An earlier run may have signed the first rows of the first group.
                known = min(batch.num_rows, max(0, start.rows - position.rows))
                position = position.after(known)
                if known < batch.num_rows:
                    yield ParquetChunk(self, batch.slice(known), position, self._paths)
                position = position.after(batch.num_rows - known)

    def _decoded(self, group: int) -> Iterator[Any]:
        with _decoding(self._columns):
            yield from self._file.iter_batches(
                self._rows_of(group), row_groups=[group], columns=self._columns
            )

    def take(self, rows: Sequence[int]) -> Any:
        """Return *rows*, which count from 0, with all columns, as an Arrow table.

        Each call must ask for rows after those of the call before.
        """
        if self._reader is None:
            # Mapped into memory, because another thread reads from the open file.
            content = mmap.mmap(self._raw.fileno(), 0, access=mmap.ACCESS_READ)
            self._reader = _RowReader(content)
        return self._reader.take(rows)

    def _rows_of(self, group: int) -> int:
        """Return the number of rows of a chunk of this row group."""
        found = self._file.metadata.row_group(group)
        size: int = sum(found.column(i).total_uncompressed_size for i in self._leaves)
        row: int = 2 * (size // max(1, found.num_rows)) + _TOKEN
        return max(1, min(self._rows_at_once, _BYTES // row))

    def _is_read(self, path: str) -> bool:
        """Return True if a leaf column belongs to one of the columns of the claims."""
        return any(path == each or path.startswith(f"{each}.") for each in self._columns)

    def digest(self, start: Position) -> Any:
        """Return the SHA-256 of the file: all of it is copied before a row is signed."""
        return text_digest(self._raw, self._size)


@contextlib.contextmanager
def _decoding(columns: Iterable[str]) -> Iterator[None]:
    """Convert errors of Arrow to InvalidInputError, which names the *columns*."""
    arrow = load("pyarrow", "pyarrow", "arrow")
    try:
        yield
    except (arrow.ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # an error of the system
        problem = str(error).partition("\n")[0]
    else:
        return
    names = ", ".join(columns)
    raise source_error(f"have columns that can be decoded: {names}: {problem}")


class _RowReader:
    """Reads single rows of a Parquet file, in ascending order."""

    def __init__(self, content: Any) -> None:
        arrow = load("pyarrow", "pyarrow", "arrow")
        parquet = load("pyarrow.parquet", "pyarrow", "arrow")
        self._file = parquet.ParquetFile(
            arrow.BufferReader(content), coerce_int96_timestamp_unit="us"
        )
        self._group = -1
        #: The row after the current row group.
        self._end = 0
        self._batches: Iterator[Any] = iter(())
        self._batch: Any = None
        #: The first row of the current batch, and the row after it.
        self._first = self._next = 0

    def take(self, rows: Sequence[int]) -> Any:
        """Return *rows* as an Arrow table."""
        arrow = load("pyarrow", "pyarrow", "arrow")
        found = []
        with _decoding(self._file.schema_arrow.names):
            for row in rows:
                self._go_to(row)
                found.append(self._batch.slice(row - self._first, 1))
        return arrow.Table.from_batches(found).replace_schema_metadata(None)

    def _go_to(self, row: int) -> None:
        """Read the batch of a row, and skip row groups before it."""
        while row >= self._end:
            self._group += 1
            self._next = self._end
            self._end += self._file.metadata.row_group(self._group).num_rows
            self._batches = self._file.iter_batches(_ROWS_AT_ONCE, [self._group])
        while row >= self._next:
            self._batch = next(self._batches)
            self._first, self._next = self._next, self._next + self._batch.num_rows


class ParquetChunk:
    """Rows of a row group."""

    row_errors: tuple[RowError, ...] = ()

    def __init__(
        self,
        table: ParquetTable,
        batch: Any,
        start: Position,
        paths: dict[str, tuple[str, ...]],
    ) -> None:
        self._table = table
        self._batch = batch
        self._paths = paths
        self.start: Position = start
        self.end: Position = start.after(batch.num_rows)

    def column(self, name: str) -> Any:
        """Return the values of a column or of a member, as an Arrow table with one column.

        An array of structs alone would be read as a table.
        """
        arrow = load("pyarrow", "pyarrow", "arrow")
        column, *members = self._paths[name]
        values = self._batch.column(self._batch.schema.names.index(column))
        if members:
            values = load("pyarrow.compute", "pyarrow", "arrow").struct_field(
                values, members
            )
        return arrow.record_batch([values], [name])

    def rows(self, rows: Sequence[int]) -> Any:
        """Return rows by their indices, with all columns, as an Arrow table."""
        return self._table.take([self.start.rows + row for row in rows])

    def originals(self, rows: Sequence[int]) -> list[bytes]:
        """Return rows as JSON, with all columns."""
        table = self.rows(rows)
        values = [_values(column) for column in table.columns]
        return [
            json.dumps(
                dict(zip(table.column_names, row, strict=True)),
                default=str,
                ensure_ascii=False,
            ).encode(errors="backslashreplace")
            for row in zip(*values, strict=True)
        ]

    def signed(self, tokens: TokenBatch[Any], name: str) -> memoryview:
        """Return the tokens as data pages. A row without a token has a null.

        Tokens are not compressed, because their nonces and signatures are random.
        """
        arrow = load("pyarrow", "pyarrow", "arrow")
        parquet = load("pyarrow.parquet", "pyarrow", "arrow")
        written = arrow.BufferOutputStream()
        found: list[Any] = []
        parquet.write_table(
            arrow.table({name: arrow.array(tokens)}),
            written,
            data_page_version="1.0",
            compression="NONE",
            use_dictionary=False,
            write_statistics=False,
            store_schema=False,
            metadata_collector=found,
        )
        column = found[0].row_group(0).column(0)
        start = column.data_page_offset
        content = memoryview(written.getvalue()).cast("B")
        return content[start : start + column.total_compressed_size]


def _values(column: Any) -> list[Any]:
    """Return the values of a column; as text those that Python has no type for."""
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # a time before the year 1, or after 9999
        return list(column.cast("string").to_pylist())


def _paths(fields: Any, is_struct: Any, above: tuple[str, ...] = ()) -> Iterator[Any]:
    """Return the path to each of *fields* and to each of their members."""
    for field in fields:
        path = (*above, field.name)
        yield path
        if is_struct(field.type):
            yield from _paths(field.type, is_struct, path)
