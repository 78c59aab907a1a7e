"""Validate numbers, booleans and timeouts.

Each function accepts an argument's name and value. It returns the value as an exact
``bool``, ``int`` or ``float`` (see :mod:`tokbox.exact`) or raises ``InvalidInputError``.
"""

from __future__ import annotations

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_int, exact_number

__all__ = ["boolean", "integer", "seconds"]

_MAX_WAIT = 86_400


def boolean(field: str, value: object) -> bool:
    """Return *value* if it is a boolean; strings such as "false" are rejected."""
    if not isinstance(value, bool):
        raise InvalidInputError(field, value, "be True or False")
    return value


def seconds(field: str, value: object) -> float:
    """Return a positive, finite number of seconds; infinite waits are rejected."""
    rule = f"be a number of seconds, more than 0 and at most {_MAX_WAIT}"
    number = exact_number(value)
    if number is None or not 0 < number <= _MAX_WAIT:  # NaN is neither
        raise InvalidInputError(field, value, rule)
    return float(number)


def integer(field: str, value: object, lowest: int, highest: int | None = None) -> int:
    """Return *value* if it is an integer (a bool is not one) within the bounds."""
    bounds = f"of at least {lowest}" if highest is None else f"from {lowest} to {highest}"
    number = exact_int(value)
    if number is None or number < lowest or (highest is not None and number > highest):
        raise InvalidInputError(field, value, f"be a whole number {bounds}")
    return number
