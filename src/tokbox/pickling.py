"""Pickle objects by field name, so that later versions can load them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

__all__ = ["PickledByName"]

_T = TypeVar("_T")


class PickledByName:
    """A base for dataclasses whose fields may be added or reordered in a later version.

    Python pickles the fields of a frozen dataclass with slots by position.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        names = [each.name for each in fields(self) if each.init]  # type: ignore[arg-type]  # a dataclass
        return _restore, (type(self), {name: getattr(self, name) for name in names})


def _restore(kind: type[_T], values: Mapping[str, Any]) -> _T:
    """Restore a pickled object. Pickles contain the name of this function.

    Fields that this version does not have are ignored, and fields that are missing in the
    pickle get their defaults.
    """
    names = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    return kind(**{name: value for name, value in values.items() if name in names})
