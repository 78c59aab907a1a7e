"""Experience Composers, which publish web pages into sessions; the API says renders."""

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
    """The state of an Experience Composer at the time of the response."""

    _label = "a render"

    status: RenderStatus | str = enum_field(RenderStatus)
    #: Why it stopped or failed. The service uses several spellings of the same reason.
    reason: str = str_field()
    event: str = str_field()
    #: The URL of the page.
    url: str = str_field()
    #: The ID of the published stream, after it has started.
    stream_id: str = str_field()
    name: str = str_field()
    resolution: str = str_field()
    callback_url: str = str_field("callbackUrl", "statusCallbackUrl")


@set_module("tokbox.types")
class Renders(TokenResource, Collection[Render]):
    """The Experience Composers of a project, available as ``tb.renders``."""

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
        """Open a public web page and publish its video and audio to a session.

        *url* and *status_callback_url*, which receives every status change, have 15 to 2048
        characters. *name*, the name of the published stream, has 1 to 200. The default of
        *resolution* is ``1280x720``. *max_duration* is 60 to 36,000 seconds (the service's
        default is 7,200).

        Without a *token* the client signs a publisher token that is valid for ten minutes.
        """
        properties = omit_none(
            name=optional(string, "name", name, min_length=1, max_length=200)
        )
        body = {
            **self._credentials(session_id, token),
            "url": web_url("url", url),
            **omit_none(
                maxDuration=optional(integer, "max_duration", max_duration, 60, 36_000),
                # Some SDKs offer four of these; the service accepts all six.
                resolution=optional(choice, "resolution", resolution, RESOLUTIONS),
                statusCallbackUrl=optional(
                    web_url, "status_callback_url", status_callback_url
                ),
                properties=properties or None,
            ),
        }
        return self._request(Render, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> None:
        """Stop an Experience Composer.

        Raises ``NotFoundError`` if it is unknown or has stopped. If ``.attempts`` is above
        1, an earlier attempt may have stopped it and its response may have been lost.
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

        *count* is at most 1000; the service's default is 50. ``total`` of the page may be
        only the length of the page, as some responses have shown.
        """
        return self._list(offset, count, None, timeout)

    def iter(
        self, *, page_size: int = 100, timeout: float | None = None
    ) -> Iterator[Render]:
        """Return an iterator over all items, newest first.

        Pages are requested when they are needed; *timeout* applies to each request.
        """

        def fetch(offset: int, count: int) -> Page[Render]:
            page = self.list(offset=offset, count=count, timeout=timeout)
            # The count may be wrong, so a full page can be followed by another.
            least = offset + len(page) + (len(page) >= count)
            return dataclasses.replace(page, total=max(page.total, least))

        return self._iter(page_size, fetch)
