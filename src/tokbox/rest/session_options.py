"""Keyword arguments of resource calls that sessions also have.

Each class names the arguments of one call other than the session and the required ones.
Type checkers use the classes, and :mod:`tokbox.suggestions` uses their names.
``tests/rest/test_session_calls.py`` checks that they match the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from tokbox.enums import OutputMode
from tokbox.literals import OutputModeName, Resolution
from tokbox.rest.resources.archives import TranscriptionProperties
from tokbox.rest.resources.broadcasts import Hls, RtmpTarget
from tokbox.rest.resources.compositions import Composition
from tokbox.rest.resources.sip import SipAuth

__all__ = [
    "ArchiveOptions",
    "BroadcastOptions",
    "CallOptions",
    "CaptionsOptions",
    "ClientOptions",
    "DialOptions",
    "MuteOptions",
    "RenderOptions",
    "SignalOptions",
    "TokenOptions",
]


class CallOptions(TypedDict, total=False):
    """The option of every call."""

    timeout: float | None


class ArchiveOptions(Composition, CallOptions, total=False):
    """Options of ``tb.archives.start``."""

    name: str | None
    output_mode: OutputMode | OutputModeName
    multi_archive_tag: str | None
    quantization_parameter: int | None
    has_transcription: bool
    transcription_properties: TranscriptionProperties | None


class BroadcastOptions(Composition, CallOptions, total=False):
    """Options of ``tb.broadcasts.start``."""

    hls: Hls | bool
    rtmp: RtmpTarget | Sequence[RtmpTarget]
    max_duration: int | None
    multi_broadcast_tag: str | None


class ClientOptions(CallOptions, total=False):
    """Options of ``tb.sip.play_dtmf``."""

    connection_id: str | None


class SignalOptions(ClientOptions, total=False):
    """Options of ``tb.signals.send``."""

    type: str | None


class MuteOptions(CallOptions, total=False):
    """Options of ``tb.moderation.mute_all``."""

    excluded_stream_ids: Iterable[str]


class TokenOptions(CallOptions, total=False):
    """Options of calls that join a session, such as ``tb.audio_connectors.start``."""

    token: str | None


class DialOptions(TokenOptions, total=False):
    """Options of ``tb.sip.dial``."""

    from_: str | None
    headers: Mapping[str, str] | None
    auth: SipAuth | None
    secure: bool | None
    video: bool | None
    observe_force_mute: bool | None
    streams: Iterable[str] | None


class CaptionsOptions(TokenOptions, total=False):
    """Options of ``tb.captions.start``."""

    language_code: str | None
    max_duration: int | None
    partial_captions: bool | None
    status_callback_url: str | None


class RenderOptions(TokenOptions, total=False):
    """Options of ``tb.renders.start``."""

    name: str | None
    resolution: Resolution | None
    max_duration: int | None
    status_callback_url: str | None
