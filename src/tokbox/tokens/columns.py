"""Columns of claims: import them, and export Python values as Arrow arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Protocol, TypeAlias, cast

from tokbox._arrow import is_arrow
from tokbox._capsules import Array
from tokbox._fastsign import has_surrogate
from tokbox._memory import IntColumn, ListColumn, StringColumn, ascii_texts
from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text, has_no_dimensions
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.secrecy import safe_repr

__all__ = [
    "ArrowArray",
    "ArrowStream",
    "Column",
    "ColumnName",
    "Filled",
    "array_values",
    "check_column_name",
    "col",
    "filled",
    "is_column",
    "lists",
    "numbers",
    "objects",
    "table",
    "texts",
]

#: An imported column: a view of an Arrow array, or Python values.
Column: TypeAlias = StringColumn | IntColumn | ListColumn | list[Any] | tuple[Any, ...]


@set_module("tokbox.types")
class ArrowArray(Protocol):
    """An array of any library that implements Arrow's PyCapsule interface."""

    def __arrow_c_array__(self, requested_schema: Any = None, /) -> tuple[object, object]:
        """Return the capsules of the schema and of the array."""
        ...


@set_module("tokbox.types")
class ArrowStream(Protocol):
    """A stream of arrays, such as a chunked array, a series or a column of a table."""

    def __arrow_c_stream__(self, requested_schema: Any = None, /) -> object:
        """Return the capsule of the stream."""
        ...


@set_module("tokbox.integrations")
@safe_repr
@dataclass(frozen=True, slots=True, repr=False)
class ColumnName(PickledByName):
    """The name of a column, in place of one value for all rows; see `col`."""

    name: str
    #: The value of rows whose own value is null; None leaves them as they are.
    default: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        rule = "be a name, text that is not empty"
        object.__setattr__(self, "name", check_column_name("column", self.name, rule))

    def __repr__(self) -> str:
        default = "" if self.default is None else f", default={self.default!r}"
        return f"col({self.name!r}{default})"


@set_module("tokbox.integrations")
def col(name: str, *, default: Any = None) -> ColumnName:
    """Name the column of a table that a job reads a value from.

    *default* is the value of rows that have null there; without it, null is an error of
    its row, or the empty value of connection data and layout classes. For example,
    ``col("lifetime", default="2h")``.

    Raises InvalidInputError unless *name* is text that is not empty.
    """
    return ColumnName(name, default=default)


def check_column_name(field: str, name: object, rule: str) -> str:
    """Return the name of a column: text that is not empty and can be encoded as UTF-8.

    Otherwise raises InvalidInputError for *field*: with *rule*, or with one about UTF-8.
    """
    text = exact_text(name)
    if not text:
        raise InvalidInputError(field, name, rule)
    if has_surrogate(text):
        rule = "be text that UTF-8 can carry, without lone surrogates"
        raise InvalidInputError(field, name, rule)
    return text


class Filled:
    """A column of any kind, and the value of its nulls."""

    def __init__(self, column: Any, default: Any) -> None:
        self.column = column
        self.default = default


def filled(column: Any, default: Any) -> Any:
    """Return *column* with *default* in place of nulls, or unchanged if that is None."""
    return column if default is None else Filled(column, default)


def is_column(name: str, value: object) -> bool:
    """Return whether *value* holds a value for each row. *name* is the argument.

    InvalidInputError for a collection without an order, and an array without dimensions.
    """
    if isinstance(value, StringColumn | IntColumn) or is_arrow(value):
        return True
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Iterable):
        return False
    kind = type(value).__name__
    if isinstance(value, Mapping | set | frozenset):
        # Which of its values would be for which row?
        rule = f"be one value or a sequence of them, not a {kind}"
    elif has_no_dimensions(value):
        rule = (
            "be one value or a sequence of them, not an array without dimensions "
            f"({kind}): pass what its item() returns"
        )
    else:
        return True
    raise InvalidInputError(name, None, rule, show=False)


def objects(value: Any) -> Iterable[Any] | None:
    """Return the values of a pandas or Polars column of Python objects; None of others.

    Arrow has no type for such a column if its values are of several types.
    """
    kind = str(getattr(value, "dtype", ""))
    if kind == "object" and hasattr(value, "notna"):
        # pandas has several values for what is missing.
        missing = value.where(value.notna(), None)
        return cast("Iterable[Any]", missing)
    return cast("Iterable[Any]", value) if kind == "Object" else None


def array_values(value: Any) -> StringColumn | list[Any] | None:
    """Return the texts or numbers of a numpy array with one dimension; None for all else.

    Iterating over an array takes longer than signing its rows.
    """
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind not in ("U", "T", "i", "u", "f") or getattr(value, "ndim", 0) != 1:
        return None
    found = ascii_texts(value) if kind == "U" else None
    return cast("list[Any]", value.tolist()) if found is None else found


def _validity(values: Sequence[object]) -> tuple[int, bytearray | None]:
    """How many values are None, and a bit for each, 1 if it is not; none if all are."""
    nulls = sum(value is None for value in values)
    if not nulls:
        return 0, None
    bits = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        if value is not None:
            bits[i >> 3] |= 1 << (i & 7)
    return nulls, bits


def _offsets(lengths: Iterable[int]) -> array[int]:
    return array("q", accumulate(lengths, initial=0))


def texts(name: str, values: Sequence[str | None]) -> Array:
    """A column of large_utf8. A lone surrogate, which it cannot hold, becomes ``?``."""
    nulls, valid = _validity(values)
    encoded = [(value or "").encode(errors="replace") for value in values]
    buffers = (valid, _offsets(map(len, encoded)), b"".join(encoded))
    return Array("U", name, len(values), nulls, buffers)


def numbers(name: str, values: Sequence[int | None]) -> Array:
    """A column of int64."""
    nulls, valid = _validity(values)
    whole = array("q", (value or 0 for value in values))
    return Array("l", name, len(values), nulls, (valid, whole))


def lists(name: str, values: Sequence[Sequence[str] | None]) -> Array:
    """A column of large_list of large_utf8."""
    nulls, valid = _validity(values)
    items = texts("item", [item for value in values for item in value or ()])
    buffers = (valid, _offsets(len(value or ()) for value in values))
    return Array("+L", name, len(values), nulls, buffers, (items,))


def table(n: int, columns: Iterable[Array]) -> Array:
    """*columns* of *n* rows side by side."""
    return Array("+s", "", n, 0, (None,), tuple(columns))
