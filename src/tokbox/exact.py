"""Convert subclasses of str, int and float to the plain type before validation.

A subclass can override methods: the ``__str__`` of an ``enum.Enum`` with a str mixin
returns ``Room.LOBBY``, and an ``encode`` can return any bytes. If validation and output
used different methods, the output would not be validated. So a value is converted once,
with the methods of the built-in type, and only the result is used.
numpy is supported without being imported.
"""

from __future__ import annotations

import operator

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["exact_int", "exact_number", "exact_text", "has_no_dimensions", "whole_number"]

#: Names of the boolean type of numpy, which versions before 2 accept as an index.
_BOOLEANS = ("bool", "bool_")


def exact_text(value: object) -> str | None:
    """Return the characters of a str, or of an instance of a subclass; else None."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    # isinstance() also accepts an object whose __class__ is str, such as a mock.
    if not issubclass(kind, str):
        return None
    return str.__str__(value)  # pyright: ignore[reportArgumentType]


def exact_int(value: object) -> int | None:
    """Return an int, or any other integer type (``__index__``), as an int; else None.

    Booleans are not integers here, and neither is an array with one element.
    """
    kind = type(value)
    if kind is int:
        return value  # type: ignore[return-value]
    if kind.__name__ in _BOOLEANS:
        return None
    if not issubclass(kind, int) and hasattr(value, "__len__"):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def exact_number(value: object) -> int | float | None:
    """Return an integer as `exact_int` does, or a float as a float; else None."""
    if issubclass(type(value), float):
        return float.__float__(value)  # type: ignore[arg-type]
    return exact_int(value)


def whole_number(value: object) -> int | None:
    """Return a number without a fraction as an int; else None.

    An int, a float such as 3600.0 or a Decimal, of Python or numpy. Numbers of more than 64
    bits are None, and booleans, too.
    """
    if (integer := exact_int(value)) is not None:
        return integer
    from decimal import Decimal
    from numbers import Real

    if type(value).__name__ in _BOOLEANS or not isinstance(value, Real | Decimal):
        return None
    # Convert a numpy number to Python's; numpy.float16(1) < 2**64 overflows.
    number: Any = getattr(value, "item", lambda: value)()
    try:
        # Check before int(), which would compute all digits of Decimal("1e999999").
        if not -(2**63) <= number < 2**64:
            return None
        whole = operator.index(int(number))
    except ArithmeticError:  # how a Decimal that is not a number compares
        return None
    return whole if whole == number else None


def has_no_dimensions(value: object) -> bool:
    """Return whether *value* is an array without dimensions, such as ``numpy.array(5)``.

    It has the methods of a sequence, but they fail. Do not pass a str or bytes.
    """
    return hasattr(value, "__iter__") and getattr(value, "shape", None) == ()
