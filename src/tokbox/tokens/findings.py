"""Results for many tokens: one for each token, and the failures by row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, overload

from tokbox._capsules import (
    Array,
    array_capsule,
    schema_capsule,
    stream_capsule,
)
from tokbox._fastsign import ABSENT, ALTERED, EARLY, EXPIRED, FOREIGN, GOOD, UNSURE
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
from tokbox.tokens.token import Token

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

__all__ = ["Decoded", "Verification"]

Found = TypeVar("Found", covariant=True)
Failure = TypeVar("Failure", bound=TokenError)


class _Findings(ABC, Generic[Found, Failure]):
    """A result for each of *n* tokens, and an exception for each that failed."""

    __slots__ = ("_failures", "_n")

    def __init__(self, n: int, failures: Mapping[int, Failure]) -> None:
        self._n = n
        self._failures = ReadOnlyDict(failures)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._n, self.failures)

    @abstractmethod
    def _at(self, row: int) -> Found: ...

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> list[Found]: ...
    def __getitem__(self, index: int | slice) -> Any:
        rows = range(self._n)[index]
        if isinstance(rows, range):
            return [self._at(row) for row in rows]
        return self._at(rows)

    def __iter__(self) -> Iterator[Found]:
        return map(self._at, range(self._n))

    def __bool__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"the truth value of a {name} is ambiguous: use .ok, which is True if no token "
            "failed, or len()"
        )

    @property
    def ok(self) -> bool:
        """True if all tokens are good. It is also True without any tokens."""
        return not self.failures

    @property
    def failures(self) -> Mapping[int, Failure]:
        """Exceptions of the tokens that failed, by row, in ascending order. Read-only."""
        return self._failures

    def raise_first(self) -> None:
        """Raise the exception of the first token that failed, if any."""
        for error in self.failures.values():
            raise error


#: The reasons for other verdicts of the core.
_REASONS = {
    ALTERED: BadSignatureError.reason,
    FOREIGN: WrongKeyError.reason,
    EARLY: NotYetValidTokenError.reason,
    EXPIRED: ExpiredTokenError.reason,
    ABSENT: "malformed",
}
#: 1 for the core's verdict on a valid token, 0 for any other.
_IS_GOOD = bytes(verdict == GOOD for verdict in range(256))


@set_module("tokbox.types")
@safe_repr
class Verification(_Findings[bool, TokenError], Sequence[bool]):
    """The results of `Tokbox.verify_many`: for each token, whether it is valid.

    A sequence of bool, in the order of the tokens; a slice is a list of bool. `failures`
    has the exceptions of the tokens that are not valid. The object itself has no truth
    value: ``if verification:`` raises TypeError, as with an array. Example::

        verification = tb.verify_many(tokens)
        if not verification.ok:
            for row, error in verification.failures.items():
                print(row, error.reason)
    """

    __slots__ = ("_make", "_verdicts")

    def __init__(
        self,
        n: int,
        failures: Mapping[int, TokenError],
        verdicts: bytes | None = None,
        make: Callable[[int], TokenError] | None = None,
    ) -> None:
        """Take what was found of *n* tokens.

        *verdicts* are those of the core: *make* returns the exception of a row that failed,
        unless *failures* have it. Without them, *failures* are all that failed.
        """
        super().__init__(n, failures)
        if verdicts is None:
            found = bytearray([GOOD]) * n
            for row in failures:
                found[row] = UNSURE
            verdicts = bytes(found)
        self._verdicts = verdicts
        self._make = make

    @property
    def _good(self) -> bytes:
        """1 for each token that is valid, 0 for any other."""
        return self._verdicts.translate(_IS_GOOD)

    @property
    def ok(self) -> bool:
        """True if all tokens are valid. It is also True without any tokens."""
        return 0 not in self._good

    @property
    def failures(self) -> Mapping[int, TokenError]:
        """Exceptions of the tokens that are not valid, by row, in ascending order.
        Read-only. They are made when this is read for the first time."""
        if self._make is not None:
            there, make = self._failures, self._make
            every = {row: there.get(row) or make(row) for row in self._failed()}
            self._failures, self._make = ReadOnlyDict(every), None
        return self._failures

    def _failed(self) -> Iterator[int]:
        """The rows of tokens that are not valid."""
        good = self._good
        row = good.find(0)
        while row >= 0:
            yield row
            row = good.find(0, row + 1)

    def _count_reasons(self) -> Counter[str]:
        """How many tokens are not valid, by reason, without an exception for each."""
        found = Counter(error.reason for error in self._failures.values())
        if self._make is not None:
            for verdict, reason in _REASONS.items():
                found[reason] += self._verdicts.count(verdict)
        return +found

    def _at(self, row: int) -> bool:
        return self._verdicts[row] == GOOD

    def __iter__(self) -> Iterator[bool]:
        return map(bool, self._good)

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
class Decoded(_Findings["Token | MalformedTokenError", MalformedTokenError]):
    """The results of `decode_many`, for tokens that were not verified.

    Each is a `Token`, or a MalformedTokenError with the reason why it cannot be read.

    It has a length, and can be indexed, sliced (a slice is a list) and iterated over. `ok`
    is True if all tokens could be read. The object itself has no truth value:
    ``if decoded:`` raises TypeError, as with an array.

    It is a table for everybody who knows Arrow's PyCapsule interface
    (``polars.DataFrame(decoded)``, ``pyarrow.table(decoded)``): a column for each claim,
    null where there is none, and ``reason``, null where the token could be read. Claims
    of other SDKs (`Token.unknown`) are not in it.
    """

    # Not a collections.abc.Sequence: polars would read it item by item and not as Arrow.
    __slots__ = ("_tokens",)

    def __init__(
        self, tokens: list[Token | None], failures: dict[int, MalformedTokenError]
    ) -> None:
        super().__init__(len(tokens), failures)
        self._tokens = tokens

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._tokens, self._failures)

    def _at(self, row: int) -> Token | MalformedTokenError:
        token = self._tokens[row]
        return self._failures[row] if token is None else token

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decoded):
            return NotImplemented
        mine, theirs = self._failures.values(), other._failures.values()
        return self._tokens == other._tokens and [*map(str, mine)] == [*map(str, theirs)]

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # compared by value

    def _arrow(self) -> Array:
        failures = self._failures

        def claim(name: str) -> list[Any]:
            return [token and getattr(token, name) for token in self._tokens]

        return columns.table(
            self._n,
            [
                *[columns.texts(name, claim(name)) for name in _FIRST],
                *[columns.numbers(name, claim(name)) for name in _TIMES],
                *[columns.texts(name, claim(name)) for name in _LAST],
                columns.lists(_CLASSES, claim(_CLASSES)),
                columns.texts(
                    "reason",
                    [
                        failures[row].reason if row in failures else None
                        for row in range(self._n)
                    ],
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


_FIRST = ("kind", "algorithm", "project_id", "session_id", "role")
_TIMES = ("create_time", "expire_time", "not_before")
_LAST = ("nonce", "connection_data", "scope")
_CLASSES = "initial_layout_class_list"
