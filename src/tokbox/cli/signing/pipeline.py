"""Read, sign and write a table in parallel, and list the rows that cannot be signed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tokbox._memory import MemoryPool
from tokbox.cli.common.params import CommandError
from tokbox.cli.common.prefetch import prefetch
from tokbox.cli.tables.table import Chunk, Position, RowError

if TYPE_CHECKING:
    from tokbox.cli.signing.claims import RowClaims
    from tokbox.cli.signing.rejects import RejectsWriter
    from tokbox.cli.signing.writers import TextWriter
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.signer import Signer

__all__ = ["Progress", "SignedChunk", "SigningPipeline", "write_chunks"]


class SignedChunk(NamedTuple):
    """A chunk with its tokens."""

    end: Position
    rows: Any
    row_errors: list[RowError]
    #: The rows of these errors, if they are written; see `RejectsWriter.read`.
    originals: Any


@dataclass(frozen=True)
class SigningPipeline:
    """A table, and how its chunks are signed."""

    table: Any
    signer: Signer
    claims: RowClaims
    token_column: str
    multithread: bool
    #: The partition columns from the folder names of the file, with their only values.
    partitions: Mapping[str, str | None]
    #: Reads the rows of row errors from a chunk, by index; None if they are not written.
    read_rejected: Callable[[Any, list[int]], Any] | None = None

    def chunks(self, start: Position) -> Generator[SignedChunk, None, None]:
        """Sign the table from *start* on. Some chunks are signed in advance."""
        return prefetch(self._signed(prefetch(self.table.chunks(start))))

    def _signed(self, chunks: Iterator[Chunk]) -> Iterator[SignedChunk]:
        pool = MemoryPool()
        for chunk in chunks:
            tokens = self.claims.sign(
                self.signer, chunk, self.partitions, pool, self.multithread
            )
            signed = chunk.signed(tokens, self.token_column)
            errors = _row_errors(chunk, tokens)
            originals = None
            if errors and self.read_rejected is not None:
                first = chunk.start.rows + 1
                originals = self.read_rejected(chunk, [row - first for row, *_ in errors])
            yield SignedChunk(chunk.end, signed, errors, originals)


@lru_cache(1024)
def _must(rule: str) -> str:
    return f"must {rule}"


def _row_errors(chunk: Chunk, tokens: TokenBatch[Any]) -> list[RowError]:
    """Return one error for each row without a token."""
    first = chunk.start.rows + 1
    errors = tokens._errors.items()  # `failures` would make an exception for each row
    found = [
        (first + i, error.field, value, _must(error._rule)) for i, (error, value) in errors
    ]
    if not chunk.row_errors:
        return found
    by_row = {each[0]: each for each in (*found, *chunk.row_errors)}
    return [by_row[row] for row in sorted(by_row)]


@dataclass
class Progress:
    """How many rows of a run are read, signed and rejected so far."""

    #: How far the current file was read.
    end: Position = field(default_factory=Position)
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
        """Begin the next file."""
        self.before, self.end = self.rows, Position()


def write_chunks(
    chunks: Iterator[SignedChunk],
    output: TextWriter,
    errors: RejectsWriter | None,
    progress: Progress,
    *,
    file: str | None,
    advance: Callable[[], None],
    save: Callable[[], None] | None = None,
    every: float = 5.0,
) -> None:
    """Write chunks, and count them in *progress*.

    *save* is called after the first chunk, and then every *every* seconds. Row errors
    are written to *errors*; if it is None, the first one raises CommandError. *file* is the
    path of the input, if the row errors have a column for it.
    """
    due = time.monotonic()
    for chunk in chunks:
        if chunk.row_errors and errors is None:
            raise _command_error(chunk.row_errors[0])
        output.write(chunk.rows)
        if chunk.row_errors and errors is not None:
            errors.add(chunk.row_errors, chunk.originals, file)
        progress.end = chunk.end
        progress.rejected += len(chunk.row_errors)
        advance()
        if save is not None and time.monotonic() >= due:
            save()
            due = time.monotonic() + every
    output.finish()


def _command_error(error: RowError) -> CommandError:
    row, field, _, reason = error
    what = f"row {row:,}" if field == "row" else f"row {row:,}: {field}"
    return CommandError(f"{what} {reason} (use --rejects FILE to sign the other rows)")
