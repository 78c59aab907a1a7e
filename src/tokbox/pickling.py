"""Pickles that name their fields, so that a later version can read them."""

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
    """Make a pickled object again. Pickles contain the name of this function.

    A field that this version does not have is left out, and a field that the pickle does
    not have gets its default.
    """
    names = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    return kind(**{name: value for name, value in values.items() if name in names})
