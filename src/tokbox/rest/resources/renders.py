"""Publish web pages into sessions, by Experience Composers: the service says renders."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.lazy import set_module
from tokbox.literals import Resolution
from tokbox.response_enums import RenderStatus
from tokbox.rest.models.base import SessionEntity, enum_field, str_field
from tokbox.rest.resources.base import Collection
from tokbox.rest.resources.token_resource import TokenResource
from tokbox.rest.validation import (
    RESOLUTIONS,
    choice,
    integer,
    omit_none,
    optional,
    string,
    web_url,
)

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["Render", "Renders"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Render(SessionEntity):
    """Describe one Experience Composer as it was when the service answered."""

    _label = "a render"

    status: RenderStatus | str = enum_field(RenderStatus)
    #: Why it stopped or failed, in words that the service spells in several ways.
    reason: str = str_field()
    event: str = str_field()
    #: The page that it shows.
    url: str = str_field()
    #: What it publishes, once it does.
    stream_id: str = str_field()
    name: str = str_field()
    resolution: str = str_field()
    callback_url: str = str_field("callbackUrl", "statusCallbackUrl")


@set_module("tokbox.types")
class Renders(TokenResource, Collection[Render]):
    """Reach the Experience Composers of a project, as ``tb.renders``."""

    __slots__ = ()

    _noun = "renders"
    _kind = Render
    _segment = "render"
    _id_field = "render_id"

    def start(
        self,
        session_id: str,
        url: str,
        *,
        token: str | None = None,
        name: str | None = None,
        resolution: Resolution | None = None,
        max_duration: int | None = None,
        status_callback_url: str | None = None,
        timeout: float | None = None,
    ) -> Render:
        """Open a public web page, and publish what it shows and plays to a session.

        *url* and *status_callback_url*, which is told of every change, have 15 to 2048
        characters, *name*, the published stream's, 1 to 200. *resolution* is
        ``1280x720`` if nothing else is said; *max_duration* 60 to 36,000 seconds, 7,200
        without it.

        Without a *token* the client signs one for a publisher, which is good for ten
        minutes.
        """
        properties = omit_none(
            name=optional(string, "name", name, min_length=1, max_length=200)
        )
        body = {
            **self._credentials(session_id, token),
            "url": web_url("url", url),
            **omit_none(
                maxDuration=optional(integer, "max_duration", max_duration, 60, 36_000),
                # Some SDKs offer four of these; the service knows all six.
                resolution=optional(choice, "resolution", resolution, RESOLUTIONS),
                statusCallbackUrl=optional(
                    web_url, "status_callback_url", status_callback_url
                ),
                properties=properties or None,
            ),
        }
        return self._request(Render, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> None:
        """Close the page.

        Raises ``NotFoundError`` if it is unknown or has stopped; with ``.attempts`` above 1
        that may mean that an earlier attempt worked though its answer was lost.
        """
        self._requester.request("DELETE", self._item_path(id), timeout=timeout)

    def list(
        self,
        *,
        offset: int = 0,
        count: int | None = None,
        timeout: float | None = None,
    ) -> Page[Render]:
        """Return one page, newest first.

        *count* is at most 1000; without it the service gives 50. Its ``total`` has been
        seen to be the length of the page only.
        """
        return self._list(offset, count, None, timeout)

    def iter(
        self, *, page_size: int = 100, timeout: float | None = None
    ) -> Iterator[Render]:
        """Return an iterator over all of them, newest first, that pages by itself.

        Pages are requested when they are needed; *timeout* applies to each request.
        """

        def fetch(offset: int, count: int) -> Page[Render]:
            page = self.list(offset=offset, count=count, timeout=timeout)
            # Whatever the service counts, there may be more behind a full page.
            least = offset + len(page) + (len(page) >= count)
            return dataclasses.replace(page, total=max(page.total, least))

        return self._iter(page_size, fetch)
