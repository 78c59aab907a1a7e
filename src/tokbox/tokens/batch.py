"""Many tokens in one piece of memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO, cast, overload

from tokbox._fastsign import Memory

__all__ = ["TokenBatch", "check_memory"]

#: Tokens handed out at once when a batch is iterated or written.
_STEP = 8192


def check_memory(n: int, bytes_per_token: int) -> None:
    """Raise MemoryError if *n* tokens cannot possibly fit, before anything is done.

    The system would let us allocate more than there is, and kill the process when the
    memory is used.
    """
    needed = n * bytes_per_token
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        there = 1 << 46
    if needed > there:
        raise MemoryError(
            f"{n:,} tokens need {needed / 2**30:,.0f} GiB, and there are "
            f"{there / 2**30:,.0f}: iter_batches() takes constant memory for any n"
        )


class TokenBatch(Sequence[str]):
    """Tokens of one length in one buffer: a read-only sequence of strings.

    The strings exist only when they are asked for. A slice is a batch over the same
    memory.
    """

    __slots__ = ("_count", "_length", "_memory", "_start", "_stride")

    def __init__(
        self, memory: Memory, start: int, stride: int, length: int, count: int
    ) -> None:
        self._memory = memory
        self._start = start
        self._stride = stride
        self._length = length
        self._count = count

    @property
    def token_length(self) -> int:
        """Length of each token, in characters and in bytes."""
        return self._length

    @property
    def nbytes(self) -> int:
        """Bytes of text, without the memory of this object."""
        return self._count * self._length

    @property
    def data(self) -> memoryview:
        """The text of all tokens, one behind the other, as read-only bytes."""
        if self._stride != self._length:
            return memoryview("".join(self).encode())
        view = memoryview(self._memory)
        return view[self._start : self._start + self.nbytes]

    @property
    def offsets(self) -> Sequence[int]:
        """Where each token begins in `data`, and the end: len(batch) + 1 numbers."""
        return range(0, self.nbytes + 1, self._length or 1)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> TokenBatch: ...
    def __getitem__(self, index: int | slice) -> str | TokenBatch:
        if isinstance(index, slice):
            chosen = range(self._count)[index]
            return TokenBatch(
                self._memory,
                self._start + chosen.start * self._stride if chosen else 0,
                self._stride * chosen.step,
                self._length,
                len(chosen),
            )
        try:
            place = range(self._count)[index]
        except IndexError:
            raise IndexError(
                f"batch index {index} out of range for {self._count} tokens"
            ) from None
        return self._memory.text(self._start + place * self._stride, self._length)

    def __iter__(self) -> Iterator[str]:
        for first in range(0, self._count, _STEP):
            yield from self._strings(first, min(_STEP, self._count - first))

    def _strings(self, first: int, count: int) -> list[str]:
        start = self._start + first * self._stride
        return self._memory.strings(start, self._stride, self._length, count)

    def tolist(self) -> list[str]:
        """All tokens as a list of strings."""
        return self._strings(0, self._count)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenBatch):
            return NotImplemented
        return len(self) == len(other) and all(
            a == b for a, b in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # as of any sequence that is compared by value

    def __repr__(self) -> str:
        return f"<TokenBatch of {self._count:,} tokens of {self._length} characters>"

    def write(self, target: str | os.PathLike[str] | BinaryIO | TextIO) -> int:
        """Write one token a line to a path or an open file; return the bytes written.

        A file that is given stays open. Only some thousand lines exist at a time.
        """
        if isinstance(target, str | os.PathLike):
            with open(target, "wb") as file:
                return self.write(file)
        written = 0
        for first in range(0, self._count, _STEP):
            start = self._start + first * self._stride
            count = min(_STEP, self._count - first)
            lines = self._memory.lines(start, self._stride, self._length, count)
            write_all(target, lines)
            written += len(lines)
        return written


def write_all(file: BinaryIO | TextIO, lines: bytes | memoryview) -> None:
    """Write ASCII *lines* to a file of bytes or of text, all of them."""
    if hasattr(file, "encoding"):
        cast(TextIO, file).write(str(lines, "ascii"))
        return
    rest = memoryview(lines)
    while rest:
        # A raw file may take less than it is given.
        taken = file.write(rest)
        rest = rest[len(rest) if taken is None else taken :]
