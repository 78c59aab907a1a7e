"""CSV tables: rows are copied byte for byte, with one field added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from tokbox._csv import Records
from tokbox._memory import MemoryPool, StringColumn
from tokbox.cli.tables.table import (
    BOM,
    MAX_ROW_BYTES,
    Position,
    RowError,
    blocks,
    source_error,
    text_digest,
    too_long,
)
from tokbox.tokens.batch import TokenBatch

__all__ = ["CSVTable", "quoted"]


class CSVTable:
    """A CSV file (RFC 4180) in UTF-8 whose first record has the names of the columns.

    Fields are separated by *delimiter*, one ASCII character. Empty lines are no rows.
    Raises InvalidInputError if there is no header.
    """

    rows = None

    def __init__(self, file: BinaryIO, size: int, delimiter: str = ",") -> None:
        self._file = file
        self._blocks = blocks(file, size)
        self._size = size
        self.delimiter: str = delimiter
        self._first, self._last = next(self._blocks)
        self._mark = len(BOM) if self._first.startswith(BOM) else 0
        if self._first.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise source_error("be UTF-8: use --encoding utf-16 for this file")
        self._read_header()
        self._pool = MemoryPool()

    def _read_header(self) -> None:
        text = self._first[self._mark :]
        header = self._records(text, 0, final=self._last, most=1)
        if not header.n:
            raise source_error("begin with a header that has the names of the columns")
        ((_, fields),) = header.miscounted() or ((0, 0),)
        if not fields:
            line = header.line_ends(header.open_quote()) + 1
            raise source_error(
                "begin with a header that has the names of the columns: the quote that "
                f"opens in line {line:,} is not closed"
            )
        found = (header.texts(column)[0] for column in range(fields))
        self.names: list[str] = [str(name) for name in found]
        self.end: int = self._mark + header.end
        self._lines: int = header.line_ends(header.end)

    def _records(self, text: bytes, fields: int, *, final: bool, most: int = -1) -> Records:
        return Records(text, fields, final=final, most=most, delimiter=self.delimiter)

    def header(self, name: str) -> bytes:
        """Return the header, with the additional column *name*."""
        line = self._first[: self.end]
        text = line.rstrip(b"\r\n")
        name = quoted(name, self.delimiter)
        return text + f"{self.delimiter}{name}".encode() + (line[len(text) :] or b"\n")

    def original_header(self) -> bytes:
        """Return the header as it is in the file, without a byte order mark."""
        return self._first[self._mark : self.end]

    def has(self, name: str) -> bool:
        """Return True if there is a column *name*."""
        return name in self.names

    def chunks(self, start: Position) -> Iterator[CSVChunk]:
        """Read on from a position where a chunk ended, or from the beginning."""
        rest, last = self._first[self.end :], self._last
        position, line = start.after(0, self._first[: self.end]), self._lines + 1
        if start.offset:
            line = self._line_ends(start.offset) + 1
            self._blocks = blocks(self._file, self._size)
            (rest, last), position = next(self._blocks), start
        while True:
            records = self._records(rest, len(self.names), final=last)
            if records.n:
                end = position.after(records.n, memoryview(rest)[: records.end])
                yield CSVChunk(self, rest, records, last, position, end, line, self._pool)
                position = end
                line += records.line_ends(records.end)
            if last:
                return
            rest = rest[records.end :]
            if len(rest) > MAX_ROW_BYTES:
                raise too_long(position.rows + 1, self._unclosed(rest, line))
            block, last = next(self._blocks)
            rest += block

    def _line_ends(self, offset: int) -> int:
        """Return how many lines end before an offset, and go to that offset."""
        self._file.seek(0)
        count = 0
        while offset > 0 and (text := self._file.read(min(offset, self._size))):
            # The second half of a CR LF is read together with the first one.
            if text.endswith(b"\r") and len(text) < offset:
                text += self._file.read(1)
            count += self._records(text, 0, final=True, most=0).line_ends(len(text))
            offset -= len(text)
        return count

    def _unclosed(self, text: bytes, line: int) -> str:
        """Name the line of the quote that *text* does not close; "" if it has none.

        *line* is the number of the first line of *text*.
        """
        record = self._records(text, len(self.names), final=True, most=1)
        if (quote := record.open_quote()) < 0:
            return ""
        line += record.line_ends(quote)
        return f": the quote that opens in line {line:,} is not closed"

    def digest(self, start: Position) -> Any:
        """Return the SHA-256 of the bytes before a position."""
        return text_digest(self._file, start.offset)


class CSVChunk:
    """The records of a block, and their positions in the file."""

    def __init__(
        self,
        table: CSVTable,
        text: bytes,
        records: Records,
        is_last: bool,
        start: Position,
        end: Position,
        line: int,
        pool: MemoryPool,
    ) -> None:
        self._text = text
        self._records = records
        self._is_last = is_last
        self._names = table.names
        self._delimiter = table.delimiter
        self._pool = pool
        self._is_utf8 = text.isascii() or _is_utf8(memoryview(text)[: records.end])
        self.start: Position = start
        self.end: Position = end
        self.row_errors: list[RowError] = [
            (start.rows + row + 1, "row", None, self._miscounted(fields, line))
            for row, fields in records.miscounted()
        ]

    def _miscounted(self, fields: int, line: int) -> str:
        if not fields:
            line += self._records.line_ends(self._records.open_quote())
            return f"must close the quote that opens in line {line:,} of the file"
        return f"must have {len(self._names)} fields, like the header, not {fields}"

    def column(self, name: str) -> StringColumn:
        """Return the values of a column. Values that are not UTF-8 are row errors."""
        texts = self._records.texts(self._names.index(name))
        if not self._is_utf8:
            reason = (
                f"must be UTF-8, and its column {name!r} is not: use --encoding if the "
                "file has another one, such as latin-1"
            )
            self.row_errors += [
                (self.start.rows + row + 1, "row", None, reason)
                for row, text in enumerate(texts)
                if text is not None and not _is_utf8(text.encode(errors="surrogateescape"))
            ]
        return texts

    def originals(self, rows: Sequence[int]) -> list[bytes]:
        """Return the records of *rows* as they are in the file, without line breaks."""
        found: list[bytes] = []
        wanted = {*rows}
        position = row = 0
        while len(found) < len(wanted):
            end = self._end_of_record(position)
            if row in wanted:
                found.append(self._text[position:end].strip(b"\r\n"))
            position, row = end, row + 1
        return found

    def _end_of_record(self, position: int) -> int:
        """Return the end of the record at *position*, with its line break."""
        size = 1024
        while True:
            block = self._text[position : position + size]
            final = self._is_last and position + size >= len(self._text)
            record = Records(block, 0, final=final, most=1, delimiter=self._delimiter)
            if record.n:
                return position + record.end
            size *= 8

    def signed(self, tokens: TokenBatch[Any], name: str) -> memoryview:
        """Return the rows that have a token, with the token as their last field."""
        texts = tokens._in_memory()
        assert texts is not None  # nothing was left out of the batch
        return memoryview(self._records.signed(texts, self._pool))


def quoted(text: str, delimiter: str = ",") -> str:
    """Return *text* as a field of CSV, with quotes if it needs them."""
    if text and not any(mark in text for mark in (delimiter, *'"\r\n')):
        return text
    return '"' + text.replace('"', '""') + '"'


def _is_utf8(text: bytes | memoryview) -> bool:
    try:
        str(text, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
