"""The names of `typing` that exist at run time, without its slow import.

Type checkers regard ``TYPE_CHECKING`` as true, and use the names of `typing`.
"""

from __future__ import annotations

__all__ = ["TYPE_CHECKING", "cast", "overload"]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import cast as cast
    from typing import overload as overload
else:

    def cast(kind, value):
        """Return *value*."""
        return value

    def overload(function):
        """Return *function*, which a later definition replaces."""
        return function
