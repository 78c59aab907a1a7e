"""Results of batch verification and of batch decoding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, cast, overload

from tokbox._capsules import (
    Array,
    array_capsule,
    schema_capsule,
    stream_capsule,
)
from tokbox._fastsign import (
    BAD_SIGNATURE,
    EXPIRED,
    MISSING,
    NOT_YET_VALID,
    UNDECIDED,
    VALID,
    WRONG_KEY,
)
from tokbox.errors import (
    BadSignatureError,
    ExpiredTokenError,
    MalformedTokenError,
    NotYetValidTokenError,
    TokenError,
    WrongKeyError,
)
from tokbox.lazy import set_module
from tokbox.readonly import ReadOnlyDict
from tokbox.secrecy import safe_repr
from tokbox.tokens import columns
from tokbox.tokens.claims import TEXTS
from tokbox.tokens.token import Token

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

__all__ = ["Decoded", "Verification"]

Found = TypeVar("Found", covariant=True)
Failure = TypeVar("Failure", bound=TokenError)


#: 1 for the core's result on a valid token, 0 for any other.
IS_VALID = bytes(result == VALID for result in range(256))


def find_all(found: bytes | bytearray, byte: int) -> Iterator[int]:
    """Yield the positions of *byte*; *found* may be modified between two of them."""
    place = found.find(byte)
    while place >= 0:
        yield place
        place = found.find(byte, place + 1)


class _Results(ABC, Generic[Found, Failure]):
    """A result for each of *n* tokens, and an exception for each failed token."""

    __slots__ = ("_failures", "_n")

    def __init__(self, n: int, failures: Mapping[int, Failure]) -> None:
        self._n = n
        self._failures = ReadOnlyDict(failures)

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> list[Found]: ...
    @abstractmethod
    def __getitem__(self, index: int | slice) -> Any: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Found]: ...

    def __bool__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"the truth value of a {name} is ambiguous: use .ok, which is True if no token "
            "failed, or len()"
        )

    @property
    def ok(self) -> bool:
        """True if no token failed. Also True for an empty result."""
        return not self.failures

    @property
    def failures(self) -> Mapping[int, Failure]:
        """The exceptions of failed tokens by row, in ascending order. Read-only."""
        return self._failures

    def raise_first(self) -> None:
        """Raise the exception of the first token that failed, if any."""
        for error in self.failures.values():
            raise error


#: The ``reason`` of the exception for each failure code of the core.
_REASONS = {
    BAD_SIGNATURE: BadSignatureError.reason,
    WRONG_KEY: WrongKeyError.reason,
    NOT_YET_VALID: NotYetValidTokenError.reason,
    EXPIRED: ExpiredTokenError.reason,
    MISSING: "malformed",
}


@set_module("tokbox.types")
@safe_repr
class Verification(_Results[bool, TokenError], Sequence[bool]):
    """The results of `Tokbox.verify_many`, `Signer.verify_many` or `PublicKey.verify_many`.

    A sequence of bool in the order of the tokens, True for a valid token; a slice is a list
    of bool. `ok` is True if all tokens are valid. `failures` maps rows to exceptions of
    tokens that are not valid. ``if verification:`` raises TypeError, as with an array: use
    `ok` or ``len()``. Example::

        verification = tb.verify_many(tokens)
        if not verification.ok:
            for row, error in verification.failures.items():
                print(row, error.reason)
    """

    __slots__ = ("_good", "_make", "_results")

    def __init__(
        self,
        n: int,
        failures: Mapping[int, TokenError],
        results: bytes | None = None,
        make: Callable[[int], TokenError] | None = None,
    ) -> None:
        """Store the results for *n* tokens.

        *results* are result codes of the core. *make* creates the exception of a failed row
        that is not in *failures*. Without *results*, *failures* contains all failed rows.
        """
        super().__init__(n, failures)
        if results is None:
            found = bytearray([VALID]) * n
            for row in failures:
                found[row] = UNDECIDED
            results = bytes(found)
        self._results = results
        self._make = make
        #: One byte for each token: 1 if it is valid, else 0.
        self._good = results.translate(IS_VALID)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._n, self.failures)

    @property
    def ok(self) -> bool:
        """True if all tokens are valid. Also True for an empty result."""
        return 0 not in self._good

    @property
    def failures(self) -> Mapping[int, TokenError]:
        """The TokenError of each token that is not valid, by row, in ascending order.

        Read-only. The exceptions are created at the first access.
        """
        if self._make is not None:
            there, make = self._failures, self._make
            every = {row: there.get(row) or make(row) for row in self._failed()}
            self._failures, self._make = ReadOnlyDict(every), None
        return self._failures

    def _failed(self) -> Iterator[int]:
        """Yield the rows of tokens that are not valid."""
        return find_all(self._good, 0)

    def _count_reasons(self) -> Counter[str]:
        """Count the tokens that are not valid by reason, without creating exceptions."""
        found = Counter(error.reason for error in self._failures.values())
        if self._make is not None:
            for result, reason in _REASONS.items():
                found[reason] += self._results.count(result)
        return +found

    @overload
    def __getitem__(self, index: int) -> bool: ...
    @overload
    def __getitem__(self, index: slice) -> list[bool]: ...
    def __getitem__(self, index: int | slice) -> bool | list[bool]:
        found = self._good[index]
        return [*map(bool, found)] if isinstance(found, bytes) else bool(found)

    def __iter__(self) -> Iterator[bool]:
        return map(bool, self._good)

    def __reversed__(self) -> Iterator[bool]:
        return map(bool, reversed(self._good))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Verification):
            return NotImplemented
        return self._good == other._good

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # compared by value

    def __repr__(self) -> str:
        failed = self._good.count(0)
        return f"<Verification of {self._n:,} tokens, {failed:,} not valid>"


@set_module("tokbox.types")
@safe_repr
class Decoded(_Results["Token | MalformedTokenError", MalformedTokenError]):
    """The results of `decode_many`. The tokens are not verified.

    Each item is a `Token`, or a MalformedTokenError for a token that cannot be parsed. Each
    access parses the token again, so keep a `Token` that is used often.

    It supports ``len()``, indexing, slicing (a slice is a list) and iteration. `ok` is True
    if all tokens could be parsed. ``if decoded:`` raises TypeError, as with an array: use
    `ok` or ``len()``.

    Arrow's PyCapsule interface exports it as a table (``polars.DataFrame(decoded)``,
    ``pyarrow.table(decoded)``), with a column for each claim and a column ``reason``. A
    missing claim is null; ``reason`` is null for a token that could be parsed. Unknown
    claims (`Token.unknown`) are not exported.
    """

    # Not a collections.abc.Sequence: polars would read it item by item and not as Arrow.
    __slots__ = ("_read", "_rows")

    def __init__(
        self,
        rows: Sequence[Any],
        failures: Mapping[int, MalformedTokenError],
        read: Callable[[Any], Token | MalformedTokenError] | None = None,
    ) -> None:
        """Store the texts in *rows*, which *read* parses at each access.

        Without *read*, *rows* are the parsed results. *failures* has the errors of rows
        that cannot be parsed.
        """
        super().__init__(len(rows), failures)
        self._rows = rows
        self._read = read

    def __reduce__(self) -> tuple[Any, ...]:
        # Only the claims are pickled. The text of a token is a credential.
        return type(self), (list(self), self._failures)

    def _at(self, row: int) -> Token | MalformedTokenError:
        if self._read is None:
            return cast("Token | MalformedTokenError", self._rows[row])
        return self._failures.get(row) or self._read(self._rows[row])

    @overload
    def __getitem__(self, index: int) -> Token | MalformedTokenError: ...
    @overload
    def __getitem__(self, index: slice) -> list[Token | MalformedTokenError]: ...
    def __getitem__(self, index: int | slice) -> Any:
        rows = range(self._n)[index]
        return [*map(self._at, rows)] if isinstance(rows, range) else self._at(rows)

    def __iter__(self) -> Iterator[Token | MalformedTokenError]:
        return map(self._at, range(self._n))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decoded):
            return NotImplemented
        return self._n == other._n and all(map(_are_equal, self, other))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # compared by value

    def _arrow(self) -> Array:
        found = list(self)
        tokens = [each if isinstance(each, Token) else None for each in found]

        def claim(name: str) -> list[Any]:
            return [token and getattr(token, name) for token in tokens]

        return columns.table(
            self._n,
            [
                *[columns.texts(name, claim(name)) for name in _FIRST],
                *[columns.numbers(name, claim(name)) for name in _TIMES],
                *[columns.texts(name, claim(name)) for name in _LAST],
                columns.lists(_CLASSES, claim(_CLASSES)),
                columns.texts(
                    "reason",
                    [None if isinstance(each, Token) else each.reason for each in found],
                ),
            ],
        )

    def __arrow_c_schema__(self) -> CapsuleType:
        return schema_capsule(self._arrow())

    def __arrow_c_array__(
        self, requested_schema: object = None
    ) -> tuple[CapsuleType, CapsuleType]:
        table = self._arrow()
        return schema_capsule(table), array_capsule(table)

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        return stream_capsule(self._arrow())

    def __repr__(self) -> str:
        return f"<Decoded {self._n:,} tokens, {len(self._failures):,} cannot be read>"


def _are_equal(
    one: Token | MalformedTokenError, other: Token | MalformedTokenError
) -> bool:
    """Compare tokens by their claims, and errors by their type and message."""
    return one == other or (type(one) is type(other) and str(one) == str(other))


_FIRST = ("kind", "algorithm", "project_id", "session_id", "role")
_TIMES = ("create_time", "expire_time", "not_before")
_LAST = ("nonce", *(argument for argument, *_ in TEXTS), "scope")
_CLASSES = "initial_layout_class_list"
