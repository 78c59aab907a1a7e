"""Sign a table: read, sign and write side by side, and set bad rows apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tokbox._memory import MemoryPool
from tokbox.cli.common.params import Refused
from tokbox.cli.common.prefetch import ahead
from tokbox.cli.tables import row_errors
from tokbox.cli.tables.table import Bad, Piece, Place

if TYPE_CHECKING:
    from tokbox.cli.signing.claims import RowClaims
    from tokbox.cli.signing.writers import TextOutput
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.signer import Signer

__all__ = ["Signed", "Signing", "Tally", "write"]


class Signed(NamedTuple):
    """A piece with its tokens."""

    end: Place
    rows: Any
    bad: list[Bad]


@dataclass(frozen=True)
class Signing:
    """A table, and how its pieces are signed."""

    table: Any
    signer: Signer
    claims: RowClaims
    token_column: str
    multithread: bool
    #: The columns that the folders of the table's file give it, with their only values.
    partitions: Mapping[str, str | None]

    def pieces(self, start: Place) -> Generator[Signed, None, None]:
        """Sign the table from a place on, some pieces ahead of who asks for them."""
        return ahead(self._signed(ahead(self.table.pieces(start))))

    def _signed(self, pieces: Iterator[Piece]) -> Iterator[Signed]:
        pool = MemoryPool()
        for piece in pieces:
            tokens = self.claims.sign(
                self.signer, piece, self.partitions, pool, self.multithread
            )
            signed = piece.signed(tokens, self.token_column)
            yield Signed(piece.end, signed, _bad(piece, tokens))


@lru_cache(1024)
def _must(rule: str) -> str:
    return f"must {rule}"


def _bad(piece: Piece, tokens: TokenBatch[Any]) -> list[Bad]:
    """Why rows have no token; one reason for each."""
    first = piece.start.rows + 1
    errors = tokens._errors.items()  # `failures` would make an exception for each row
    found = [(first + i, error.field, _must(error.rule)) for i, (error, _) in errors]
    if not piece.bad:
        return found
    by_row = {each[0]: each for each in (*found, *piece.bad)}
    return [by_row[row] for row in sorted(by_row)]


@dataclass
class Tally:
    """What came of a run so far."""

    #: How far the file at hand was read.
    end: Place = field(default_factory=Place)
    #: The rows of the files before it.
    before: int = 0
    #: The rejected rows of all files.
    rejected: int = 0

    @property
    def rows(self) -> int:
        """The rows of all files so far."""
        return self.before + self.end.rows

    @property
    def signed(self) -> int:
        """Rows that have a token."""
        return self.rows - self.rejected

    def next_file(self) -> None:
        """Begin with another file."""
        self.before, self.end = self.rows, Place()


def write(
    pieces: Iterator[Signed],
    output: TextOutput,
    rejected: TextOutput | None,
    tally: Tally,
    *,
    file: str | None,
    advance: Callable[[], None],
    save: Callable[[], None] | None = None,
    every: float = 5.0,
) -> None:
    """Write pieces, and count them in *tally*.

    *save* is called after the first piece, and then every *every* seconds. If *rejected* is
    None, the first row that cannot be signed raises Refused. *file* is the path of the
    input, if the rejected rows have a column for it.
    """
    due = time.monotonic()
    for piece in pieces:
        if piece.bad and rejected is None:
            raise _refusal(piece.bad[0])
        output.write(piece.rows)
        if piece.bad and rejected is not None:
            rejected.write(row_errors.lines(piece.bad, file))
        tally.end = piece.end
        tally.rejected += len(piece.bad)
        advance()
        if save is not None and time.monotonic() >= due:
            save()
            due = time.monotonic() + every
    output.finish()


def _refusal(bad: Bad) -> Refused:
    row, field, reason = bad
    what = f"row {row:,}" if field == "row" else f"row {row:,}: {field}"
    return Refused(f"{what} {reason} (--rejects FILE sets such rows apart)")
