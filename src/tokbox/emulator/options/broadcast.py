"""Options of a broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.options.composition import (
    LAYOUT,
    read_bitrate,
    read_flags,
    read_layout,
    read_resolution,
)
from tokbox.emulator.options.fields import Fields

__all__ = ["read_options"]

_MAX_TARGETS = 5


def read_options(
    fields: Fields, *, duration: int, new_id: Callable[[], str]
) -> dict[str, Any]:
    """Validate the options of a start request and fill in defaults.

    *duration* is the default for ``maxDuration`` in seconds; *new_id* creates the IDs of
    RTMP targets without one. An invalid value raises :class:`HTTPError` with status 400.
    """
    has_audio, has_video = read_flags(fields)
    options = {
        "hasAudio": has_audio,
        "hasVideo": has_video,
        "streamMode": fields.read_enum("streamMode", ("auto", "manual")),
        "multiBroadcastTag": fields.read_str("multiBroadcastTag"),
        "maxDuration": fields.read_int("maxDuration", 60, 36_000, default=duration),
        "maxBitrate": read_bitrate(fields),
        "resolution": read_resolution(fields),
        "layout": read_layout(fields.read_object("layout", LAYOUT)),
        **_outputs(fields.read_object("outputs"), new_id),
    }
    fields.finish()
    return options


def _outputs(fields: Fields, new_id: Callable[[], str]) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    if "hls" in fields:
        outputs["hls"] = _hls(fields.read_object("hls"))
    given = fields.pop("rtmp", [])
    # Some documentation allows one target instead of an array; one SDK always sends an
    # array, which may be empty.
    targets = [given] if isinstance(given, dict) else given
    if not isinstance(targets, list):
        raise HTTPError(400, "rtmp must be an array of targets")
    if len(targets) > _MAX_TARGETS:
        raise HTTPError(400, f"rtmp may have {_MAX_TARGETS} targets")
    if targets:
        outputs["rtmp"] = [_target(fields.nested("rtmp", item), new_id) for item in targets]
        if len({target["id"] for target in outputs["rtmp"]}) < len(targets):
            raise HTTPError(400, "The targets of rtmp must have different ids")
    if not outputs:
        raise HTTPError(400, "outputs must have hls or rtmp")
    fields.finish()
    return outputs


def _hls(fields: Fields) -> dict[str, bool]:
    settings = {
        "lowLatency": fields.read_bool("lowLatency", default=False),
        "dvr": fields.read_bool("dvr", default=False),
    }
    if all(settings.values()):
        raise HTTPError(400, "dvr and lowLatency exclude one another")
    fields.finish()
    return settings


def _target(fields: Fields, new_id: Callable[[], str]) -> dict[str, str]:
    target = {
        "id": fields.read_str("id") or new_id(),
        "serverUrl": fields.read_str("serverUrl", min_length=1),
        "streamName": fields.read_str("streamName", min_length=1),
    }
    try:
        parts = urlsplit(target["serverUrl"])
    except ValueError:
        raise HTTPError(400, "serverUrl must be a URL") from None
    if parts.scheme not in ("rtmp", "rtmps") or not parts.hostname:
        raise HTTPError(400, "serverUrl must be an rtmp or rtmps URL")
    fields.finish()
    return target
