"""Callback URLs for events; OpenTok only.

A Vonage application has its URLs in its settings, and these calls do not exist there.
The requests to these URLs are not signed: see :mod:`tokbox.webhooks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.lazy import set_module
from tokbox.literals import CallbackEvent, CallbackGroup
from tokbox.rest.models.base import Entity, str_field
from tokbox.rest.models.page import iter_list
from tokbox.rest.resources.base import Resource
from tokbox.rest.validation import absolute_url, choice

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["Callback", "Callbacks"]

#: The events of each group.
_EVENTS = {
    "connection": ("created", "destroyed"),
    "stream": ("created", "destroyed"),
    "archive": ("status",),
    "sip_call": ("created", "destroyed"),
}


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Entity):
    """A callback URL for one kind of event."""

    _label = "a callback"

    group: str = str_field()
    event: str = str_field()
    url: str = str_field()


@set_module("tokbox.types")
class Callbacks(Resource):
    """The callbacks of a project, available as ``tb.callbacks``."""

    __slots__ = ()

    _noun = "callbacks"
    _segment = "callback"
    _id_field = "callback_id"

    def create(
        self,
        group: CallbackGroup,
        event: CallbackEvent,
        url: str,
        *,
        timeout: float | None = None,
    ) -> Callback:
        """Register *url* as the callback for an event.

        Groups and their events are ``connection`` and ``stream`` with ``created`` and
        ``destroyed``, ``archive`` with ``status``, and ``sip_call`` with ``created`` and
        ``destroyed``.
        """
        name = choice("group", group, _EVENTS)
        body = {
            "group": name,
            "event": choice("event", event, _EVENTS[name]),
            "url": absolute_url("url", url, "http", "https"),
        }
        return self._request(Callback, "POST", self._path, body, timeout)

    def list(self, *, timeout: float | None = None) -> Page[Callback]:
        """Return all callbacks of the project."""
        return self._request_array(Callback, self._path, timeout)

    def iter(self, *, timeout: float | None = None) -> Iterator[Callback]:
        """Return an iterator over the items of ``list``, requested at the first item."""
        return iter_list(lambda: self.list(timeout=timeout))

    def delete(self, id: str, /, *, timeout: float | None = None) -> None:
        """Delete a callback."""
        self._requester.request("DELETE", self._item_path(id), timeout=timeout)
