"""What a broadcast is, as the service tells it."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.lazy import set_module
from tokbox.response_enums import BroadcastStatus, HlsStatus, RtmpStatus
from tokbox.rest.models.base import (
    Record,
    bool_field,
    enum_field,
    int_field,
    nested_field,
    nested_list_field,
    str_field,
)
from tokbox.rest.resources.compositions import Composed

__all__ = ["Broadcast", "BroadcastSettings", "BroadcastUrls", "HlsSettings", "RtmpOutput"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class RtmpOutput(Record):
    """Tell how a broadcast to one server does."""

    id: str = str_field()
    status: RtmpStatus | str = enum_field(RtmpStatus)
    server_url: str = str_field()
    #: Whoever has it can broadcast there, so it is not in the repr.
    stream_name: str = str_field(secret=True)


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastUrls(Record):
    """Tell where a broadcast can be seen, and how that does; empty once it stopped."""

    hls: str = str_field()
    hls_status: HlsStatus | str = enum_field(HlsStatus)
    #: Older answers hold an object of them, by their ids.
    rtmp: tuple[RtmpOutput, ...] = nested_list_field(RtmpOutput, key="id")


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class HlsSettings(Record):
    """Tell what kind of HLS it is."""

    dvr: bool | None = bool_field()
    low_latency: bool | None = bool_field()


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastSettings(Record):
    """Tell how a broadcast was set up."""

    hls: HlsSettings | None = nested_field(HlsSettings)


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast(Composed):
    """Describe one live broadcast as it was when the service answered."""

    _what = "a broadcast"
    _needs = ("id", "status")

    status: BroadcastStatus | str = enum_field(BroadcastStatus)
    event: str = str_field()
    #: Seconds after which it ends by itself.
    max_duration: int | None = int_field()
    multi_broadcast_tag: str = str_field()
    settings: BroadcastSettings = nested_field(BroadcastSettings, always=True)
    urls: BroadcastUrls = nested_field(BroadcastUrls, "broadcastUrls", always=True)
