"""Options of an archive."""

from __future__ import annotations

from typing import Any

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.model.records import Session
from tokbox.emulator.options.composition import (
    DEFAULT_RESOLUTION,
    LAYOUT,
    read_bitrate,
    read_flags,
    read_layout,
    read_resolution,
)
from tokbox.emulator.options.fields import Fields

__all__ = ["automatic_options", "read_options"]

#: Options of composed archives only.
_COMPOSED_ONLY = ("resolution", "layout", "maxBitrate", "quantizationParameter")


def automatic_options(session: Session) -> dict[str, Any]:
    """Return the options of the archive that a session starts automatically."""
    options = read_options(
        Fields({"resolution": session.archive_resolution or DEFAULT_RESOLUTION})
    )
    if session.archive_name is not None:
        # The service replaces these characters, according to an official SDK's
        # documentation.
        options["name"] = session.archive_name.translate(str.maketrans("~-_", ":::"))
    return options


def read_options(fields: Fields) -> dict[str, Any]:
    """Validate the options of a start request and fill in defaults.

    An invalid value raises :class:`HTTPError` with status 400.
    """
    has_audio, has_video = read_flags(fields)
    output_mode = fields.read_enum("outputMode", ("composed", "individual"))
    options: dict[str, Any] = {
        "hasAudio": has_audio,
        "hasVideo": has_video,
        "outputMode": output_mode,
        "streamMode": fields.read_enum("streamMode", ("auto", "manual")),
        "multiArchiveTag": fields.read_str("multiArchiveTag"),
        "hasTranscription": fields.read_bool("hasTranscription", default=False),
    }
    if "name" in fields:
        options["name"] = fields.read_str("name")
    if output_mode == "individual":
        for name in _COMPOSED_ONLY:
            if name in fields:
                raise HTTPError(400, f"{name} is not supported with outputMode individual")
    else:
        options["resolution"] = read_resolution(fields)
        options["layout"] = read_layout(fields.read_object("layout", LAYOUT))
    if "maxBitrate" in fields and "quantizationParameter" in fields:
        raise HTTPError(400, "maxBitrate and quantizationParameter exclude one another")
    if "maxBitrate" in fields:
        options["maxBitrate"] = read_bitrate(fields)
    if "quantizationParameter" in fields:
        options["quantizationParameter"] = fields.read_int("quantizationParameter", 15, 40)
    if options["hasTranscription"]:
        if not has_audio:
            raise HTTPError(400, "hasTranscription needs hasAudio")
        options["transcriptionProperties"] = _transcription(
            fields.read_object("transcriptionProperties", {})
        )
    elif "transcriptionProperties" in fields:
        raise HTTPError(400, "transcriptionProperties need hasTranscription")
    fields.finish()
    return options


def _transcription(fields: Fields) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "primaryLanguageCode": fields.pop("primaryLanguageCode", "en-US"),
        "hasSummary": fields.read_bool("hasSummary", default=False),
    }
    if not isinstance(properties["primaryLanguageCode"], str):
        raise HTTPError(400, "primaryLanguageCode must be a string")
    fields.finish()
    return properties
