"""Run `tokbox sign` over files, in one go or with checkpoints from which it can be resumed.

A run with --resume can be resumed after any interruption, including a power cut. Resumed
with the same options and input, its output has each row that can be signed once, in the
order of the input, and its row errors are complete. Rows that were signed after the last
checkpoint are signed again: with random nonces they get other tokens; with derived nonces
the output is, byte for byte, that of a run without interruption.

The input counts as the same if its inode, size and times are the same, and if the part
that was read has the same SHA-256. A run with --resume therefore hashes the input in the
thread that reads it, and reads that part again when it is resumed. A Parquet file is
copied before it is signed, so the whole file is hashed when a run begins and when it is
resumed.

A resumed run repeats at most the work of the last 5 seconds. The output has a fixed
temporary name until it is complete. The last step renames it.

A run with many files has one checkpoint file and one file of row errors. Outputs are
renamed one by one. A resumed run begins with the first file that is not complete.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from tokbox.cli.common.atomic_files import open_resumable, rename_into_place
from tokbox.cli.signing.pipeline import Progress, SigningPipeline, write_chunks
from tokbox.cli.signing.rejects import RejectsWriter
from tokbox.cli.signing.writers import ParquetWriter, TextWriter
from tokbox.cli.tables.codecs import open_output
from tokbox.cli.tables.inputs import ReportProgress, Source, naming
from tokbox.cli.tables.table import Position
from tokbox.errors import InvalidInputError

if TYPE_CHECKING:
    from tokbox.cli.signing.checkpoint import Checkpoint

__all__ = ["Run"]

#: Values of a checkpoint that are 0 at the beginning of a run: the index of the current
#: file; the rows of the files before it; its own rows, offset and size of its output; the
#: rejected rows of all files, and the size of the file of row errors.
_START = ("file", "before", "rows", "offset", "output", "rejected", "rejects")
#: The most seconds of work that are repeated when a run is resumed.
EVERY = 5.0


@dataclass(frozen=True)
class Run:
    """Inputs, their outputs, and how they are signed."""

    #: Each input, and the path of its output.
    files: Sequence[tuple[Source, str]]
    #: Opens an input, and checks its columns.
    open: Callable[[Source], AbstractContextManager[SigningPipeline]]
    rejects: str | None
    rejects_writer: type[RejectsWriter]
    #: The folder of the outputs, or None for one output that has a name of its own.
    folder: str | None
    report_progress: ReportProgress
    #: Called with the progress of the earlier run, and the input that comes next.
    report_resumed: Callable[[Progress, Source], None]

    def start(self) -> Progress:
        """Sign all files. Outputs that are complete stay there after an error."""
        progress = Progress()
        with contextlib.ExitStack() as stack:
            errors = None
            if self.rejects is not None:
                file = stack.enter_context(open_output(self.rejects))
                errors = self._open_errors(file, 0)
                stack.callback(errors.close)
            for index, (source, output) in enumerate(self.files):
                with self._opened(source) as pipeline, open_output(output) as file:
                    if errors is not None:
                        errors.begin(pipeline.table)
                    target = self._output(file, pipeline, index, progress)
                    self._write(pipeline, index, target, errors, progress)
                progress.next_file()
        return progress

    def resume(self, options: dict[str, Any]) -> Progress:
        """Continue an earlier run, or begin one that can be resumed.

        InvalidInputError if the earlier run had other *options* or another input, is still
        running, or lost its files.
        """
        from tokbox.cli.signing.checkpoint import Checkpoint

        with contextlib.closing(
            Checkpoint(self.folder or self.files[0][1], options)
        ) as checkpoint:
            state = checkpoint.state or {**dict.fromkeys(_START, 0), "consumed": ""}
            progress = Progress(before=state["before"], rejected=state["rejected"])
            progress.end = Position(state["rows"], state["offset"])
            index = min(state["file"], len(self.files) - 1)
            self.report_resumed(progress, self.files[index][0])
            try:
                if state["file"]:
                    self._finish(state["file"] - 1)
                for _, output in self.files[: state["file"]]:
                    os.stat(output)
                if state["file"] < len(self.files):
                    self._continue(progress, state, checkpoint)
            except FileNotFoundError as error:
                if checkpoint.state is None:  # there was no earlier run
                    raise
                lost = (
                    f"{error.filename} is missing: delete {checkpoint.path} to start again"
                )
                rule = f"find the files of the earlier run, and {lost}"
                raise InvalidInputError("resume", None, rule, show=False) from None
            checkpoint.remove()
        return progress

    def _continue(
        self, progress: Progress, state: dict[str, Any], checkpoint: Checkpoint
    ) -> None:
        """Sign the remaining rows."""
        with contextlib.ExitStack() as stack:
            errors = None
            if self.rejects is not None:
                size = state["rejects"]
                file = stack.enter_context(open_resumable(self.rejects, size))
                errors = self._open_errors(file, size)

            def save_state(index: int, output: int, consumed: str) -> None:
                checkpoint.save(
                    {
                        "file": index,
                        "before": progress.before,
                        "rows": progress.end.rows,
                        "offset": progress.end.offset,
                        "consumed": consumed,
                        "output": output,
                        "rejected": progress.rejected,
                        "rejects": errors.sync() if errors is not None else 0,
                    }
                )

            size, consumed = state["output"], state["consumed"]
            for index in range(state["file"], len(self.files)):
                source, output = self.files[index]
                with self._opened(source) as pipeline, open_resumable(output, size) as file:
                    digest = pipeline.table.digest(progress.end)
                    if consumed and digest.hexdigest() != consumed:
                        raise checkpoint.refused(
                            "have the input of the earlier run, and the part that was read "
                            "has changed"
                        )
                    progress.end = progress.end._replace(digest=digest)
                    if errors is not None:
                        errors.begin(pipeline.table)
                    target = self._output(file, pipeline, index, progress, size)

                    def save(index: int = index, target: TextWriter = target) -> None:
                        save_state(index, target.sync(), progress.end.digest.hexdigest())

                    self._write(pipeline, index, target, errors, progress, save)
                    target.sync()
                progress.next_file()
                size, consumed = 0, ""
                save_state(index + 1, size, consumed)
                self._finish(index)

    @contextlib.contextmanager
    def _opened(self, source: Source) -> Iterator[SigningPipeline]:
        """Open an input. Errors that are not about the whole run begin with its path."""
        with naming(self._shown(source)), self.open(source) as pipeline:
            yield pipeline

    def _shown(self, source: Source) -> str | None:
        """Return the path of an input if messages need it."""
        return source.path if self.folder is not None else None

    def _open_errors(self, file: BinaryIO, size: int) -> RejectsWriter:
        """Open the file of rejected rows, which has *size* bytes from an earlier run."""
        return self.rejects_writer(file, size, with_file=self.folder is not None)

    def _output(
        self,
        file: BinaryIO,
        pipeline: SigningPipeline,
        index: int,
        progress: Progress,
        size: int = 0,
    ) -> TextWriter:
        """Open an output in *file*, which has *size* bytes from an earlier run."""
        table, name = pipeline.table, pipeline.token_column
        if self.files[index][0].kind == "parquet":

            def copied(size: int) -> None:
                what = f"Copying {size / max(1, table.end):.0%}"
                self.report_progress(index, table, progress.end, progress.rows, what)

            return ParquetWriter(file, table, name, size, copied)
        output = TextWriter(file, size)
        if not size:
            output.write(table.header(name))
        return output

    def _write(
        self,
        pipeline: SigningPipeline,
        index: int,
        output: TextWriter,
        errors: RejectsWriter | None,
        progress: Progress,
        save: Callable[[], None] | None = None,
    ) -> None:
        """Sign the rows of an input from the position in *progress* on."""
        with contextlib.closing(pipeline.chunks(progress.end)) as chunks:
            write_chunks(
                chunks,
                output,
                errors,
                progress,
                file=self._shown(self.files[index][0]),
                advance=lambda: self.report_progress(
                    index, pipeline.table, progress.end, progress.rows
                ),
                save=save,
                every=EVERY,
            )

    def _finish(self, index: int) -> None:
        """Rename files that are complete. A resumed run can repeat this."""
        if index + 1 == len(self.files) and self.rejects is not None:
            rename_into_place(self.rejects)
        rename_into_place(self.files[index][1])
