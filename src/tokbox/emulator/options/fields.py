"""The members of a JSON object, taken one by one, each with its own rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokbox.emulator.errors import HTTPError

__all__ = ["Fields"]

#: The members that SDKs spell in several ways, in lower case and without underscores:
#: ``screensharetype`` and ``screenShareType``, ``low_latency``, ``maxBitRate``,
#: ``audio_rate``; and ``excludedStreams``, which older SDKs say.
_SPELLINGS = {
    "screensharetype": "screenshareType",
    "lowlatency": "lowLatency",
    "maxbitrate": "maxBitrate",
    "audiorate": "audioRate",
    "layoutclasslist": "layoutClassList",
    "excludedstreamids": "excludedStreamIds",
    "excludedstreams": "excludedStreamIds",
}
_WORDS = {"true": True, "false": False}


class Fields:
    """What a JSON object holds; every method takes one member out, or refuses with 400.

    An explicit null counts as absent, and members that nobody takes are ignored, as the
    service ignores the ``"action": "start"`` of very old clients. Where it is *strict*,
    :meth:`finish` refuses them, and other spellings of the known ones with them.
    """

    def __init__(self, body: Mapping[str, Any], *, strict: bool = False) -> None:
        given = {name: value for name, value in body.items() if value is not None}
        self._strict = strict
        self._left = given if strict else {**_respelled(given), **given}

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, name: str, default: Any = None) -> Any:
        """Return a member as it is."""
        return self._left.pop(name, default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a truth value."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise HTTPError(400, f"{name} must be true or false")
        return value

    def bool_or_text(self, name: str, *, default: bool) -> bool:
        """Return a truth value that may be the string ``true`` or ``false``."""
        value = self.take(name, default)
        if isinstance(value, str):
            value = _WORDS.get(value, value)
        if not isinstance(value, bool):
            raise HTTPError(400, f"{name} must be true or false")
        return value

    def text(self, name: str, *, minimum: int = 0, maximum: int | None = None) -> str:
        """Return a string of *least* to *most* characters; without it an empty one.

        An absent one is refused where *least* says that there must be something.
        """
        value = self.take(name, "")
        if not isinstance(value, str):
            raise HTTPError(400, f"{name} must be a string")
        if len(value) < minimum or (maximum is not None and len(value) > maximum):
            limits = (
                f"{minimum} to {maximum}" if maximum is not None else f"at least {minimum}"
            )
            raise HTTPError(400, f"{name} must have {limits} characters")
        return value

    def one_of(self, name: str, values: tuple[str, ...]) -> str:
        """Return a choice whose first value is the default."""
        value = self.take(name, values[0])
        if not (isinstance(value, str) and value in values):
            raise HTTPError(400, f"{name} must be {' or '.join(values)}")
        return value

    def number(
        self, name: str, minimum: int, maximum: int, *, default: int | None = None
    ) -> int:
        """Return a whole number, which must be there unless it has a *default*."""
        value = self.take(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not minimum <= value <= maximum
        ):
            raise HTTPError(
                400, f"{name} must be a whole number from {minimum} to {maximum}"
            )
        return value

    def texts(self, name: str, maximum: int | None = None) -> list[str]:
        """Return an array of strings, without it an empty one; *most* is its length."""
        value = self.take(name, [])
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise HTTPError(400, f"{name} must be an array of strings")
        if maximum is not None and len(value) > maximum:
            raise HTTPError(400, f"{name} may have {maximum} members")
        return value

    def inner(self, name: str, default: Mapping[str, Any] | None = None) -> Fields:
        """Return the members of an inner object, which must be there without *default*."""
        return self.nested(name, self.take(name, default))

    def nested(self, name: str, value: object) -> Fields:
        """Return the members of *value*, which stands somewhere below *name*."""
        if not isinstance(value, dict):
            raise HTTPError(400, f"{name} must be an object")
        return Fields(value, strict=self._strict)

    def finish(self) -> None:
        """Refuse what is left, where that is not to be ignored."""
        if self._strict and self._left:
            raise HTTPError(400, f"Unknown members: {', '.join(sorted(self._left))}")


def _respelled(given: dict[str, Any]) -> dict[str, Any]:
    names = {name: name.replace("_", "").lower() for name in given}
    return {
        _SPELLINGS[plain]: given[name]
        for name, plain in names.items()
        if plain in _SPELLINGS
    }
