"""What a call may ask of an archive: names, limits and what excludes what."""

from __future__ import annotations

from typing import Any

from tokbox.emulator.records import Session
from tokbox.emulator.replies import Refusal

__all__ = ["RESOLUTIONS", "automatic_options", "read_flags", "read_layout", "read_options"]

RESOLUTIONS = frozenset(
    {"640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"}
)
_DEFAULT_RESOLUTION = "640x480"

_SCREEN_LAYOUTS = frozenset(
    {"bestFit", "horizontalPresentation", "pip", "verticalPresentation"}
)
_LAYOUTS = _SCREEN_LAYOUTS | {"custom"}
#: Only what composes one picture has these.
_COMPOSED_ONLY = ("resolution", "layout", "maxBitrate", "quantizationParameter")


def automatic_options(session: Session) -> dict[str, Any]:
    """Return the options of the archive that a session starts by itself."""
    options = read_options(
        {"resolution": session.archive_resolution or _DEFAULT_RESOLUTION}
    )
    if session.archive_name is not None:
        # The service does so, by the documentation of an official SDK.
        options["name"] = session.archive_name.translate(str.maketrans("~-_", ":::"))
    return options


def read_options(body: dict[str, Any]) -> dict[str, Any]:
    """Check the body of a start call (nulls left out) and fill in the defaults.

    Refuses with 400. Unknown members are ignored, as the service ignores the
    ``"action": "start"`` of very old clients.
    """
    has_audio, has_video = read_flags(body)
    output_mode = _one_of(body, "outputMode", ("composed", "individual"))
    options: dict[str, Any] = {
        "hasAudio": has_audio,
        "hasVideo": has_video,
        "outputMode": output_mode,
        "streamMode": _one_of(body, "streamMode", ("auto", "manual")),
        "multiArchiveTag": _text(body, "multiArchiveTag"),
        "hasTranscription": _flag(body, "hasTranscription", default=False),
    }
    if "name" in body:
        options["name"] = _text(body, "name")
    if output_mode == "individual":
        for name in _COMPOSED_ONLY:
            if name in body:
                raise Refusal(400, f"{name} is not supported with outputMode individual")
    else:
        resolution = body.get("resolution", _DEFAULT_RESOLUTION)
        if not (isinstance(resolution, str) and resolution in RESOLUTIONS):
            raise Refusal(400, "Invalid resolution")
        options["resolution"] = resolution
        options["layout"] = read_layout(body.get("layout", {"type": "bestFit"}))
    if "maxBitrate" in body and "quantizationParameter" in body:
        raise Refusal(400, "maxBitrate and quantizationParameter exclude one another")
    if "maxBitrate" in body:
        options["maxBitrate"] = _number(body, "maxBitrate", 100_000, 6_000_000)
    if "quantizationParameter" in body:
        options["quantizationParameter"] = _number(body, "quantizationParameter", 15, 40)
    if "transcriptionProperties" in body:
        options["transcriptionProperties"] = _transcription(
            body["transcriptionProperties"], wanted=options["hasTranscription"]
        )
    return options


def read_layout(body: object) -> dict[str, str]:
    """Check a layout; refuse with 400.

    ``screenshareType`` is found in any mix of cases, of which SDKs send three.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid layout: it must be an object")
    kind = body.get("type")
    if not (isinstance(kind, str) and kind in _LAYOUTS):
        raise Refusal(400, "Invalid layout type")
    layout = {"type": kind}
    stylesheet = body.get("stylesheet")
    if kind == "custom":
        if not (isinstance(stylesheet, str) and stylesheet):
            raise Refusal(400, "Invalid layout: type custom needs a stylesheet")
        layout["stylesheet"] = stylesheet
    elif stylesheet is not None:
        raise Refusal(400, "Invalid layout: a stylesheet needs type custom")
    for name, value in body.items():
        if name.lower() != "screensharetype" or value is None:
            continue
        if kind != "bestFit":
            raise Refusal(400, "Invalid layout: screenshareType needs type bestFit")
        if not (isinstance(value, str) and value in _SCREEN_LAYOUTS):
            raise Refusal(400, "Invalid layout: unknown screenshareType")
        layout["screenshareType"] = value
    return layout


def read_flags(body: dict[str, Any]) -> tuple[bool, bool]:
    """Read ``hasAudio`` and ``hasVideo``, of which one must be true."""
    has_audio = _flag(body, "hasAudio", default=True)
    has_video = _flag(body, "hasVideo", default=True)
    if not (has_audio or has_video):
        raise Refusal(400, "hasAudio and hasVideo cannot both be false")
    return has_audio, has_video


def _flag(body: dict[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise Refusal(400, f"{name} must be true or false")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Refusal(400, f"{name} must be a string")
    return value


def _one_of(body: dict[str, Any], name: str, values: tuple[str, ...]) -> str:
    """Read a choice whose first value is the default."""
    value = body.get(name, values[0])
    if not (isinstance(value, str) and value in values):
        raise Refusal(400, f"{name} must be {' or '.join(values)}")
    return value


def _number(body: dict[str, Any], name: str, least: int, most: int) -> int:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refusal(400, f"{name} must be a whole number from {least} to {most}")
    return value


def _transcription(body: object, *, wanted: bool) -> dict[str, Any]:
    if not wanted:
        raise Refusal(400, "transcriptionProperties need hasTranscription")
    if not isinstance(body, dict):
        raise Refusal(400, "transcriptionProperties must be an object")
    properties: dict[str, Any] = {
        "hasSummary": _flag(body, "hasSummary", default=False),
    }
    if "primaryLanguageCode" in body:
        properties["primaryLanguageCode"] = _text(body, "primaryLanguageCode")
    return properties
