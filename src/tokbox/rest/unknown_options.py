"""Refuse unknown options of methods with ``**options``."""

from __future__ import annotations

import functools
from types import FunctionType

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Class = TypeVar("_Class", bound=type)

__all__ = ["has_options", "refuse_unknown_options"]

#: A bit of ``co_flags``: `inspect`, which names it, is slow to import.
_VAR_KEYWORDS = 0x08


def refuse_unknown_options(cls: _Class) -> _Class:
    """Wrap the methods of *cls* that have ``**options``, so that they call `check_call`."""
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and has_options(member):
            setattr(cls, name, _checked(member))
    return cls


def has_options(call: Any) -> bool:
    """Return whether *call* has ``**options``."""
    while hasattr(call, "__wrapped__"):
        call = call.__wrapped__
    return bool(call.__code__.co_flags & _VAR_KEYWORDS)


def _checked(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def method(self: object, /, *args: Any, **options: Any) -> Any:
        from tokbox.rest.http.options import check_call

        check_call(self, call, options)
        return call(self, *args, **options)

    return method
