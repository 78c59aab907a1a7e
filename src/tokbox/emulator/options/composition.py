"""Options that archives and broadcasts have in common."""

from __future__ import annotations

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.model.records import Selection
from tokbox.emulator.options.fields import Fields

__all__ = [
    "DEFAULT_RESOLUTION",
    "LAYOUT",
    "RESOLUTIONS",
    "read_bitrate",
    "read_flags",
    "read_layout",
    "read_resolution",
    "read_selection",
]

RESOLUTIONS = frozenset(
    {"640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"}
)
DEFAULT_RESOLUTION = "640x480"
_DEFAULT_BITRATE = 2_000_000

_SCREEN_LAYOUTS = frozenset(
    {"bestFit", "horizontalPresentation", "pip", "verticalPresentation"}
)
_LAYOUTS = _SCREEN_LAYOUTS | {"custom"}
#: The default layout.
LAYOUT = {"type": "bestFit"}


def read_flags(fields: Fields) -> tuple[bool, bool]:
    """Read ``hasAudio`` and ``hasVideo``; at least one must be true."""
    has_audio = fields.read_bool("hasAudio", default=True)
    has_video = fields.read_bool("hasVideo", default=True)
    if not (has_audio or has_video):
        raise HTTPError(400, "hasAudio and hasVideo cannot both be false")
    return has_audio, has_video


def read_resolution(fields: Fields, default: str = DEFAULT_RESOLUTION) -> str:
    """Read one of the six resolutions."""
    resolution = fields.pop("resolution", default)
    if not (isinstance(resolution, str) and resolution in RESOLUTIONS):
        raise HTTPError(400, "Invalid resolution")
    return resolution


def read_bitrate(fields: Fields) -> int:
    """Read the maximum bit rate in bit/s; the limits are the widest documented ones."""
    return fields.read_int("maxBitrate", 100_000, 6_000_000, default=_DEFAULT_BITRATE)


def read_layout(fields: Fields) -> dict[str, str]:
    """Read a layout."""
    kind = fields.pop("type")
    if not (isinstance(kind, str) and kind in _LAYOUTS):
        raise HTTPError(400, "Invalid layout type")
    layout = {"type": kind}
    stylesheet = fields.pop("stylesheet")
    if kind == "custom":
        if not (isinstance(stylesheet, str) and stylesheet):
            raise HTTPError(400, "Invalid layout: type custom needs a stylesheet")
        layout["stylesheet"] = stylesheet
    elif stylesheet is not None:
        raise HTTPError(400, "Invalid layout: a stylesheet needs type custom")
    screens = fields.pop("screenshareType")
    if screens is not None:
        if kind != "bestFit":
            raise HTTPError(400, "Invalid layout: screenshareType needs type bestFit")
        if not (isinstance(screens, str) and screens in _SCREEN_LAYOUTS):
            raise HTTPError(400, "Invalid layout: unknown screenshareType")
        layout["screenshareType"] = screens
    fields.finish()
    return layout


def read_selection(fields: Fields) -> tuple[str, Selection | None]:
    """Read ``addStream`` or ``removeStream``.

    Returns the stream ID, and its selection if the stream is added.
    """
    if ("addStream" in fields) == ("removeStream" in fields):
        raise HTTPError(400, "Exactly one of addStream and removeStream is needed")
    adds = "addStream" in fields
    stream_id = fields.pop("addStream" if adds else "removeStream")
    if not isinstance(stream_id, str):
        raise HTTPError(400, "A stream id must be a string")
    selection = Selection(stream_id, *read_flags(fields)) if adds else None
    fields.finish()
    return stream_id, selection
