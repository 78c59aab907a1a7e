"""CSV: the text of a row stays as it is, byte for byte, and gets a field more."""

from __future__ import annotations

import io
from collections.abc import Iterator
from csv import writer
from typing import Any, BinaryIO

from tokbox._csv import Records
from tokbox._memory import MemoryPool, Texts
from tokbox.cli.tables.table import MOST_BYTES, Bad, Place, blocks, text_digest, too_long
from tokbox.errors import InvalidInputError
from tokbox.tokens.batch import TokenBatch

__all__ = ["CSVTable"]

_BOM = b"\xef\xbb\xbf"


class CSVTable:
    """A file of CSV (RFC 4180) in UTF-8 whose first record names the columns.

    Empty lines are no rows. Raises InvalidInputError if there is no header.
    """

    rows = None

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._blocks = blocks(file, size)
        self._size = size
        self._first, self._last = next(self._blocks)
        self._mark = len(_BOM) if self._first.startswith(_BOM) else 0
        if self._first.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _wrong("be in UTF-8, not in UTF-16")
        self._read_header()
        self._pool = MemoryPool()

    def _read_header(self) -> None:
        text = self._first[self._mark :]
        header = Records(text, 0, final=self._last, most=1)
        if not header.n:
            raise _wrong("begin with a line that names the columns")
        ((_, fields),) = header.odd() or ((0, 0),)
        if not fields:
            raise _wrong("begin with a line that names the columns: a quote is not closed")
        found = (header.texts(column)[0] for column in range(fields))
        self.names: list[str] = [str(name) for name in found]
        self.end: int = self._mark + header.end

    def header(self, name: str) -> bytes:
        """The header, with *name* as a column more."""
        line = self._first[: self.end]
        text = line.rstrip(b"\r\n")
        quoted = io.StringIO()
        writer(quoted, lineterminator="").writerow([name])
        return text + b"," + quoted.getvalue().encode() + (line[len(text) :] or b"\n")

    def pieces(self, start: Place) -> Iterator[CSVPiece]:
        """Read on from a place where a piece ended, or from the beginning."""
        rest, last = self._first[self.end :], self._last
        place = start.after(0, self._first[: self.end])
        if start.offset:
            self._file.seek(start.offset)
            self._blocks = blocks(self._file, self._size)
            (rest, last), place = next(self._blocks), start
        while True:
            records = Records(rest, len(self.names), final=last)
            if records.n:
                end = place.after(records.n, memoryview(rest)[: records.end])
                yield CSVPiece(records, self.names, place, end, self._pool)
                place = end
            if last:
                return
            rest = rest[records.end :]
            if len(rest) > MOST_BYTES:
                raise too_long(place.rows + 1)
            block, last = next(self._blocks)
            rest += block

    def digest(self, start: Place) -> Any:
        """Return the SHA-256 of the bytes before a place."""
        return text_digest(self._file, start.offset)


class CSVPiece:
    """The records of a block, and where they stand in the file."""

    def __init__(
        self,
        records: Records,
        names: list[str],
        start: Place,
        end: Place,
        pool: MemoryPool,
    ) -> None:
        self._records = records
        self._names = names
        self._pool = pool
        self.start: Place = start
        self.end: Place = end
        self.bad: list[Bad] = [
            Bad(start.rows + row + 1, "row", _miscounted(fields, len(names)))
            for row, fields in records.odd()
        ]

    def column(self, name: str) -> Texts:
        """The values of a column."""
        return self._records.texts(self._names.index(name))

    def signed(self, tokens: TokenBatch[Any], name: str) -> memoryview:
        """Those rows that have a token, with it as their last field."""
        texts = tokens._in_memory()
        assert texts is not None  # nothing was left out of the batch
        return memoryview(self._records.signed(texts, self._pool))


def _miscounted(fields: int, names: int) -> str:
    if not fields:
        return "must close its quote before the file ends"
    return f"must have as many fields as the header, {names}, not {fields}"


def _wrong(rule: str) -> InvalidInputError:
    return InvalidInputError("source", None, rule, show=False)
