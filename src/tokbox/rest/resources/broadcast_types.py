"""What a broadcast is, as the service tells it."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.lazy import set_module
from tokbox.response_enums import BroadcastStatus, HlsStatus, RtmpStatus
from tokbox.rest.models import base as record
from tokbox.rest.resources.compositions import Composed

__all__ = ["Broadcast", "BroadcastSettings", "BroadcastUrls", "HlsSettings", "RtmpOutput"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class RtmpOutput(record.Record):
    """Tell how a broadcast to one server does."""

    id: str = record.text()
    status: RtmpStatus | str = record.word(RtmpStatus)
    server_url: str = record.text()
    #: Whoever has it can broadcast there, so it is not in the repr.
    stream_name: str = record.text(secret=True)


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastUrls(record.Record):
    """Tell where a broadcast can be seen, and how that does; empty once it stopped."""

    hls: str = record.text()
    hls_status: HlsStatus | str = record.word(HlsStatus)
    #: Older answers hold an object of them, by their ids.
    rtmp: tuple[RtmpOutput, ...] = record.parts(RtmpOutput, key="id")


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class HlsSettings(record.Record):
    """Tell what kind of HLS it is."""

    dvr: bool | None = record.flag()
    low_latency: bool | None = record.flag()


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastSettings(record.Record):
    """Tell how a broadcast was set up."""

    hls: HlsSettings | None = record.part(HlsSettings)


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast(Composed):
    """Describe one live broadcast as it was when the service answered."""

    _what = "a broadcast"
    _needs = ("id", "status")

    status: BroadcastStatus | str = record.word(BroadcastStatus)
    event: str = record.text()
    #: Seconds after which it ends by itself.
    max_duration: int | None = record.whole()
    multi_broadcast_tag: str = record.text()
    settings: BroadcastSettings = record.part(BroadcastSettings, always=True)
    urls: BroadcastUrls = record.part(BroadcastUrls, "broadcastUrls", always=True)
