"""Live broadcasts of sessions, over HLS and RTMP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
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
from tokbox.rest.resources.compositions import Composed, Composition, Compositions, compose
from tokbox.rest.validation import (
    absolute_url,
    boolean,
    integer,
    nested,
    omit_none,
    optional,
    secret,
    set_fields,
    string,
)
from tokbox.secrecy import strip_traceback

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "Broadcast",
    "BroadcastSettings",
    "BroadcastUrls",
    "Broadcasts",
    "Hls",
    "HlsSettings",
    "RtmpOutput",
    "RtmpTarget",
]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class RtmpOutput(Record):
    """The status of one RTMP output of a broadcast."""

    id: str = str_field()
    status: RtmpStatus | str = enum_field(RtmpStatus)
    server_url: str = str_field()
    #: Any holder can broadcast to the server, so it is not in the repr.
    stream_name: str = str_field(secret=True)


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastUrls(Record):
    """The URLs of a broadcast and their status; empty after it has stopped."""

    hls: str = str_field()
    hls_status: HlsStatus | str = enum_field(HlsStatus)
    #: In older responses, an object whose keys are the IDs.
    rtmp: tuple[RtmpOutput, ...] = nested_list_field(RtmpOutput, key="id")


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class HlsSettings(Record):
    """The HLS options of a broadcast."""

    dvr: bool | None = bool_field()
    low_latency: bool | None = bool_field()


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastSettings(Record):
    """The settings of a broadcast."""

    hls: HlsSettings | None = nested_field(HlsSettings)


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast(Composed):
    """The state of a live broadcast at the time of the response."""

    _label = "a broadcast"
    _required = ("id", "status")

    status: BroadcastStatus | str = enum_field(BroadcastStatus)
    event: str = str_field()
    #: Seconds after which it stops automatically.
    max_duration: int | None = int_field()
    multi_broadcast_tag: str = str_field()
    settings: BroadcastSettings = nested_field(BroadcastSettings, always=True)
    urls: BroadcastUrls = nested_field(BroadcastUrls, "broadcastUrls", always=True)


_MAX_TARGETS = 5


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True)
class Hls(PickledByName):
    """Options of an HLS output, which can have any number of viewers."""

    #: Allow viewers to rewind, up to two hours.
    dvr: bool | None = None
    #: Reduce the delay to about 5 seconds, from 15 to 20; cannot be combined with *dvr*.
    low_latency: bool | None = None

    def __post_init__(self) -> None:
        optional(boolean, "dvr", self.dvr)
        optional(boolean, "low_latency", self.low_latency)
        if self.dvr and self.low_latency:
            raise InvalidInputError(
                "low_latency", self.low_latency, "be False if dvr is True"
            )

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request."""
        return omit_none(dvr=self.dvr, lowLatency=self.low_latency)


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True)
class RtmpTarget(PickledByName):
    """An RTMP server to which a broadcast is sent."""

    #: ``rtmp://`` or ``rtmps://``.
    server_url: str
    #: Most servers call it a stream key. Any holder can broadcast to the server.
    stream_name: str = field(repr=False)
    #: Identifies the target within the broadcast.
    id: str | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            server_url=absolute_url("server_url", self.server_url, "rtmp", "rtmps"),
            stream_name=secret("stream_name", self.stream_name),
            id=optional(string, "id", self.id, min_length=1),
        )

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request, with the stream name."""
        return omit_none(id=self.id, serverUrl=self.server_url, streamName=self.stream_name)


@set_module("tokbox.types")
class Broadcasts(Compositions[Broadcast]):
    """The broadcasts of a project, available as ``tb.broadcasts``."""

    __slots__ = ()

    _noun = "broadcasts"
    _kind = Broadcast
    _segment = "broadcast"
    _id_field = "broadcast_id"

    def start(
        self,
        session_id: str,
        *,
        hls: Hls | bool = False,
        rtmp: RtmpTarget | Sequence[RtmpTarget] = (),
        max_duration: int | None = None,
        multi_broadcast_tag: str | None = None,
        timeout: float | None = None,
        **composition: Unpack[Composition],
    ) -> Broadcast:
        """Start broadcasting a routed session that has a connected client.

        The outputs are *hls* (``True``, or an :class:`Hls` with options), at most five
        *rtmp* targets, or both. *max_duration* is 60 to 36,000 seconds; the service's
        default has been two hours and four hours. To broadcast a session more than once at
        the same time, give each broadcast a different *multi_broadcast_tag*. For the other
        options (audio and video, streams, resolution, layout, bit rate) see
        :class:`~tokbox.rest.resources.compositions.Composition`.

        Raises ``NotFoundError`` if no client is connected, ``ConflictError`` if the session
        is relayed or already being broadcast under the same tag.
        """
        body = {
            "sessionId": self._check_session(session_id),
            "outputs": _outputs(hls, rtmp),
            **compose(**composition),
            **omit_none(
                maxDuration=optional(integer, "max_duration", max_duration, 60, 36_000),
                multiBroadcastTag=optional(
                    string, "multi_broadcast_tag", multi_broadcast_tag, min_length=1
                ),
            ),
        }
        return self._request(Broadcast, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> Broadcast:
        """Stop a broadcast. Raises ``NotFoundError`` if it is unknown or has stopped."""
        return self._request(Broadcast, "POST", self._item_path(id, "/stop"), None, timeout)


def _outputs(hls: Hls | bool, rtmp: RtmpTarget | Sequence[RtmpTarget]) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    if not isinstance(hls, bool):
        outputs["hls"] = nested("hls", hls, Hls)
    elif hls:
        outputs["hls"] = {}
    targets = [rtmp] if isinstance(rtmp, RtmpTarget) else rtmp
    if not isinstance(targets, list | tuple):
        rule = "be an RtmpTarget or a sequence of them"
        raise InvalidInputError("rtmp", None, rule, show=False)
    if targets:
        outputs["rtmp"] = _rtmp(targets)
    if not outputs:
        raise InvalidInputError(
            "hls", hls, "be True, or hls options, if rtmp has no target"
        )
    return outputs


def _rtmp(targets: Sequence[RtmpTarget]) -> list[dict[str, Any]]:
    found = [nested("rtmp", target, RtmpTarget) for target in targets]
    if len(found) > _MAX_TARGETS:
        rule = f"have at most {_MAX_TARGETS} targets"
        raise InvalidInputError("rtmp", None, f"{rule}, not {len(found)}", show=False)
    ids = [target["id"] for target in found if "id" in target]
    for number, id in enumerate(ids):
        if id in ids[:number]:
            raise InvalidInputError("rtmp", id, "have targets with different IDs")
    return found
