"""Files of lines: JSON objects, one a line, or tokens."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import Any, BinaryIO

from tokbox._csv import Lines
from tokbox._memory import MemoryPool, Texts
from tokbox.cli.tables.members import MemberReader
from tokbox.cli.tables.table import (
    MAX_ROW_BYTES,
    Position,
    RowError,
    blocks,
    text_digest,
    too_long,
)
from tokbox.errors import InvalidInputError
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.strict_json import read_object

__all__ = ["JSONTable", "TextTable"]

_BOM = b"\xef\xbb\xbf"


class _LineTable:
    rows = None
    names: Sequence[str] | None = None

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._blocks = blocks(file, size)
        #: Blocks that were read to look at the first lines.
        self._seen: list[tuple[bytes, bool]] = []

    def _first_lines(self) -> list[bytes]:
        """Return the lines of the first block, or of as many as the first line needs."""
        text, last = b"", False
        while not last and b"\n" not in text and len(text) <= MAX_ROW_BYTES:
            block, last = next(self._blocks)
            self._seen.append((block, last))
            text += block
        cut = len(text) if last else text.rfind(b"\n") + 1
        return Lines(text.removeprefix(_BOM)[:cut]).tolist()

    def _lines(self, start: Position) -> Iterator[tuple[Lines, Position, Position]]:
        """Lines that are not blank, and where they stand."""
        position, rest = start, b""
        source: Iterable[tuple[bytes, bool]] = chain(self._seen, self._blocks)
        if start.offset:
            self._file.seek(start.offset)
            source = blocks(self._file, self._size)
        for block, last in source:
            text = rest + block
            cut = len(text) if last else text.rfind(b"\n") + 1
            rest = text[cut:]
            if len(rest) > MAX_ROW_BYTES:
                raise too_long(position.rows + 1)
            lines = Lines(text[:cut])
            end = position.after(len(lines), memoryview(text)[:cut])
            if len(lines):
                yield lines, position, end
            position = end

    def digest(self, start: Position) -> Any:
        """Return the SHA-256 of the bytes before a position."""
        return text_digest(self._file, start.offset)


class JSONTable(_LineTable):
    """Newline-delimited JSON: an object a line, each with columns of its own.

    *columns* are those that are read. No object may have one named *new*.
    """

    def __init__(
        self, file: BinaryIO, size: int, columns: Collection[str] = (), new: str = ""
    ) -> None:
        super().__init__(file, size)
        self._new = new
        self._reader = MemberReader(columns, new)
        self._pool = MemoryPool()

    def check(self, wanted: dict[str, str], remedy: str = "") -> None:
        """Raise InvalidInputError if none of the first rows has one of *wanted*.

        *wanted* are columns by what they are for. The message offers *remedy*.
        """
        lines, rows, problems = self._first
        if len(problems) == len(rows):  # the first row has the error of the file
            return
        for field, name in wanted.items():
            if not self.has(name):
                raise InvalidInputError(field, name, _none_has(lines) + remedy)

    def has(self, name: str) -> bool:
        """Return True if one of the first rows has the column *name*."""
        return any(self._reader.has(name, self._first[1]))

    @cached_property
    def _first(self) -> tuple[list[bytes], list[Any], dict[int, str]]:
        lines = self._first_lines()
        return lines, *self._reader.read(lines)

    def header(self, name: str) -> bytes:
        """What stands before the rows: nothing."""
        return b""

    def chunks(self, start: Position) -> Iterator[JSONChunk]:
        """Read on from a position where a chunk ended, or from the beginning."""
        for lines, begin, end in self._lines(start):
            yield JSONChunk(lines, begin, end, self._reader, self._new, self._pool)


def _none_has(lines: list[bytes]) -> str:
    """Say that a name is in none of the first *lines*, and which names are there."""
    names: dict[str, None] = {}
    for line in lines[:100]:
        with suppress(ValueError):
            names.update(dict.fromkeys(read_object(line)))
    there = ", ".join(names) or "none"
    return f"name a column that one of the first rows has (they have {there})"


class JSONChunk:
    """Lines of JSON, and the members of them that are needed."""

    def __init__(
        self,
        lines: Lines,
        start: Position,
        end: Position,
        reader: MemberReader,
        new: str,
        pool: MemoryPool,
    ) -> None:
        self._lines = lines
        self._reader = reader
        self._pool = pool
        self.start: Position = start
        self.end: Position = end
        texts = lines.tolist()
        if not start.offset:
            texts[0] = texts[0].removeprefix(_BOM)
        self._rows, problems = reader.read(texts)
        self.row_errors: list[RowError] = [
            (start.rows + i + 1, "row", f"must be a JSON object: {problem}")
            for i, problem in problems.items()
        ]
        if new:
            reason = f"must be new: there is a {json.dumps(new)} already"
            self.row_errors += [
                (start.rows + i + 1, "token_column", reason)
                for i, there in enumerate(reader.has(new, self._rows))
                if there
            ]

    def column(self, name: str) -> list[Any]:
        """The values of a column; None where an object has none."""
        return self._reader.values(name, self._rows)

    def signed(self, tokens: TokenBatch[Any], name: str) -> memoryview:
        """Those rows that have a token, with it as their last member."""
        texts = tokens._in_memory()
        assert texts is not None  # nothing was left out of the batch
        failed = [row - self.start.rows - 1 for row, _, _ in self.row_errors]
        member = json.dumps(name).encode() + b':"'
        return memoryview(self._lines.signed(texts, member, failed, self._pool))


class TextTable(_LineTable):
    """A token a line, as ``tokbox tokens`` writes them: a table of one column."""

    def chunks(self, start: Position) -> Iterator[TextChunk]:
        """Read from the beginning."""
        for lines, begin, end in self._lines(start):
            yield TextChunk(lines, begin, end)


class TextChunk:
    """Lines, each of them a token."""

    row_errors: Sequence[RowError] = ()

    def __init__(self, lines: Lines, start: Position, end: Position) -> None:
        self._lines = lines
        self.start: Position = start
        self.end: Position = end

    def column(self, name: str) -> Texts:
        """The only column there is, whatever its name."""
        return self._lines.texts()
