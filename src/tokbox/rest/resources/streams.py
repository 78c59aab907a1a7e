"""Look at the streams of a session, and arrange them by layout classes."""

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
    """Describe what one client publishes."""

    _label = "a stream"

    name: str = str_field()
    #: Empty for a stream of sound.
    video_type: VideoType | str = enum_field(VideoType)
    layout_classes: tuple[str, ...] = str_list_field("layoutClassList")


@set_module("tokbox.types")
class Streams(Resource):
    """Reach the streams of sessions, as ``tb.streams``.

    Until a first client has connected, the service knows nothing of a session and
    answers ``NotFoundError``.
    """

    __slots__ = ()

    _noun = "streams"

    def list(self, session_id: str, *, timeout: float | None = None) -> Page[Stream]:
        """Return all streams of a session."""
        return self._request_page(Stream, self._session_path(session_id, "stream"), timeout)

    def iter(self, session_id: str, *, timeout: float | None = None) -> Iterator[Stream]:
        """Return an iterator over what ``list`` gives, asked for at its first item."""
        path = self._session_path(session_id, "stream")
        return iter_list(lambda: self._request_page(Stream, path, timeout))

    def get(
        self, session_id: str, stream_id: str, *, timeout: float | None = None
    ) -> Stream:
        """Return one stream.

        Raises ``APIError`` for one that the session does not have; the service says
        status 408, not 404, if it is none of its ids.
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
        """Give streams the layout classes that archives and broadcasts arrange them by.

        *classes* maps the id of a stream to its classes, which replace those it has;
        ``[]`` takes them all away. For example, to show one stream large::

            tb.streams.set_layout_classes(session_id, {stream_id: ["focus"]})
        """
        path = self._session_path(session_id, "stream")
        if not isinstance(classes, Mapping) or not classes:
            raise InvalidInputError(
                "classes", classes, "map ids of streams to their classes"
            )
        items = [
            {
                "id": string("classes", stream_id, min_length=1),
                "layoutClassList": strings("classes", names),
            }
            for stream_id, names in classes.items()
        ]
        self._requester.request("PUT", path, json={"items": items}, timeout=timeout)
