"""A read-only dictionary."""

from __future__ import annotations

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeVar

    _Key = TypeVar("_Key")
    _Value = TypeVar("_Value")
else:
    _Key = _Value = object

__all__ = ["ReadOnlyDict"]


def _refuse(self: object, *args: object, **options: object) -> NoReturn:
    raise TypeError("this mapping is read-only: change a copy, dict(mapping), instead")


class ReadOnlyDict(dict[_Key, _Value]):
    """A dictionary whose items cannot be set or deleted.

    Unlike a ``MappingProxyType`` it can be pickled, copied and written as JSON. It raises
    TypeError when it is changed.
    """

    __slots__ = ()

    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    clear: Any = _refuse
    pop: Any = _refuse
    popitem: Any = _refuse
    setdefault: Any = _refuse
    update: Any = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        # The default sets the items one by one.
        return type(self), (dict(self),)
