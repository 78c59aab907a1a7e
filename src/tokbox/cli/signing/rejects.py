"""Files of rejected rows: a report in CSV, or the rows in the format of the input.

A report has the columns row, field, value, reason and original, which is the whole row as
text. Files in the format of the input have all columns of the row, and before them the
error: columns ``rejected.row`` and so on in CSV, and an object or a struct ``rejected`` in
NDJSON and Parquet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, BinaryIO

from tokbox.cli.signing.writers import TextWriter
from tokbox.cli.tables import row_errors
from tokbox.cli.tables.csv import quoted
from tokbox.cli.tables.row_errors import value_text
from tokbox.cli.tables.table import RowError, source_error
from tokbox.integrations.job import load
from tokbox.tokens.strict_json import read_object

__all__ = ["RejectsWriter", "check_columns", "rejects_writer"]

#: The name of the object, and the prefix of the columns, that have the error.
COLUMN = "rejected"
_NAMES = ("row", "field", "value", "reason")
_REMEDY = "or use --rejects-format report"


def error_columns(kind: str, *, with_file: bool) -> list[str]:
    """Return the columns that a file of rejected rows of this format has in addition."""
    if kind != "csv":
        return [COLUMN]
    return [f"{COLUMN}.{name}" for name in (*["file"] * with_file, *_NAMES)]


def check_columns(
    table: Any, kind: str | None, seen: list[object], *, with_file: bool
) -> None:
    """Check that rejected rows of *table* can be written in the format *kind*.

    *seen* has the columns of the tables before. Raises InvalidInputError for other columns,
    and for columns with the names of `error_columns`.
    """
    if kind is None or table.names is None:
        return
    for name in error_columns(kind, with_file=with_file):
        if name in table.names:
            raise source_error(f"not have a column {name!r}: remove it, {_REMEDY}")
    columns = table.schema if kind == "parquet" else table.names
    seen.append(columns)
    if columns != seen[0]:
        raise source_error(f"have the columns of the first file: change it, {_REMEDY}")


class RejectsWriter(TextWriter):
    """Writes a report of rejected rows; *with_file* adds the path of the input."""

    def __init__(self, file: BinaryIO, size: int = 0, *, with_file: bool = False) -> None:
        super().__init__(file, size)
        self._with_file = with_file

    @staticmethod
    def read(chunk: Any, rows: Sequence[int]) -> Any:
        """Return the *rows* of a chunk, by index, in the form that `add` accepts."""
        return chunk.originals(rows)

    def begin(self, table: Any) -> None:
        """Write the header, if this is the first table."""
        if not self._size:
            self.write(row_errors.header(with_file=self._with_file, with_rows=True))

    def add(self, errors: Sequence[RowError], originals: Any, file: str | None) -> None:
        """Write the errors of some rows, with the rows themselves."""
        self.write(row_errors.lines_with_rows(errors, originals, file))

    def close(self) -> None:
        """Write what a format has after its last row."""


class _CSVRejects(RejectsWriter):
    _delimiter = ","

    def begin(self, table: Any) -> None:
        self._delimiter = table.delimiter
        if not self._size:
            names = error_columns("csv", with_file=self._with_file)
            line = table.original_header().rstrip(b"\r\n")
            self.write(self._delimiter.join([*names, ""]).encode() + line + b"\n")

    def add(self, errors: Sequence[RowError], originals: Any, file: str | None) -> None:
        parts = []
        for (row, field, value, reason), original in zip(errors, originals, strict=True):
            texts = [field, value_text(value), reason]
            if file is not None:
                texts.insert(0, file)
            fields = [quoted(text, self._delimiter) if text else "" for text in texts]
            fields.insert(len(fields) - 3, str(row))
            before = self._delimiter.join([*fields, ""])
            parts.append(before.encode(errors="backslashreplace") + original + b"\n")
        self.write(b"".join(parts))


class _JSONRejects(RejectsWriter):
    def begin(self, table: Any) -> None:
        """NDJSON has no header."""

    def add(self, errors: Sequence[RowError], originals: Any, file: str | None) -> None:
        lines = [
            _with_error(_as_object(error, file), original)
            for error, original in zip(errors, originals, strict=True)
        ]
        self.write(b"".join(lines))


def _with_error(error: dict[str, Any], line: bytes) -> bytes:
    """Return a line of NDJSON with *error* as its first member.

    A line that is not a JSON object becomes the member ``line`` of the error.
    """
    try:
        members = dict(read_object(line))
    except ValueError:
        error["line"] = line.decode(errors="backslashreplace")
        return json.dumps({COLUMN: error}).encode() + b"\n"
    if not members or COLUMN in members:
        members.pop(COLUMN, None)
        return json.dumps({COLUMN: error, **members}).encode() + b"\n"
    rest = line.lstrip(b" \t\r").removeprefix(b"{")
    return b'{"%b":%b,%b\n' % (
        COLUMN.encode(),
        json.dumps(error, default=str).encode(),
        rest,
    )


def _as_object(error: RowError, file: str | None) -> dict[str, Any]:
    members: dict[str, Any] = dict(zip(_NAMES, error, strict=True))
    return members if file is None else {"file": file, **members}


class _ParquetRejects(RejectsWriter):
    _writer: Any = None

    @staticmethod
    def read(chunk: Any, rows: Sequence[int]) -> Any:
        return chunk.rows(rows)

    def begin(self, table: Any) -> None:
        if self._writer is None:
            arrow = load("pyarrow", "pyarrow", "arrow")
            parquet = load("pyarrow.parquet", "pyarrow", "arrow")
            text = arrow.string()
            fields = [("row", arrow.int64()), *((name, text) for name in _NAMES[1:])]
            if self._with_file:
                fields.insert(0, ("file", text))
            self._error = arrow.struct(fields)
            added = arrow.field(COLUMN, self._error)
            self._schema = table.schema.insert(0, added)
            self._writer = parquet.ParquetWriter(self._file, self._schema)

    def add(self, errors: Sequence[RowError], originals: Any, file: str | None) -> None:
        arrow = load("pyarrow", "pyarrow", "arrow")
        found = [
            {
                name: _encodable(value) if name != "row" else value
                for name, value in _as_object(error, file).items()
            }
            for error in errors
        ]
        column = arrow.array(found, self._error)
        table = originals.add_column(0, arrow.field(COLUMN, self._error), column)
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _encodable(value: object) -> str:
    return value_text(value).encode(errors="backslashreplace").decode()


_WRITERS: dict[str, type[RejectsWriter]] = {
    "csv": _CSVRejects,
    "ndjson": _JSONRejects,
    "parquet": _ParquetRejects,
}


def rejects_writer(kind: str | None) -> type[RejectsWriter]:
    """Return the writer for rejected rows of a format; None is that of the report."""
    return RejectsWriter if kind is None else _WRITERS[kind]
