"""The interface of tables, which are read in chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeAlias

from tokbox.errors import InvalidInputError
from tokbox.tokens.batch import TokenBatch

__all__ = [
    "BOM",
    "MAX_ROW_BYTES",
    "Chunk",
    "Position",
    "RowError",
    "Table",
    "blocks",
    "check_names",
    "full",
    "source_error",
    "text_digest",
    "too_long",
]

#: The byte order mark of UTF-8.
BOM = b"\xef\xbb\xbf"
#: The most bytes of one row of text. In CSV, more often means that a quote is not closed.
MAX_ROW_BYTES = 1 << 24


class Position(NamedTuple):
    """How far a table was read: whole rows, and bytes up to the next one."""

    rows: int = 0
    offset: int = 0
    #: The hash of the input up to here, if a run needs it. It must not be updated.
    digest: Any = None

    def after(self, rows: int, content: bytes | memoryview = b"") -> Position:
        """Return the position after *content*, a part of the input with *rows* rows."""
        digest = self.digest
        if digest is not None:
            digest = digest.copy()
            digest.update(content)
        return Position(self.rows + rows, self.offset + len(content), digest)


#: Why a row has no token: (row, field, value, reason). Rows count from 1, without the
#: header. It is a plain tuple because a table can have millions of them.
RowError: TypeAlias = tuple[int, str, object, str]


class Chunk(Protocol):
    """Consecutive rows."""

    #: The position of the first row, and the position after the last row.
    start: Position
    end: Position
    #: Rows that cannot be read.
    row_errors: Sequence[RowError]

    def column(self, name: str) -> Any:
        """Return the values of a column in a form that `Signer.sign_rows` accepts."""
        ...

    def originals(self, rows: Sequence[int]) -> list[bytes]:
        """Return rows as text; *rows* are their indices in the chunk, ascending."""
        ...

    def signed(self, tokens: TokenBatch[Any], name: str) -> Any:
        """Return the rows that have a token, with the token as the column *name*."""
        ...


class Table(Protocol):
    """A table in one of the formats."""

    #: The names of its columns; none if each row has its own.
    names: Sequence[str] | None
    #: How many rows it has, if that is known before they are read.
    rows: int | None

    def has(self, name: str) -> bool:
        """Return True if a column *name* exists; formats without header use first rows."""
        ...

    def chunks(self, start: Position) -> Iterator[Chunk]:
        """Read on from a position where a chunk ended, or from the beginning."""
        ...

    def digest(self, start: Position) -> Any:
        """Return the SHA-256 of the part of the input before *start*.

        That part is read again.
        """
        ...


def check_names(
    names: Sequence[str],
    wanted: Mapping[str, str],
    new: str = "",
    partitions: Collection[str] = (),
) -> None:
    """Raise InvalidInputError unless each wanted column exists once, and *new* does not.

    *wanted* has column names by argument. *partitions* are columns from the folder names of
    a file.
    """
    for field, name in wanted.items():
        if name not in names and name not in partitions:
            there = ", ".join([*names, *partitions]) or "none"
            rule = f"be one of the columns ({there})"
            if not all(map(_is_text, names)):
                rule += ": for names that are not UTF-8, use --encoding, such as latin-1"
            elif len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
                rule += ": if the delimiter is not a comma, use --delimiter"
            raise InvalidInputError(field, name, rule)
        if list(names).count(name) > 1:
            raise InvalidInputError(field, name, "be a column that exists only once")
    if new in names or new in partitions:
        raise InvalidInputError("token_column", new, "be a new name: this column exists")


def _is_text(name: str) -> bool:
    """Say whether a name has no lone surrogates, which are for bytes that are no UTF-8."""
    return name == name.encode(errors="replace").decode()


def blocks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the blocks of a file, each with True if it is the last. It may be empty."""
    block = full(file, size)
    while len(block) == size:
        following = full(file, size)
        yield block, not following
        if not following:
            return
        block = following
    yield block, True


def full(file: BinaryIO, size: int) -> bytes:
    """Read *size* bytes, or fewer at the end of the file; a pipe may return short reads."""
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def text_digest(file: BinaryIO, size: int) -> Any:
    """Return the SHA-256 of the first *size* bytes of a file, or of all that it has."""
    digest = sha256()
    if size:
        file.seek(0)
    while size > 0 and (block := file.read(min(size, 1 << 20))):
        digest.update(block)
        size -= len(block)
    return digest


def too_long(row: int, why: str = "") -> InvalidInputError:
    """Return the error of a row longer than `MAX_ROW_BYTES`; *why* may explain it."""
    rule = f"have rows of at most {MAX_ROW_BYTES >> 20} MiB, and row {row:,} is longer{why}"
    return source_error(rule)


def source_error(rule: str) -> InvalidInputError:
    """Return the error of an input that must follow *rule*."""
    return InvalidInputError("source", None, rule, show=False)
