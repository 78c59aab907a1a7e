"""Shared parts of archives and broadcasts, which compose a session's streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from tokbox.enums import StreamMode
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.literals import LayoutName, Resolution, ScreenshareLayoutName, StreamModeName
from tokbox.rest.models.base import (
    Record,
    SessionEntity,
    bool_field,
    enum_field,
    int_field,
    nested_list_field,
    str_field,
)
from tokbox.rest.resources.base import Collection
from tokbox.rest.resources.layouts import Layout
from tokbox.rest.validation import (
    RESOLUTIONS,
    boolean,
    choice,
    integer,
    omit_none,
    optional,
    string,
)

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["ChosenStream", "Composed", "Composition", "Compositions", "compose"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenStream(Record):
    """Which media of one stream are used, in ``StreamMode.MANUAL``."""

    stream_id: str = str_field()
    has_audio: bool | None = bool_field()
    has_video: bool | None = bool_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed(SessionEntity):
    """Fields that archives and broadcasts share."""

    has_audio: bool | None = bool_field()
    has_video: bool | None = bool_field()
    stream_mode: StreamMode | str = enum_field(StreamMode)
    #: The resolution of a composed video, for example ``1280x720``.
    resolution: str = str_field()
    #: Bits per second. The service has used two spellings.
    max_bitrate: int | None = int_field("maxBitrate", "maxBitRate")
    #: Present only while it is running, and only in ``StreamMode.MANUAL``.
    streams: tuple[ChosenStream, ...] = nested_list_field(ChosenStream)


class Composition(TypedDict, total=False):
    """Options that archives and broadcasts share.

    - *has_audio*, *has_video*: whether to include audio and video; one must be true.
    - *stream_mode*: include all streams, or only those that ``add_stream`` adds.
    - *resolution*: of a composed video, ``640x480`` (the service's default),
      ``1280x720``, ``1920x1080``, or one of these in portrait orientation.
    - *layout*: of a composed video, a :class:`Layout` or its name; *stylesheet* and
      *screenshare_type* are the other fields of a layout.
    - *max_bitrate*: of a composed video, 100,000 to 6,000,000 bits/s.
    """

    has_audio: bool
    has_video: bool
    stream_mode: StreamMode | StreamModeName
    resolution: Resolution | None
    layout: Layout | LayoutName | None
    stylesheet: str | None
    screenshare_type: ScreenshareLayoutName | None
    max_bitrate: int | None


def compose(
    *,
    has_audio: bool = True,
    has_video: bool = True,
    stream_mode: StreamMode | StreamModeName = StreamMode.AUTO,
    resolution: Resolution | None = None,
    layout: Layout | LayoutName | None = None,
    stylesheet: str | None = None,
    screenshare_type: ScreenshareLayoutName | None = None,
    max_bitrate: int | None = None,
) -> dict[str, Any]:
    """Return the request properties for the options of :class:`Composition`."""
    chosen = Layout._build(layout, stylesheet, screenshare_type)
    return {
        **media(has_audio, has_video),
        "streamMode": choice("stream_mode", stream_mode, StreamMode),
        **omit_none(
            resolution=optional(choice, "resolution", resolution, RESOLUTIONS),
            layout=None if chosen is None else chosen._to_json(),
            # Some documents say at least 1,000,000 for archives and 400,000 to 2,000,000
            # for broadcasts; these are the widest documented bounds.
            maxBitrate=optional(integer, "max_bitrate", max_bitrate, 100_000, 6_000_000),
        ),
    }


def media(has_audio: bool, has_video: bool) -> dict[str, Any]:
    """Return the request properties that select audio and video."""
    body = {
        "hasAudio": boolean("has_audio", has_audio),
        "hasVideo": boolean("has_video", has_video),
    }
    if not any(body.values()):
        raise InvalidInputError("has_video", has_video, "be True if has_audio is False")
    return body


_Composed = TypeVar("_Composed", bound=Composed)


class Compositions(Collection[_Composed]):
    """Methods that archives and broadcasts share."""

    __slots__ = ()

    def list(
        self,
        session_id: str | None = None,
        *,
        offset: int = 0,
        count: int | None = None,
        timeout: float | None = None,
    ) -> Page[_Composed]:
        """Return one page, newest first, for the project or for one session.

        *count* is at most 1000; the service's default is 50.
        """
        return self._list(offset, count, session_id, timeout)

    def iter(
        self,
        session_id: str | None = None,
        *,
        page_size: int = 100,
        timeout: float | None = None,
    ) -> Iterator[_Composed]:
        """Return an iterator over all items, newest first.

        Pages are requested when they are needed; *timeout* applies to each request. The
        iteration is safe if items are added or deleted meanwhile: no item is returned
        twice, and an item that exists during the whole iteration is always returned.
        """
        if session_id is not None:
            session_id = self._check_session(session_id)
        return self._iter(
            page_size,
            lambda offset, count: self.list(
                session_id, offset=offset, count=count, timeout=timeout
            ),
        )

    def set_layout(
        self,
        id: str,
        /,
        layout: Layout | LayoutName | None = None,
        *,
        stylesheet: str | None = None,
        screenshare_type: ScreenshareLayoutName | None = None,
        timeout: float | None = None,
    ) -> None:
        """Change the layout of a running composed video."""
        chosen = Layout._build(layout, stylesheet, screenshare_type)
        if chosen is None:
            raise InvalidInputError("layout", None, "be a Layout or its parts")
        path = self._item_path(id, "/layout")
        self._requester.request("PUT", path, json=chosen._to_json(), timeout=timeout)

    def add_stream(
        self,
        id: str,
        /,
        stream_id: str,
        *,
        has_audio: bool = True,
        has_video: bool = True,
        timeout: float | None = None,
    ) -> None:
        """Add a stream, or only its audio or video, in ``StreamMode.MANUAL``.

        Adding a stream again changes which of its media are used. Raises ``APIError`` with
        status 405 if the stream mode is ``StreamMode.AUTO``.
        """
        added = string("stream_id", stream_id, min_length=1)
        body = {"addStream": added, **media(has_audio, has_video)}
        path = self._item_path(id, "/streams")
        self._requester.request("PATCH", path, json=body, timeout=timeout)

    def remove_stream(
        self, id: str, /, stream_id: str, *, timeout: float | None = None
    ) -> None:
        """Remove a stream, in ``StreamMode.MANUAL``."""
        path = self._item_path(id, "/streams")
        body = {"removeStream": string("stream_id", stream_id, min_length=1)}
        self._requester.request("PATCH", path, json=body, timeout=timeout)
