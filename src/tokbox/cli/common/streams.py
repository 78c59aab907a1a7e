"""The standard streams of a command: whether they can be used, and how they fail."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator

from tokbox.typed import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO

    from _typeshed import ReadableBuffer

__all__ = ["StreamError", "check_input", "check_output", "standard_streams"]

_OUTPUT, _INPUT = "standard output", "standard input"


class StreamError(OSError):
    """Standard input or output is closed, or cannot be used."""


class _Output(io.FileIO):
    """Standard output: a failed write raises :class:`StreamError`.

    After a failure the rest of the output is discarded. Otherwise the flush at the exit of
    the interpreter would fail again, and replace the exit code.
    """

    _failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self._failed = True
            if isinstance(error, BrokenPipeError):
                raise
            raise StreamError(error.errno, error.strerror, _OUTPUT) from None


class _ErrorOutput(_Output):
    """Standard error: a failure is ignored, since there is no place to report it."""

    def write(self, data: ReadableBuffer, /) -> int:
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Replace ``sys.stdout`` and ``sys.stderr`` by streams that a command can rely on.

    ``sys.stderr`` is always there: what is written to a closed one is discarded.
    ``sys.stdout`` stays None if it is closed, so that :func:`check_output` finds out.
    Descriptors 0 to 2 are open afterwards.
    """
    _reserve_descriptors()
    with contextlib.ExitStack() as stack:
        if sys.stderr is None:
            errors: TextIO = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        else:
            errors = _wrapped(sys.stderr, _ErrorOutput)
        stack.enter_context(contextlib.redirect_stderr(errors))
        if sys.stdout is not None:
            output = _wrapped(sys.stdout, _Output)
            stack.enter_context(contextlib.redirect_stdout(output))
            # A command that fails has reported why; its output so far is shown too.
            stack.callback(_flush, output)
        yield


def check_output() -> None:
    """Raise :class:`StreamError` unless standard output can be written to.

    A command calls this before it does anything: what it does may be impossible to undo,
    and its result would be lost. Raises BrokenPipeError for a pipe without a reader.
    """
    rule = "closed, or not open for writing: give it a file, a pipe or the null device"
    descriptor = _descriptor(sys.stdout, _OUTPUT, rule)
    if descriptor is not None:
        if _has_no_reader(descriptor):
            raise BrokenPipeError
        try:
            # Writing nothing fails on a descriptor that cannot be written to.
            os.write(descriptor, b"")
        except OSError as error:
            what = rule if error.errno == errno.EBADF else error.strerror
            raise StreamError(error.errno, what, _OUTPUT) from None


def _has_no_reader(descriptor: int) -> bool:
    """Tell whether *descriptor* is a pipe or socket whose other end is closed."""
    import select

    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def check_input(what: str) -> None:
    """Raise :class:`StreamError` unless *what* can be read from standard input."""
    rule = f"closed, or not open for reading, so {what} cannot be read from it"
    descriptor = _descriptor(sys.stdin, _INPUT, rule)
    if descriptor is not None:
        try:
            os.read(descriptor, 0)
        except OSError as error:
            raise StreamError(error.errno, rule, _INPUT) from None


def _descriptor(stream: TextIO | None, name: str, rule: str) -> int | None:
    """Return the descriptor of *stream*, or None if it is in memory."""
    if stream is None or stream.closed:
        raise StreamError(errno.EBADF, rule, name)
    try:
        return stream.fileno()
    except io.UnsupportedOperation:
        return None


def _reserve_descriptors() -> None:
    """Open the null device in place of each of the descriptors 0 to 2 that is closed.

    The next file or socket to be opened would get that number, and libraries and child
    processes that write to standard output or error would write into it.
    """
    # Without a null device everything else still works.
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)


def _wrapped(stream: TextIO, kind: type[_Output]) -> TextIO:
    """Return *stream* with writes by *kind*, and without encoding errors."""
    if not isinstance(stream, io.TextIOWrapper) or stream.closed:
        return stream
    raw = getattr(stream.buffer, "raw", stream.buffer)
    if type(raw) is not io.FileIO:
        stream.reconfigure(errors="backslashreplace")
        return stream
    _flush(stream)
    output = kind(raw.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        # With python -u there is no buffer.
        cast("BinaryIO", output) if stream.buffer is raw else io.BufferedWriter(output),
        encoding=stream.encoding,
        # A name that the terminal's encoding lacks is no reason to fail.
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _flush(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
