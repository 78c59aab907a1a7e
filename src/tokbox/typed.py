"""What programs need of `typing` when they run: that module is slow to import.

Type checkers take ``TYPE_CHECKING`` for true, and see the module itself.
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
        """Return *function*, whose place another one takes."""
        return function
