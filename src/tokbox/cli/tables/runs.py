"""A run from beginning to end: one that is whole or nothing, and one that can be continued.

What a run that can be continued guarantees, whenever and however it was ended, also by a
power cut: continued with the same options and input, the output has each row that can be
signed once, in the order of the input, and the rejected rows are complete, too. What was
signed after the last note in the journal is signed anew, so with random nonces those rows
get other tokens than they had in the partial file, which nobody has seen; with derived
nonces the output is, byte for byte, that of a run that was never ended.

The input counts as the same if its inode, size and times are the same, and if the part
that was read has the same SHA-256. A run with --resume therefore hashes the input in the
thread that reads it, and reads that part once more when it is continued. A Parquet file is
copied before it is signed. So the whole file is hashed when a run begins and when it is
continued.

A continued run repeats at most the work of the last 5 seconds. The output has a fixed
temporary name until it is complete. The last step renames it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from tokbox.cli.files import continuing, replacing, take_place
from tokbox.cli.tables import rejects
from tokbox.cli.tables.codecs import compressed
from tokbox.cli.tables.outputs import ParquetOutput, TextOutput
from tokbox.cli.tables.signing import Signing, Tally, write
from tokbox.cli.tables.table import Place
from tokbox.errors import InvalidInputError

__all__ = ["Run", "opened"]

#: Values of the journal that are 0 at the beginning of a run.
_START = ("rows", "offset", "rejected", "output", "rejects")
#: Seconds of work that are lost at most when a run is continued.
EVERY = 5.0


@contextlib.contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open what appears as *path* when it is whole, or standard output for ``-``.

    It is compressed if *path* ends in .gz or .zst.
    """
    if path == "-":
        yield sys.stdout.buffer
        return
    with replacing(path) as file, compressed(file, path) as target:
        yield target


@dataclass(frozen=True)
class Run:
    """A table, how it is signed, and where it goes."""

    table: Any
    is_parquet: bool
    signing: Signing
    output: str
    rejects: str | None

    @property
    def _new(self) -> str:
        return self.signing.token_column

    def at_once(self, advance: Callable[[Place], None], file: BinaryIO) -> Tally:
        """Write all to *file*, which somebody else has opened."""
        tally = Tally(Place())
        with contextlib.ExitStack() as stack:
            rejected = None
            if self.rejects is not None:
                rejected = TextOutput(stack.enter_context(opened(self.rejects)))
                rejected.write(rejects.HEADER)
            output = self._output(file)
            pieces = stack.enter_context(
                contextlib.closing(self.signing.pieces(self.table, tally.end))
            )
            write(pieces, output, rejected, tally, advance=advance)
        return tally

    def resumed(self, advance: Callable[[Place], None], asked: dict[str, Any]) -> Tally:
        """Go on where an earlier run was ended, or begin one that can be continued.

        InvalidInputError if the earlier run was asked for something else than *asked*, read
        something else, is still at work, or lost its files.
        """
        from tokbox.cli.tables.journal import Journal

        journal = Journal(self.output, asked)
        with contextlib.closing(journal):
            state = journal.state or dict.fromkeys(_START, 0)
            start = Place(state["rows"], state["offset"])
            digest = self.table.digest(start)
            if journal.state and digest.hexdigest() != state["consumed"]:
                raise journal.refused(
                    "continue with the same input, and what was read of it has changed"
                )
            tally = Tally(start._replace(digest=digest), state["rejected"])
            if not state.get("done"):
                try:
                    self._continue(tally, state, journal.save, advance)
                except FileNotFoundError as error:
                    if journal.state is None:  # there was nothing yet to be lost
                        raise
                    lost = f"{error.filename} is gone: remove {journal.path} to begin anew"
                    rule = f"find what the earlier run wrote, and {lost}"
                    raise InvalidInputError("resume", None, rule, show=False) from None
            self._finish()
            journal.remove()
        return tally

    def _continue(
        self,
        tally: Tally,
        state: dict[str, Any],
        note: Callable[[dict[str, Any]], None],
        advance: Callable[[Place], None],
    ) -> None:
        """Sign the remaining rows."""
        with contextlib.ExitStack() as stack:
            rejected = None
            if self.rejects is not None:
                size = state["rejects"]
                file = stack.enter_context(continuing(self.rejects, size))
                rejected = TextOutput(file, size)
                if not size:
                    rejected.write(rejects.HEADER)
            size = state["output"]
            file = stack.enter_context(continuing(self.output, size))
            output = self._output(file, size)

            def reached(**more: Any) -> dict[str, Any]:
                return {
                    "rows": tally.end.rows,
                    "offset": tally.end.offset,
                    "consumed": tally.end.digest.hexdigest(),
                    "rejected": tally.rejected,
                    "output": output.sync(),
                    "rejects": rejected.sync() if rejected is not None else 0,
                    **more,
                }

            pieces = stack.enter_context(
                contextlib.closing(self.signing.pieces(self.table, tally.end))
            )
            write(
                pieces,
                output,
                rejected,
                tally,
                advance=advance,
                save=lambda: note(reached()),
                every=EVERY,
            )
            note(reached(done=True))

    def _output(self, file: BinaryIO, size: int = 0) -> TextOutput:
        """Open the output in *file*, which has *size* bytes from an earlier run."""
        if self.is_parquet:
            return ParquetOutput(file, self.table, self._new, size)
        output = TextOutput(file, size)
        if not size:
            output.write(self.table.header(self._new))
        return output

    def _finish(self) -> None:
        """Rename the complete files. A continued run can repeat this."""
        for path in (self.rejects, self.output):
            if path is not None:
                take_place(path)
