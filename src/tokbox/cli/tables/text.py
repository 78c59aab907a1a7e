"""Files of text: a token a line, and what all files of lines share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO

from tokbox._csv import Lines
from tokbox._memory import StringColumn
from tokbox.cli.tables.table import (
    BOM,
    MAX_ROW_BYTES,
    Position,
    RowError,
    blocks,
    text_digest,
    too_long,
)

__all__ = ["LineTable", "TextTable"]


class LineTable:
    """A file of lines."""

    rows = None
    names: Sequence[str] | None = None

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._blocks = blocks(file, size)
        #: Blocks that were read to look at the first lines.
        self._seen: list[tuple[bytes, bool]] = []

    def _first_lines(self) -> list[bytes]:
        """Return the lines of the first block, or of more if the first line is longer."""
        text, last = b"", False
        while not last and b"\n" not in text and len(text) <= MAX_ROW_BYTES:
            block, last = next(self._blocks)
            self._seen.append((block, last))
            text += block
        cut = len(text) if last else text.rfind(b"\n") + 1
        return Lines(text.removeprefix(BOM)[:cut]).tolist()

    def _lines(self, start: Position) -> Iterator[tuple[Lines, Position, Position]]:
        """Yield lines that are not blank, with their start and end positions."""
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


class TextTable(LineTable):
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

    def column(self, name: str) -> StringColumn:
        """The only column there is, whatever its name."""
        return self._lines.texts()
