"""The streams of a session, and their layout classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.response_enums import VideoType
from tokbox.rest.models.base import Entity, enum_field, str_field, str_list_field
from tokbox.rest.models.page import iter_list
from tokbox.rest.resources.base import Resource
from tokbox.rest.validation import identifier, string, strings

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["Stream", "Streams"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Entity):
    """One stream that a client publishes."""

    _label = "a stream"

    name: str = str_field()
    #: Empty for an audio-only stream.
    video_type: VideoType | str = enum_field(VideoType)
    layout_classes: tuple[str, ...] = str_list_field("layoutClassList")


@set_module("tokbox.types")
class Streams(Resource):
    """The streams of sessions, available as ``tb.streams``.

    Until a first client has connected, a session is unknown to the service, which responds
    with ``NotFoundError``.
    """

    __slots__ = ()

    _noun = "streams"

    def list(self, session_id: str, *, timeout: float | None = None) -> Page[Stream]:
        """Return all streams of a session."""
        return self._request_page(Stream, self._session_path(session_id, "stream"), timeout)

    def iter(self, session_id: str, *, timeout: float | None = None) -> Iterator[Stream]:
        """Return an iterator over the items of ``list``, requested at the first item."""
        path = self._session_path(session_id, "stream")
        return iter_list(lambda: self._request_page(Stream, path, timeout))

    def get(
        self, session_id: str, stream_id: str, *, timeout: float | None = None
    ) -> Stream:
        """Return one stream.

        Raises ``APIError`` if the session has no such stream. The status is 408, not 404,
        if *stream_id* is not a valid stream ID.
        """
        part = identifier("stream_id", stream_id)
        path = self._session_path(session_id, f"stream/{part}")
        return self._request(Stream, "GET", path, None, timeout)

    def set_layout_classes(
        self,
        session_id: str,
        classes: Mapping[str, Sequence[str]],
        *,
        timeout: float | None = None,
    ) -> None:
        """Set the layout classes of streams, used by archives and broadcasts.

        *classes* maps the ID of each stream to its new classes, which replace the old ones;
        ``[]`` removes all. For example, to show one stream large::

            tb.streams.set_layout_classes(session_id, {stream_id: ["focus"]})
        """
        path = self._session_path(session_id, "stream")
        if not isinstance(classes, Mapping) or not classes:
            raise InvalidInputError("classes", classes, "map stream IDs to their classes")
        items = [
            {
                "id": string("classes", stream_id, min_length=1),
                "layoutClassList": strings("classes", names),
            }
            for stream_id, names in classes.items()
        ]
        self._requester.request("PUT", path, json={"items": items}, timeout=timeout)
