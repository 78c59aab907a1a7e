"""Publish web pages into sessions, by Experience Composers: the service says renders."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.enums import Resolution
from tokbox.lazy import set_module
from tokbox.response_enums import RenderStatus
from tokbox.rest.models import base as record
from tokbox.rest.resources.base import Collection
from tokbox.rest.resources.token_resource import Joining
from tokbox.rest.validation import (
    RESOLUTIONS,
    given,
    one_of,
    optional,
    text,
    web_address,
    whole,
)

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["Render", "Renders"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Render(record.Owned):
    """Describe one Experience Composer as it was when the service answered."""

    _what = "a render"

    status: RenderStatus | str = record.word(RenderStatus)
    #: Why it stopped or failed, in words that the service spells in several ways.
    reason: str = record.text()
    event: str = record.text()
    #: The page that it shows.
    url: str = record.text()
    #: What it publishes, once it does.
    stream_id: str = record.text()
    name: str = record.text()
    resolution: str = record.text()
    callback_url: str = record.text("callbackUrl", "statusCallbackUrl")


@set_module("tokbox.types")
class Renders(Joining, Collection[Render]):
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
        properties = given(name=optional(text, "name", name, shortest=1, longest=200))
        body = {
            **self._credentials(session_id, token),
            "url": web_address("url", url),
            **given(
                maxDuration=optional(whole, "max_duration", max_duration, 60, 36_000),
                # Some SDKs offer four of these; the service knows all six.
                resolution=optional(one_of, "resolution", resolution, RESOLUTIONS),
                statusCallbackUrl=optional(
                    web_address, "status_callback_url", status_callback_url
                ),
                properties=properties or None,
            ),
        }
        return self._ask(Render, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> None:
        """Close the page.

        Raises ``NotFoundError`` if it is unknown or has stopped; with ``.attempts`` above 1
        that may mean that an earlier attempt worked though its answer was lost.
        """
        self._requester.request("DELETE", self._one(id), timeout=timeout)

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
