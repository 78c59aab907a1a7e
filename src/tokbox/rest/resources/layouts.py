"""Layouts of the streams in a composed video."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import get_args

from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.literals import LayoutName, ScreenshareLayoutName
from tokbox.pickling import PickledByName
from tokbox.rest.validation import choice, optional, set_fields, string
from tokbox.secrecy import safe_repr

__all__ = ["Layout"]

_SCREENSHARE_TYPES = get_args(ScreenshareLayoutName)
_TYPES = get_args(LayoutName)


@set_module("tokbox")
@safe_repr
@dataclass(frozen=True, slots=True)
class Layout(PickledByName):
    """A predefined layout, or a stylesheet with ``type="custom"``.

    Raises ``InvalidInputError`` for combinations that the service rejects: ``custom``
    requires a stylesheet, which other types cannot have, and only ``bestFit`` can have a
    screenshare type.
    """

    type: LayoutName = "bestFit"
    _: KW_ONLY
    stylesheet: str | None = None
    screenshare_type: ScreenshareLayoutName | None = None

    def __post_init__(self) -> None:
        kind = choice("layout", self.type, _TYPES)
        if kind == "custom" and self.stylesheet is None:
            raise InvalidInputError("stylesheet", None, 'be given with the layout "custom"')
        stylesheet = optional(string, "stylesheet", self.stylesheet, min_length=1)
        if stylesheet is not None and kind != "custom":
            raise InvalidInputError(
                "stylesheet", stylesheet, 'be given only with the layout "custom"'
            )
        field, shared = "screenshare_type", self.screenshare_type
        screenshare_type = optional(choice, field, shared, _SCREENSHARE_TYPES)
        if screenshare_type is not None and kind != "bestFit":
            raise InvalidInputError(
                field, screenshare_type, 'be given only with the layout "bestFit"'
            )
        set_fields(
            self, type=kind, stylesheet=stylesheet, screenshare_type=screenshare_type
        )

    def _to_json(self) -> dict[str, str]:
        """Return the JSON object for the request."""
        body: dict[str, str] = {"type": self.type}
        if self.stylesheet is not None:
            body["stylesheet"] = self.stylesheet
        if self.screenshare_type is not None:
            body["screenshareType"] = self.screenshare_type
        return body

    @classmethod
    def _build(
        cls,
        layout: Layout | LayoutName | None,
        stylesheet: str | None,
        screenshare_type: ScreenshareLayoutName | None,
    ) -> Layout | None:
        """Return the layout from an object or from its fields; ``None`` without any."""
        if isinstance(layout, Layout):
            if stylesheet is not None or screenshare_type is not None:
                rule = "be a name if stylesheet or screenshare_type is given"
                raise InvalidInputError("layout", layout, rule)
            return layout
        if layout is None:
            if stylesheet is None and screenshare_type is None:
                return None
            layout = "bestFit" if stylesheet is None else "custom"
        return cls(layout, stylesheet=stylesheet, screenshare_type=screenshare_type)
