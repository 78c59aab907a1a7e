"""Take properties from a JSON object and keep the rest as unknown.

The service is not consistent about types: IDs are numbers or strings, and missing text is
``null``, ``""`` or absent. A property with a known name and type is parsed. All others
remain available in ``unknown``, so a new property or type does not cause an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from tokbox.readonly import ReadOnlyDict

__all__ = ["JSONFields"]


_BOOLS = {"true": True, "false": False}


class JSONFields:
    """Take properties from a JSON object; the remaining ones are unknown."""

    __slots__ = ("_remaining",)

    def __init__(self, source: Mapping[str, Any]) -> None:
        self._remaining = dict(source)

    def __contains__(self, name: str) -> bool:
        return name in self._remaining

    def take(self, name: str) -> Any:
        """Take a value of any type; ``None`` if it is absent."""
        return self._remaining.pop(name, None)

    def take_str(self, name: str) -> str:
        """Take a string. Absent and ``null`` become ``""``, an integer its digits."""
        value = self._remaining.get(name)
        if type(value) is str:
            del self._remaining[name]
            return value
        if value is None:
            value = ""
        elif isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return ""
        self._remaining.pop(name, None)
        return value

    def take_int(self, name: str) -> int | None:
        """Take an integer, or a float or digit string that represents one."""
        value = self._remaining.get(name)
        if type(value) is int:
            del self._remaining[name]
            return value
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            value = int(value)
        elif isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value) if len(value) <= 18 else value
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            return None
        self._remaining.pop(name, None)
        return value

    def take_bool(self, name: str) -> bool | None:
        """Take a boolean, which may also be the string ``true`` or ``false``."""
        value = self._remaining.get(name)
        if isinstance(value, str):
            value = _BOOLS.get(value.lower(), value)
        if value is not None and not isinstance(value, bool):
            return None
        self._remaining.pop(name, None)
        return value

    def take_object(self, name: str) -> Mapping[str, Any] | None:
        """Take an object."""
        value = self._remaining.get(name)
        if value is not None and not isinstance(value, dict):
            return None
        self._remaining.pop(name, None)
        return value

    def take_objects(
        self, name: str, key: str | None = None
    ) -> tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]:
        """Take an array of objects, all or nothing: each as parser input, and as sent.

        With *key*, an object of objects is also accepted: each name becomes that object's
        *key*.
        """
        value = self._remaining.get(name)
        if key is not None and isinstance(value, dict) and _all(value.values(), dict):
            del self._remaining[name]
            return tuple(({key: own, **item}, item) for own, item in value.items())
        return tuple((item, item) for item in self._array(name, value, dict))

    def take_str_list(self, name: str) -> tuple[str, ...]:
        """Take an array of strings, all or nothing."""
        return self._array(name, self._remaining.get(name), str)

    def _array(self, name: str, value: Any, kind: type) -> tuple[Any, ...]:
        if value is None:
            value = []
        if not isinstance(value, list) or not _all(value, kind):
            return ()
        self._remaining.pop(name, None)
        return tuple(value)

    def unknown(self) -> ReadOnlyDict[str, Any]:
        """Return the properties that were not taken, by the service's own names."""
        return ReadOnlyDict(self._remaining)


def _all(items: Iterable[object], kind: type) -> bool:
    return all(isinstance(item, kind) for item in items)
