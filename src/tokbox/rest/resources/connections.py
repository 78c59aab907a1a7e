"""The clients that are connected to a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.lazy import set_module
from tokbox.response_enums import ConnectionState
from tokbox.rest.models.base import Entity, enum_field, str_field
from tokbox.rest.models.page import iter_list
from tokbox.rest.resources.base import Resource

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["Connection", "Connections"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Entity):
    """One client's connection."""

    _label = "a connection"

    id: str = str_field("connectionId", "id")
    state: ConnectionState | str = enum_field(ConnectionState, "connectionState", "state")


@set_module("tokbox.types")
class Connections(Resource):
    """The connections of sessions, available as ``tb.connections``.

    ``tb.moderation.disconnect`` ends a connection. Until a first client has connected, a
    session is unknown to the service, which responds with ``NotFoundError``.
    """

    __slots__ = ()

    _noun = "connections"

    def list(self, session_id: str, *, timeout: float | None = None) -> Page[Connection]:
        """Return all connections of a session."""
        return self._request_page(
            Connection, self._session_path(session_id, "connection"), timeout
        )

    def iter(
        self, session_id: str, *, timeout: float | None = None
    ) -> Iterator[Connection]:
        """Return an iterator over the items of ``list``, requested at the first item."""
        path = self._session_path(session_id, "connection")
        return iter_list(lambda: self._request_page(Connection, path, timeout))
