"""What was found of many tokens: a result for each, and the failures apart."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from tokbox._capsules import (
    Array,
    array_capsule,
    schema_capsule,
    stream_capsule,
)
from tokbox.errors import MalformedToken, TokenError
from tokbox.readonly import ReadOnlyDict
from tokbox.secrecy import safe_repr
from tokbox.tokens import columns
from tokbox.tokens.claims import Token

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

__all__ = ["Decoded", "Verification"]

Found = TypeVar("Found", covariant=True)
Failure = TypeVar("Failure", bound=TokenError)


class _Findings(Sequence[Found], Generic[Found, Failure]):
    """A result for each of *n* tokens, of which some are exceptions."""

    __slots__ = ("_failures", "_n")

    def __init__(self, n: int, failures: dict[int, Failure]) -> None:
        self._n = n
        self._failures = ReadOnlyDict(failures)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._n, self._failures)

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

    @property
    def failures(self) -> Mapping[int, Failure]:
        """The exceptions, by row, of the tokens that failed."""
        return self._failures

    def raise_first(self) -> None:
        """Raise the first of them, if there are any."""
        for error in self._failures.values():
            raise error


@safe_repr
class Verification(_Findings["TokenError | None", TokenError]):
    """What was found of many tokens: for each None if it holds, or the exception that says
    why it does not."""

    __slots__ = ()

    def _at(self, row: int) -> TokenError | None:
        return self._failures.get(row)

    def __repr__(self) -> str:
        return f"<Verification of {self._n:,} tokens, {len(self._failures):,} do not hold>"


@safe_repr
class Decoded(_Findings["Token | MalformedToken", MalformedToken]):
    """What many tokens say, none of which was verified: for each a `Token`, or the
    MalformedToken that says why it cannot be read.

    It is a table for everybody who knows Arrow's PyCapsule interface
    (``polars.DataFrame(decoded)``, ``pyarrow.table(decoded)``): a column for each claim,
    null where there is none, and ``reason``, null where the token could be read. Claims
    of other SDKs (`Token.unknown`) are not in it.
    """

    __slots__ = ("_tokens",)

    def __init__(
        self, tokens: list[Token | None], failures: dict[int, MalformedToken]
    ) -> None:
        super().__init__(len(tokens), failures)
        self._tokens = tokens

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._tokens, self._failures)

    def _at(self, row: int) -> Token | MalformedToken:
        token = self._tokens[row]
        return self._failures[row] if token is None else token

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


_FIRST = ("kind", "algorithm", "api_key", "session_id", "role")
_TIMES = ("create_time", "expire_time", "not_before")
_LAST = ("nonce", "connection_data", "scope")
_CLASSES = "initial_layout_class_list"
