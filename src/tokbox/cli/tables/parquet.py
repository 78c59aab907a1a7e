"""Parquet: row groups in, row groups out, and a column more. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from tokbox.cli.tables.table import Bad, Place
from tokbox.errors import InvalidInput
from tokbox.integrations.job import load
from tokbox.tokens.batch import TokenBatch

__all__ = ["ParquetTable", "copy_groups", "open_writer"]


class ParquetTable:
    """A Parquet file, whose columns keep their types and their compression.

    Raises InvalidInput if it is none; MissingDependency without ``pyarrow``.
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
            raise InvalidInput("source", None, rule, show=False)
        self._rows_at_once = rows_at_once
        self.schema: Any = self._file.schema_arrow
        self.names: list[str] = list(self.schema.names)
        self.rows: int | None = self._file.metadata.num_rows

    def pieces(self, start: Place) -> Iterator[ParquetPiece]:
        """Read on from a place where a piece ended, or from the beginning.

        No piece has rows of two row groups, so where pieces end depends on the file alone.
        """
        rows, size = 0, self._rows_at_once
        for group in range(self._file.num_row_groups):
            behind = rows + self._file.metadata.row_group(group).num_rows
            if behind > start.rows:
                batches = self._file.iter_batches(size, row_groups=[group])
                skipped = max(0, start.rows - rows)
                rows += skipped
                for batch in islice(batches, -(-skipped // size), None):
                    yield ParquetPiece(batch, Place(rows))
                    rows += batch.num_rows
            rows = behind

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
        self.end: Place = Place(start.rows + batch.num_rows)

    def column(self, name: str) -> Any:
        """The values of a column, as an Arrow array."""
        return self._batch.column(self._batch.schema.names.index(name))

    def signed(self, tokens: TokenBatch[Any], name: str) -> Any:
        """Those rows that have a token, with it as their last column."""
        arrow = load("pyarrow", "pyarrow", "arrow")
        signed = self._batch.append_column(name, arrow.array(tokens))
        if not tokens.errors:
            return signed
        without = {error.row for error in tokens.errors}
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
