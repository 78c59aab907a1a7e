"""Many tokens in one piece of memory."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence

from tokbox._capsules import (
    Array,
    array_capsule,
    asked_for,
    schema_capsule,
    stream_capsule,
)
from tokbox._memory import (
    Memory,
    MemoryPool,
    StringSlice,
    narrowed,
    physical_memory,
    rebased,
    starts,
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

    #: What a batch holds: str, or str | None where rows may be missing.
    Text = TypeVar("Text", bound="str | None", covariant=True)
else:
    Text = str

__all__ = ["TokenBatch", "check_memory", "check_pool"]

#: Tokens handed out at once when a batch is iterated or written.
_STEP = 8192

#: What a batch can be as an Arrow array: large_utf8, unless it is asked for as
#: large_binary, utf8 or binary. The last two have offsets of 32 bits.
_FORMATS = ("U", "Z", "u", "z")
_NARROW = ("u", "z")

#: Why a row has no token: an error, which rows share if it has no row, and the row's value.
RowError: TypeAlias = tuple[InvalidClaimsError, object]


def check_pool(value: object) -> MemoryPool | None:
    """Return the memory pool, or None. Raises InvalidInputError for anything else."""
    if value is None or isinstance(value, MemoryPool):
        return value
    rule = f"be a tokbox.types.MemoryPool, not {type(value).__name__}"
    raise InvalidInputError("memory_pool", None, rule, show=False)


def check_memory(n: int, needed: int) -> None:
    """Raise MemoryError if *n* tokens of *needed* bytes in all cannot possibly fit.

    The system would let us allocate more than there is, and kill the process when the
    memory is used.
    """
    # Every machine has as much as this, and asking for it takes microseconds.
    if needed > 2**16 and needed > (there := physical_memory()):
        raise MemoryError(
            f"{n:,} tokens need {needed / 2**30:,.0f} GiB, and there are "
            f"{there / 2**30:,.0f}: iter_batches() takes constant memory for any n"
        )


@set_module("tokbox.types")
@safe_repr
class TokenBatch(Sequence[Text]):
    """Tokens in one buffer, and where each begins: a read-only sequence of strings.

    The strings exist only when they are asked for. A slice is a batch over the same
    memory. Rows that could not be signed (`Tokbox.sign_rows` with ``errors="null"``)
    are None, and `failures` says why.

    Arrow's PyCapsule interface exports a batch as large_utf8 (``pyarrow.array(batch)``,
    ``polars.Series(batch)``). In most cases the text is not copied, and its memory is kept
    for as long as the array is used.

    A batch holds no key, so it can be pickled and copied. A slice is pickled without the
    other rows. With pickle protocol 5 its text can be passed out-of-band. ``copy.copy``
    shares the memory, ``copy.deepcopy`` does not.
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
        # Either all tokens have one length, or there are offsets. Keys of *errors* are rows
        # of the memory; slices share them. They differ from the errors' own rows if a slice
        # was pickled.
        self._memory = memory
        self._rows = rows
        self._length = length
        self._offsets = offsets
        self._errors = errors or {}
        self._failures: ReadOnlyDict[int, InvalidClaimsError] | None = None

    @property
    def failures(self) -> Mapping[int, InvalidClaimsError]:
        """Why rows are None: an InvalidClaimsError for each, by row, in ascending order.
        Read-only.

        The keys are the rows of the call that signed, the same numbers as the ``.row`` of
        each exception. A slice keeps these numbers, also when it is pickled: they are not
        positions in the slice. Example::

            batch = tb.sign_rows(session_ids, roles, errors="null")
            for row, error in batch.failures.items():
                print(row, error.field, error.rule)
        """
        if self._failures is None:
            by_row = {cast("int", each.row): each for each in self._own_errors().values()}
            self._failures = ReadOnlyDict(sorted(by_row.items()))
        return self._failures

    def _own_errors(self) -> dict[int, InvalidClaimsError]:
        """The errors of these rows, by the row of the memory, each with its own row."""
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
        """Length of each token in characters (and bytes); None if they differ."""
        return self._length if self._offsets is None else None

    @property
    def nbytes(self) -> int:
        """Bytes of text, without the memory of this object."""
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
        """The text of all tokens, one behind the other, as read-only bytes."""
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
        """Where each token begins in `data`, and the end: len(batch) + 1 numbers."""
        if self._offsets is None:
            return range(0, self.nbytes + 1, self._length or 1)
        at = self._starts()
        if self._rows.step == 1 and self._rows.start == 0:
            return cast("Sequence[int]", at[: len(self._rows) + 1])
        rows = self._rows
        places = rebased(self._offsets, rows.start, rows.step, len(rows))
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
            found = self._memory.pick(self._offsets, rows.start, rows.step, len(rows))
        else:
            length = self._length
            start, stride = rows.start * length, rows.step * length
            found = self._memory.strings(start, stride, length, len(rows))
        return cast("list[Text]", found)

    def _joined(self, rows: range, **how: Any) -> memoryview:
        """The text of all rows as one piece, with nothing in place of None."""
        where = rows.start, rows.step, len(rows)
        return memoryview(self._memory.joined(self._offsets, self._length, *where, **how))

    def _in_memory(self) -> StringSlice | None:
        """The same as the core takes it, or None if rows are left out or turned round."""
        rows = self._rows
        if rows.step != 1:
            return None
        return StringSlice(self._memory, self._offsets, self._length, rows.start, len(rows))

    def tolist(self) -> list[Text]:
        """All tokens as a list of strings."""
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
        """These tokens as an Arrow array; what is asked for counts if it can be had."""
        rows, n = self._rows, len(self)
        if rows and rows.step != 1:
            return self._gathered()._arrow(requested_schema)
        offsets, first = self._offsets, rows.start if rows else 0
        data: memoryview | Memory = self._memory
        if offsets is None:
            # They count from the first token on, so a slice needs none before it.
            offsets, first, data = starts(n, self._length), 0, self.data
        nulls, valid = validity(offsets, first, n) if self._errors else (0, None)
        asked = asked_for(requested_schema)
        format_ = asked if asked in _FORMATS else _FORMATS[0]
        if format_ in _NARROW and self.nbytes < 2**31:
            buffers = (valid, narrowed(offsets, first, n), self.data)
            return Array(format_, "", n, nulls, buffers)
        where = memoryview(offsets)[first * 8 : (first + n + 1) * 8]
        return Array(format_.upper(), "", n, nulls, (valid, where, data))

    def _gathered(self) -> TokenBatch[Text]:
        """The same in memory of its own, one token behind the other."""
        rows, places = self._rows, self._offsets
        memory = self._memory.joined(places, self._length, rows.start, rows.step, len(rows))
        if places is not None:
            places = rebased(places, rows.start, rows.step, len(rows))
        # Only the number of errors is used here, so their keys need not change.
        alike = range(len(rows))
        return TokenBatch(
            memory, alike, length=self._length, offsets=places, errors=self._errors
        )

    def _packed(
        self,
    ) -> tuple[memoryview, int, int, array[int] | None, dict[int, InvalidClaimsError]]:
        """The arguments of `_restore`: the bytes of these rows, and no others."""
        rows, places = self._rows, None
        if self._offsets is not None:
            from array import array

            places = array("q")
            places.frombytes(rebased(self._offsets, rows.start, rows.step, len(rows)))
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
        """Write one token a line to a path or an open file; return the bytes written.

        A missing row is an empty line. A file that is passed stays open. A path is
        overwritten, and only its owner can read a file that is created. Only 8,192 lines
        exist in memory at a time. If writing fails, the lines written until then stay in
        the file.
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
            del lines  # so that its memory is used again
        return written


def _restore(
    data: Buffer,
    n: int,
    length: int,
    offsets: array[int] | None,
    errors: Mapping[int, InvalidClaimsError],
) -> TokenBatch[Any]:
    """Return the batch of *n* tokens whose text is a copy of *data*.

    All have one *length*, or begin at *offsets*. Raises ValueError for data that do not
    fit together.
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
    """Write ASCII *lines* to a file of bytes or of text, all of them."""
    if hasattr(file, "encoding"):
        cast("TextIO", file).write(str(lines, "ascii"))
        return
    rest = memoryview(lines)
    while rest:
        # A raw file may take less than it is given.
        taken = file.write(rest)  # pyright: ignore[reportArgumentType]
        rest = rest[len(rest) if taken is None else taken :]
