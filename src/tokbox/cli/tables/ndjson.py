"""Newline-delimited JSON: an object a line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, BinaryIO

from tokbox._csv import Lines
from tokbox._memory import MemoryPool
from tokbox.cli.tables.members import MemberReader
from tokbox.cli.tables.table import BOM, Position, RowError
from tokbox.cli.tables.text import LineTable
from tokbox.errors import InvalidInputError
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.strict_json import read_object

__all__ = ["JSONTable"]


class JSONTable(LineTable):
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
        """Return the header, which is empty."""
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
    return f"be a column that one of the first rows has ({there})"


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
            texts[0] = texts[0].removeprefix(BOM)
        self._texts = texts
        self._rows, problems = reader.read(texts)
        self.row_errors: list[RowError] = [
            (start.rows + i + 1, "row", None, f"must be a JSON object: {problem}")
            for i, problem in problems.items()
        ]
        if new:
            reason = f"must be a new name: the row has {json.dumps(new)}"
            self.row_errors += [
                (start.rows + i + 1, "token_column", None, reason)
                for i, there in enumerate(reader.has(new, self._rows))
                if there
            ]

    def column(self, name: str) -> list[Any]:
        """Return the values of a column; None for an object without it."""
        return self._reader.values(name, self._rows)

    def originals(self, rows: Sequence[int]) -> list[bytes]:
        """Return the lines of *rows*."""
        return [self._texts[row] for row in rows]

    def signed(self, tokens: TokenBatch[Any], name: str) -> memoryview:
        """Return the rows that have a token, with the token as their last member."""
        texts = tokens._in_memory()
        assert texts is not None  # nothing was left out of the batch
        failed = [error[0] - self.start.rows - 1 for error in self.row_errors]
        member = json.dumps(name).encode() + b':"'
        return memoryview(self._lines.signed(texts, member, failed, self._pool))
