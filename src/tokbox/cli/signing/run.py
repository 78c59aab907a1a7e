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

A run with many files has one journal and one file of rejected rows. Outputs are renamed one
by one. A run that is continued begins with the first file that is not complete.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from tokbox.cli.common.atomic_files import continuing, replacing, take_place
from tokbox.cli.signing.pipeline import Signing, Tally, write
from tokbox.cli.signing.writers import ParquetOutput, TextOutput
from tokbox.cli.tables import row_errors
from tokbox.cli.tables.codecs import compressed
from tokbox.cli.tables.inputs import Reached, Source, naming
from tokbox.cli.tables.table import Place
from tokbox.errors import InvalidInputError

if TYPE_CHECKING:
    from tokbox.cli.signing.checkpoint import Journal

__all__ = ["Run", "opened"]

#: Values of the journal that are 0 at the beginning of a run: the index of the file at
#: hand; the rows of the files before it; its own rows, offset and size of its output; the
#: rejected rows of all files, and the size of the file that lists them.
_START = ("file", "before", "rows", "offset", "output", "rejected", "rejects")
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
    """Files, how they are signed, and where they go."""

    #: Each input, and the path of its output.
    files: Sequence[tuple[Source, str]]
    #: Opens an input, and checks its columns.
    open: Callable[[Source], AbstractContextManager[Signing]]
    rejects: str | None
    #: The folder of the outputs, or None for one output that has a name of its own.
    folder: str | None
    reached: Reached

    def at_once(self) -> Tally:
        """Sign all files. Outputs that are complete stay there after an error."""
        tally = Tally()
        with contextlib.ExitStack() as stack:
            rejected = None
            if self.rejects is not None:
                file = stack.enter_context(opened(self.rejects))
                rejected = self._rejected(file, 0)
            for index, (source, output) in enumerate(self.files):
                with self._opened(source) as signing, opened(output) as file:
                    target = self._output(file, signing, index, tally)
                    self._write(signing, index, target, rejected, tally)
                tally.next_file()
        return tally

    def resumed(self, asked: dict[str, Any]) -> Tally:
        """Go on where an earlier run was ended, or begin one that can be continued.

        InvalidInputError if the earlier run was asked for something else than *asked*, read
        something else, is still at work, or lost its files.
        """
        from tokbox.cli.signing.checkpoint import Journal

        with contextlib.closing(Journal(self.folder or self.files[0][1], asked)) as journal:
            state = journal.state or {**dict.fromkeys(_START, 0), "consumed": ""}
            tally = Tally(before=state["before"], rejected=state["rejected"])
            try:
                if state["file"]:
                    self._finish(state["file"] - 1)
                for _, output in self.files[: state["file"]]:
                    os.stat(output)
                if state["file"] < len(self.files):
                    self._continue(tally, state, journal)
            except FileNotFoundError as error:
                if journal.state is None:  # there was nothing yet to be lost
                    raise
                lost = f"{error.filename} is gone: remove {journal.path} to begin anew"
                rule = f"find what the earlier run wrote, and {lost}"
                raise InvalidInputError("resume", None, rule, show=False) from None
            journal.remove()
        return tally

    def _continue(self, tally: Tally, state: dict[str, Any], journal: Journal) -> None:
        """Sign the remaining rows."""
        with contextlib.ExitStack() as stack:
            rejected = None
            if self.rejects is not None:
                size = state["rejects"]
                file = stack.enter_context(continuing(self.rejects, size))
                rejected = self._rejected(file, size)

            def reached(index: int, output: int, consumed: str) -> None:
                journal.save(
                    {
                        "file": index,
                        "before": tally.before,
                        "rows": tally.end.rows,
                        "offset": tally.end.offset,
                        "consumed": consumed,
                        "output": output,
                        "rejected": tally.rejected,
                        "rejects": rejected.sync() if rejected is not None else 0,
                    }
                )

            tally.end = Place(state["rows"], state["offset"])
            size, consumed = state["output"], state["consumed"]
            for index in range(state["file"], len(self.files)):
                source, output = self.files[index]
                with self._opened(source) as signing, continuing(output, size) as file:
                    digest = signing.table.digest(tally.end)
                    if consumed and digest.hexdigest() != consumed:
                        raise journal.refused(
                            "continue with the same input, and what was read of it has "
                            "changed"
                        )
                    tally.end = tally.end._replace(digest=digest)
                    target = self._output(file, signing, index, tally, size)

                    def save(index: int = index, target: TextOutput = target) -> None:
                        reached(index, target.sync(), tally.end.digest.hexdigest())

                    self._write(signing, index, target, rejected, tally, save)
                    target.sync()
                tally.next_file()
                size, consumed = 0, ""
                reached(index + 1, size, consumed)
                self._finish(index)

    @contextlib.contextmanager
    def _opened(self, source: Source) -> Iterator[Signing]:
        """Open an input. Errors that are not about the whole run begin with its path."""
        with naming(self._shown(source)), self.open(source) as signing:
            yield signing

    def _shown(self, source: Source) -> str | None:
        """Return the path of an input if messages need it."""
        return source.path if self.folder is not None else None

    def _rejected(self, file: BinaryIO, size: int) -> TextOutput:
        """Open the file of rejected rows, which has *size* bytes from an earlier run."""
        output = TextOutput(file, size)
        if not size:
            output.write(row_errors.header(with_file=self.folder is not None))
        return output

    def _output(
        self, file: BinaryIO, signing: Signing, index: int, tally: Tally, size: int = 0
    ) -> TextOutput:
        """Open an output in *file*, which has *size* bytes from an earlier run."""
        table, name = signing.table, signing.token_column
        if self.files[index][0].kind == "parquet":

            def copied(size: int) -> None:
                what = f"Copying {size / max(1, table.end):.0%}"
                self.reached(index, table, tally.end, tally.rows, what)

            return ParquetOutput(file, table, name, size, copied)
        output = TextOutput(file, size)
        if not size:
            output.write(table.header(name))
        return output

    def _write(
        self,
        signing: Signing,
        index: int,
        output: TextOutput,
        rejected: TextOutput | None,
        tally: Tally,
        save: Callable[[], None] | None = None,
    ) -> None:
        """Sign the rows of an input from the place in *tally* on."""
        with contextlib.closing(signing.pieces(tally.end)) as pieces:
            write(
                pieces,
                output,
                rejected,
                tally,
                file=self._shown(self.files[index][0]),
                advance=lambda: self.reached(index, signing.table, tally.end, tally.rows),
                save=save,
                every=EVERY,
            )

    def _finish(self, index: int) -> None:
        """Rename files that are complete. A continued run can repeat this."""
        if index + 1 == len(self.files) and self.rejects is not None:
            take_place(self.rejects)
        take_place(self.files[index][1])
