"""Files of lines: JSON objects, one a line, or tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from tokbox.cli.tables.table import MOST_BYTES, Bad, Place, blocks, text_digest, too_long
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

    def _lines(self, start: Place) -> Iterator[tuple[list[bytes], Place, Place]]:
        """Lines that are not empty, without their ends, and where they stand."""
        place, rest = start, b""
        if start.offset:
            self._file.seek(start.offset)
        for block, last in blocks(self._file, self._size):
            text = rest + block
            cut = len(text) if last else text.rfind(b"\n") + 1
            rest = text[cut:]
            if len(rest) > MOST_BYTES:
                raise too_long(place.rows + 1)
            lines = [line for line in text[:cut].split(b"\n") if line.strip()]
            end = place.after(len(lines), memoryview(text)[:cut])
            if lines:
                yield lines, place, end
            place = end

    def digest(self, start: Place) -> Any:
        """Return the SHA-256 of the bytes before a place."""
        return text_digest(self._file, start.offset)


class JSONTable(_LineTable):
    """Newline-delimited JSON: an object a line, each with columns of its own.

    None of them may have one named *new*.
    """

    def __init__(self, file: BinaryIO, size: int, new: str = "") -> None:
        super().__init__(file, size)
        self._new = new

    def header(self, name: str) -> bytes:
        """What stands before the rows: nothing."""
        return b""

    def pieces(self, start: Place) -> Iterator[JSONPiece]:
        """Read on from a place where a piece ended, or from the beginning."""
        for lines, begin, end in self._lines(start):
            yield JSONPiece(lines, begin, end, self._new)


class JSONPiece:
    """Lines of JSON, and what they say."""

    def __init__(self, lines: list[bytes], start: Place, end: Place, new: str) -> None:
        self._lines = lines
        self._new = new
        self.start: Place = start
        self.end: Place = end
        self.bad: list[Bad] = []
        self._objects = [self._read(i, line) for i, line in enumerate(lines)]

    def _read(self, i: int, line: bytes) -> dict[str, Any]:
        if not self.start.offset and not i:
            line = line.removeprefix(_BOM)
        row = self.start.rows + i + 1
        try:
            found = read_object(line)
        except ValueError as error:
            self.bad.append(Bad(row, "row", f"must be a JSON object: {error}"))
            return {}
        if self._new in found:
            reason = f"must be new: there is a {json.dumps(self._new)} already"
            self.bad.append(Bad(row, "token_column", reason))
        return found

    def column(self, name: str) -> list[Any]:
        """The values of a column; None where an object has none."""
        return [each.get(name) for each in self._objects]

    def signed(self, tokens: TokenBatch[Any], name: str) -> bytes:
        """Those rows that have a token, with it as their last member."""
        bad = {each.row - self.start.rows - 1 for each in self.bad}
        key = json.dumps(name).encode()
        return b"".join(
            # Tokens are ASCII without quotes or backslashes: JSON as they are.
            b'%b%b%b:"%b"}%b\n'
            % (
                line.rstrip()[:-1],
                b"," if values else b"",
                key,
                token.encode(),
                b"\r" if line.endswith(b"\r") else b"",
            )
            for i, (line, values, token) in enumerate(
                zip(self._lines, self._objects, tokens, strict=True)
            )
            if token is not None and i not in bad
        )


class TextTable(_LineTable):
    """A token a line, as ``tokbox tokens`` writes them: a table of one column."""

    def pieces(self, start: Place) -> Iterator[TextPiece]:
        """Read from the beginning."""
        for lines, begin, end in self._lines(start):
            yield TextPiece(lines, begin, end)


class TextPiece:
    """Lines, each of them a token."""

    bad: Sequence[Bad] = ()

    def __init__(self, lines: list[bytes], start: Place, end: Place) -> None:
        self._lines = lines
        self.start: Place = start
        self.end: Place = end

    def column(self, name: str) -> list[str]:
        """The only column there is, whatever its name."""
        return [line.strip().decode("ascii", "replace") for line in self._lines]
