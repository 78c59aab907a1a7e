"""Many tokens in one buffer."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence

from tokbox._capsules import (
    Array,
    array_capsule,
    requested_format,
    schema_capsule,
    stream_capsule,
)
from tokbox._memory import (
    Memory,
    MemoryPool,
    StringSlice,
    fixed_offsets,
    physical_memory,
    select_offsets,
    to_int32_offsets,
    validity,
)
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.lazy import set_module
from tokbox.readonly import ReadOnlyDict
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.typed import TYPE_CHECKING, cast, overload

if TYPE_CHECKING:
    from array import array
    from typing import Any, BinaryIO, ClassVar, SupportsIndex, TextIO, TypeAlias, TypeVar

    from typing_extensions import Buffer, CapsuleType

    #: The type of an item: str, or str | None if rows may have no token.
    Text = TypeVar("Text", bound="str | None", covariant=True)
else:
    Text = str

__all__ = ["TokenBatch", "check_memory", "check_pool"]

#: Tokens per step when a batch is iterated or written.
_STEP = 8192

#: Arrow formats for the export: large_utf8 (the default), large_binary, utf8 and binary.
#: The last two have 32-bit offsets.
_FORMATS = ("U", "Z", "u", "z")
_NARROW = ("u", "z")

#: The error of a row without a token, and the row's value. Rows can share an error whose
#: ``.row`` is None.
RowError: TypeAlias = tuple[InvalidClaimsError, object]


def check_pool(value: object) -> MemoryPool | None:
    """Return a memory pool or None. Raises InvalidInputError for any other value."""
    if value is None or isinstance(value, MemoryPool):
        return value
    rule = f"be a tokbox.types.MemoryPool, not {type(value).__name__}"
    raise InvalidInputError("memory_pool", None, rule, show=False)


def check_memory(n: int, needed: int) -> None:
    """Raise MemoryError if *n* tokens need more bytes than the machine has.

    *needed* is the total number of bytes. Systems that overcommit memory accept a larger
    allocation, and kill the process when it is used.
    """
    # Skip the system call, which takes microseconds, for sizes that always fit.
    if needed > 2**16 and needed > (there := physical_memory()):
        raise MemoryError(
            f"{n:,} tokens need {needed / 2**30:,.0f} GiB, and there are "
            f"{there / 2**30:,.0f}: iter_batches() takes constant memory for any n"
        )


@set_module("tokbox.types")
@safe_repr
class TokenBatch(Sequence[Text]):
    """A read-only sequence of tokens in one buffer.

    `SessionSigner.token_batch`, `SessionSigner.iter_batches` and `Signer.sign_rows` return
    it. Items are str; each access creates the string. A slice is a batch that shares the
    buffer. A row that could not be signed (``sign_rows`` with ``errors="null"``) is None,
    and `failures` has its error. Example::

        batch = session.token_batch(1000)
        first, last = batch[0], batch[-1]
        batch.write("tokens.txt")

    A batch implements Arrow's PyCapsule interface and is exported as large_utf8
    (``pyarrow.array(batch)``, ``polars.Series(batch)``). In most cases the text is not
    copied, and the array keeps the buffer alive.

    A batch holds no key, so it can be pickled and copied. A pickled slice contains only its
    own rows. Pickle protocol 5 can transfer the text out-of-band. ``copy.copy`` shares the
    buffer; ``copy.deepcopy`` copies it.
    """

    __slots__ = ("_errors", "_failures", "_length", "_memory", "_offsets", "_rows")

    def __init__(
        self,
        memory: Memory,
        rows: range,
        *,
        length: int = 0,
        offsets: Memory | None = None,
        errors: Mapping[int, RowError] | None = None,
    ) -> None:
        # Invariant: all tokens have the same *length*, or *offsets* is set. The keys of
        # *errors* are row numbers in *memory*, and slices share them. After a slice was
        # pickled they differ from the ``.row`` of the errors.
        self._memory = memory
        self._rows = rows
        self._length = length
        self._offsets = offsets
        self._errors = errors or {}
        self._failures: ReadOnlyDict[int, InvalidClaimsError] | None = None

    @property
    def failures(self) -> Mapping[int, InvalidClaimsError]:
        """The InvalidClaimsError of each row that is None, by row, in ascending order.

        The mapping is read-only. The keys are row numbers of the call that signed, and
        equal the ``.row`` of each exception. A slice and a pickled slice keep these
        numbers, so they can differ from positions in the slice. Example::

            batch = tb.sign_rows(session_ids, roles, errors="null")
            for row, error in batch.failures.items():
                print(row, error.field, error.rule)
        """
        if self._failures is None:
            by_row = {cast("int", each.row): each for each in self._own_errors().values()}
            self._failures = ReadOnlyDict(sorted(by_row.items()))
        return self._failures

    def _own_errors(self) -> dict[int, InvalidClaimsError]:
        """Return the errors of these rows by row number in memory, each with its row."""
        rows, errors = self._rows, self._errors
        few, many = (rows, errors) if len(rows) < len(errors) else (errors, rows)
        found = {row: errors[row] for row in few if row in many}
        return {
            row: error._in_row(row, value) if error.row is None else error
            for row, (error, value) in found.items()
        }

    def raise_first(self) -> None:
        """Raise the InvalidClaimsError of the first row that is None, if any."""
        for error in self.failures.values():
            raise error

    @property
    def token_length(self) -> int | None:
        """The length of each token in characters (and bytes); None if they can differ."""
        return self._length if self._offsets is None else None

    @property
    def nbytes(self) -> int:
        """The size of the text in bytes, without the overhead of this object."""
        if self._offsets is None:
            return len(self._rows) * self._length
        if self._rows.step != 1:
            return self.offsets[-1]
        at = self._starts()
        return at[self._rows.stop] - at[self._rows.start] if self._rows else 0

    def _starts(self) -> memoryview[int]:
        return memoryview(cast(Memory, self._offsets)).cast("q")

    @property
    def data(self) -> memoryview:
        """The concatenated text of all tokens, as a read-only memoryview of bytes."""
        rows = self._rows
        if rows and rows.step != 1:
            return self._joined(rows)
        start = 0
        if rows:
            at = self._starts() if self._offsets is not None else None
            start = rows.start * self._length if at is None else at[rows.start]
        return memoryview(self._memory)[start : start + self.nbytes]

    @property
    def offsets(self) -> Sequence[int]:
        """The start of each token in `data`, then the end: ``len(batch) + 1`` numbers."""
        if self._offsets is None:
            return range(0, self.nbytes + 1, self._length or 1)
        at = self._starts()
        if self._rows.step == 1 and self._rows.start == 0:
            return cast("Sequence[int]", at[: len(self._rows) + 1])
        rows = self._rows
        places = select_offsets(self._offsets, rows.start, rows.step, len(rows))
        return cast("Sequence[int]", memoryview(places).cast("q"))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Text: ...
    @overload
    def __getitem__(self, index: slice) -> TokenBatch[Text]: ...
    def __getitem__(self, index: int | slice) -> Text | TokenBatch[Text]:
        try:
            row = self._rows[index]
        except IndexError:
            raise IndexError(f"index {index} is out of a batch of {len(self)}") from None
        memory: Any = self._memory
        if isinstance(row, range):
            return TokenBatch(
                memory,
                row,
                length=self._length,
                offsets=self._offsets,
                errors=self._errors,
            )
        if self._offsets is None:
            return memory.text(row * self._length, self._length)  # type: ignore[no-any-return]
        return memory.row(self._offsets, row)  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Text]:
        for first in range(0, len(self._rows), _STEP):
            yield from self._strings(self._rows[first : first + _STEP])

    def __reversed__(self) -> Iterator[Text]:
        return iter(self[::-1])

    def _strings(self, rows: range) -> list[Text]:
        found: list[Any]
        if self._offsets is not None:
            found = self._memory.select(self._offsets, rows.start, rows.step, len(rows))
        else:
            length = self._length
            start, stride = rows.start * length, rows.step * length
            found = self._memory.strings(start, stride, length, len(rows))
        return cast("list[Text]", found)

    def _joined(self, rows: range, **how: Any) -> memoryview:
        """Return the concatenated text of *rows*; None adds no text."""
        where = rows.start, rows.step, len(rows)
        return memoryview(self._memory.join(self._offsets, self._length, *where, **how))

    def _in_memory(self) -> StringSlice | None:
        """Return this batch for the C core, or None unless its rows are consecutive."""
        rows = self._rows
        if rows.step != 1:
            return None
        return StringSlice(self._memory, self._offsets, self._length, rows.start, len(rows))

    def tolist(self) -> list[Text]:
        """Return all tokens as a list of str, with None for rows without a token."""
        return self._strings(self._rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenBatch):
            return NotImplemented
        return len(self) == len(other) and all(
            a == b for a, b in zip(self, other, strict=True)
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # as of any sequence that is compared by value

    def __repr__(self) -> str:
        return f"<TokenBatch of {len(self):,} tokens, {self.nbytes:,} bytes>"

    def _arrow(self, requested_schema: object = None) -> Array:
        """Return the tokens as an Arrow array, in the requested format if possible."""
        rows, n = self._rows, len(self)
        if rows and rows.step != 1:
            return self._gathered()._arrow(requested_schema)
        offsets, first = self._offsets, rows.start if rows else 0
        data: memoryview | Memory = self._memory
        if offsets is None:
            # These offsets start at the first token of the slice.
            offsets, first, data = fixed_offsets(n, self._length), 0, self.data
        nulls, valid = validity(offsets, first, n) if self._errors else (0, None)
        asked = requested_format(requested_schema)
        format_ = asked if asked in _FORMATS else _FORMATS[0]
        if format_ in _NARROW and self.nbytes < 2**31:
            buffers = (valid, to_int32_offsets(offsets, first, n), self.data)
            return Array(format_, "", n, nulls, buffers)
        where = memoryview(offsets)[first * 8 : (first + n + 1) * 8]
        return Array(format_.upper(), "", n, nulls, (valid, where, data))

    def _gathered(self) -> TokenBatch[Text]:
        """Return a copy with consecutive rows in its own memory."""
        rows, places = self._rows, self._offsets
        memory = self._memory.join(places, self._length, rows.start, rows.step, len(rows))
        if places is not None:
            places = select_offsets(places, rows.start, rows.step, len(rows))
        # The caller only tests whether there are errors, so their keys need not change.
        alike = range(len(rows))
        return TokenBatch(
            memory, alike, length=self._length, offsets=places, errors=self._errors
        )

    def _packed(
        self,
    ) -> tuple[memoryview, int, int, array[int] | None, dict[int, InvalidClaimsError]]:
        """Return the arguments of `_restore`, with the bytes of these rows only."""
        rows, places = self._rows, None
        if self._offsets is not None:
            from array import array

            places = array("q")
            places.frombytes(
                select_offsets(self._offsets, rows.start, rows.step, len(rows))
            )
        errors = {rows.index(row): error for row, error in self._own_errors().items()}
        return self.data, len(rows), self._length, places, errors

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        data, *rest = self._packed()
        if operator.index(protocol) >= 5:
            from pickle import PickleBuffer

            return _restore, (PickleBuffer(data), *rest)
        return _restore, (bytes(data), *rest)

    def __copy__(self) -> TokenBatch[Text]:
        return self[:]

    def __arrow_c_schema__(self) -> CapsuleType:
        return schema_capsule(self._arrow())

    def __arrow_c_array__(
        self, requested_schema: object = None
    ) -> tuple[CapsuleType, CapsuleType]:
        tokens = self._arrow(requested_schema)
        return schema_capsule(tokens), array_capsule(tokens)

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        return stream_capsule(self._arrow(requested_schema))

    @strip_traceback
    def write(self, target: str | os.PathLike[str] | BinaryIO | TextIO) -> int:
        """Write one token per line and return the number of bytes written.

        *target*
            a path, or an open binary or text file. An existing file at the path is
            overwritten; a new file is readable by its owner only. An open file stays open

        A row without a token is an empty line. At most 8,192 lines are in memory at a time.
        Exceptions of the file are raised; the lines written so far stay in the file.
        """
        if isinstance(target, str | os.PathLike):
            from tokbox.private_files import opener_0600

            with open(target, "wb", opener=opener_0600) as file:
                return self.write(file)
        written, pool = 0, MemoryPool()
        for first in range(0, len(self._rows), _STEP):
            rows = self._rows[first : first + _STEP]
            lines = self._joined(rows, lines=True, pool=pool)
            write_all(target, lines)
            written += len(lines)
            del lines  # so that the pool reuses its memory
        return written


def _restore(
    data: Buffer,
    n: int,
    length: int,
    offsets: array[int] | None,
    errors: Mapping[int, InvalidClaimsError],
) -> TokenBatch[Any]:
    """Return a batch of *n* tokens with a copy of *data* as its text.

    All tokens have the same *length*, or start at *offsets*. Raises ValueError for
    inconsistent arguments.
    """
    memory, places = _copied(data), None if offsets is None else _copied(offsets)
    try:
        StringSlice(memory, places, length, 0, n)
    except IndexError:
        fits = False
    else:
        fits = memory.is_ascii()
    if not fits:
        raise ValueError("this is not a pickled TokenBatch, or it is damaged")
    found = {row: (error, error.value) for row, error in errors.items()}
    return TokenBatch(memory, range(n), length=length, offsets=places, errors=found)


def _copied(data: Buffer) -> Memory:
    memory = Memory(memoryview(data).nbytes)
    memory.put(0, data)
    return memory


def write_all(file: BinaryIO | TextIO, lines: bytes | memoryview) -> None:
    """Write all ASCII *lines* to a binary or text file."""
    if hasattr(file, "encoding"):
        cast("TextIO", file).write(str(lines, "ascii"))
        return
    rest = memoryview(lines)
    while rest:
        # A raw file may write only a part.
        taken = file.write(rest)  # pyright: ignore[reportArgumentType]
        rest = rest[len(rest) if taken is None else taken :]
