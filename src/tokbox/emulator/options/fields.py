"""Readers for the fields of JSON objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokbox.emulator.errors import HTTPError

__all__ = ["Fields"]

#: Fields that SDKs spell differently, in lower case and without underscores:
#: ``screensharetype`` and ``screenShareType``, ``low_latency``, ``maxBitRate``,
#: ``audio_rate``; and ``excludedStreams`` of older SDKs.
_ALIASES = {
    "screensharetype": "screenshareType",
    "lowlatency": "lowLatency",
    "maxbitrate": "maxBitrate",
    "audiorate": "audioRate",
    "layoutclasslist": "layoutClassList",
    "excludedstreamids": "excludedStreamIds",
    "excludedstreams": "excludedStreamIds",
}
_BOOLS = {"true": True, "false": False}


class Fields:
    """The fields of a JSON object; every method removes and returns one of them.

    An invalid value raises :class:`HTTPError` with status 400. An explicit null counts as
    absent. Unknown fields are ignored, as the service ignores the ``"action": "start"`` of
    old clients. In *strict* mode :meth:`finish` refuses unknown fields, and alternative
    spellings of known ones.
    """

    def __init__(self, body: Mapping[str, Any], *, strict: bool = False) -> None:
        given = {name: value for name, value in body.items() if value is not None}
        self._strict = strict
        self._left = given if strict else {**_normalize_names(given), **given}

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def pop(self, name: str, default: Any = None) -> Any:
        """Return a field of any type."""
        return self._left.pop(name, default)

    def read_bool(self, name: str, *, default: bool) -> bool:
        """Return a bool, which may also be the string ``true`` or ``false``."""
        value = self.pop(name, default)
        if isinstance(value, str):
            value = _BOOLS.get(value.lower(), value)
        if not isinstance(value, bool):
            raise HTTPError(400, f"{name} must be true or false")
        return value

    def read_str(
        self, name: str, *, min_length: int = 0, max_length: int | None = None
    ) -> str:
        """Return a string of *min_length* to *max_length* characters.

        An absent field is an empty string, which is invalid if *min_length* is more than 0.
        """
        value = self.pop(name, "")
        if not isinstance(value, str):
            raise HTTPError(400, f"{name} must be a string")
        if len(value) < min_length or (max_length is not None and len(value) > max_length):
            limits = (
                f"{min_length} to {max_length}"
                if max_length is not None
                else f"at least {min_length}"
            )
            raise HTTPError(400, f"{name} must have {limits} characters")
        return value

    def read_enum(self, name: str, values: tuple[str, ...]) -> str:
        """Return one of *values*; the first one is the default."""
        value = self.pop(name, values[0])
        if not (isinstance(value, str) and value in values):
            raise HTTPError(400, f"{name} must be {' or '.join(values)}")
        return value

    def read_int(
        self, name: str, minimum: int, maximum: int, *, default: int | None = None
    ) -> int:
        """Return an integer from *minimum* to *maximum*; required without a *default*."""
        value = self.pop(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not minimum <= value <= maximum
        ):
            raise HTTPError(
                400, f"{name} must be a whole number from {minimum} to {maximum}"
            )
        return value

    def read_strings(self, name: str, max_items: int | None = None) -> list[str]:
        """Return an array of at most *max_items* strings; an absent array is empty."""
        value = self.pop(name, [])
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise HTTPError(400, f"{name} must be an array of strings")
        if max_items is not None and len(value) > max_items:
            raise HTTPError(400, f"{name} may have {max_items} members")
        return value

    def read_object(self, name: str, default: Mapping[str, Any] | None = None) -> Fields:
        """Return the fields of an object; without a *default* it is required."""
        return self.nested(name, self.pop(name, default))

    def nested(self, name: str, value: object) -> Fields:
        """Return the fields of *value*, which is part of the field *name*."""
        if not isinstance(value, dict):
            raise HTTPError(400, f"{name} must be an object")
        return Fields(value, strict=self._strict)

    def finish(self) -> None:
        """Refuse unknown fields in strict mode."""
        if self._strict and self._left:
            raise HTTPError(400, f"Unknown members: {', '.join(sorted(self._left))}")


def _normalize_names(given: dict[str, Any]) -> dict[str, Any]:
    names = {name: name.replace("_", "").lower() for name in given}
    return {
        _ALIASES[plain]: given[name] for name, plain in names.items() if plain in _ALIASES
    }
