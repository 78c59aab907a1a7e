"""Base classes of resources: paths, requests, and responses read as models."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tokbox.errors import ProtocolError
from tokbox.rest.models.base import Entity, Record
from tokbox.rest.models.json_fields import JSONFields
from tokbox.rest.models.page import MAX_OFFSET, MAX_PAGE_SIZE, Page, iter_pages
from tokbox.rest.validation import identifier, integer
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.suggestions import refuse_unknown_options
from tokbox.tokens.claims import check_session_id

if TYPE_CHECKING:
    from tokbox.rest.http.requester import Requester

__all__ = ["Collection", "Resource", "read_model"]

_Record = TypeVar("_Record", bound=Record)
_Entity = TypeVar("_Entity", bound=Entity)


def read_model(
    kind: type[_Record],
    source: object,
    method: str,
    path: str,
    request_id: str | None,
    *,
    origin: str = "",
) -> _Record:
    """Return a response as a record. Raises ``ProtocolError`` if it is not valid."""
    record = kind._read(source, source, request_id) if isinstance(source, dict) else None
    if record is None or not all(getattr(record, name) for name in kind._required):
        problem = f"the response is not {kind._label} with {' and '.join(kind._required)}"
        raise ProtocolError(
            problem, method=method, path=path, origin=origin, request_id=request_id
        )
    return record


@safe_repr
class Resource:
    """Base class of the resources of a project.

    Every method accepts ``timeout``: the limit in seconds for the whole call, including
    retries and waits. None means the client's limit. Every method raises
    ``InvalidInputError`` before anything is sent, ``APIError`` if the service rejects the
    call and ``TransportError`` if there is no usable response.
    """

    __slots__ = ("_requester", "_root")

    #: The plural noun for the repr.
    _noun: str
    #: The path segment, and the name of the argument for an ID.
    _segment: str
    _id_field: str

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A public name later replaces __module__.
        module = sys.modules[cls.__module__]
        strip_traceback(refuse_unknown_options(lambda: vars(module))(cls))

    def __init__(self, requester: Requester) -> None:
        self._requester = requester
        self._root = requester.project

    def __repr__(self) -> str:
        return f"<{self._noun} of project {self._requester.owner_id}>"

    @property
    def _path(self) -> str:
        return f"{self._root}/{self._segment}"

    def _item_path(self, id: str, rest: str = "") -> str:
        return f"{self._path}/{identifier(self._id_field, id)}{rest}"

    def _check_session(self, session_id: str) -> str:
        return check_session_id(session_id, self._requester.owner_id).text

    def _session_path(
        self, session_id: str, rest: str, connection_id: str | None = None
    ) -> str:
        """Return the path of a session's resource, or of one client in the session."""
        part = identifier("session_id", self._check_session(session_id))
        if connection_id is not None:
            rest = f"connection/{identifier('connection_id', connection_id)}/{rest}"
        return f"{self._root}/session/{part}/{rest}"

    def _request(
        self,
        kind: type[_Record],
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        timeout: float | None,
    ) -> _Record:
        """Make a call whose response is a record."""
        answer = self._requester.request_json(method, path, json=body, timeout=timeout)
        source, request_id = answer
        origin = self._requester.origin
        return read_model(kind, source, method, path, request_id, origin=origin)

    def _request_page(
        self,
        kind: type[_Entity],
        path: str,
        timeout: float | None,
        params: Mapping[str, str | int] | None = None,
        offset: int = 0,
    ) -> Page[_Entity]:
        """Request a list with a count: ``{"count": ..., "items": [...]}``."""
        answer = self._requester.request_json("GET", path, params=params, timeout=timeout)
        source, request_id = answer
        if not isinstance(source, dict):
            source = {}
        fields = JSONFields(source)
        entities = self._entities(kind, path, fields.take("items"), request_id)
        total = fields.take_int("count")
        if total is None:
            total = offset + len(entities)
        return Page(
            items=entities,
            total=total,
            offset=offset,
            unknown=fields.unknown(),
            raw=source,
            request_id=request_id,
        )

    def _request_array(
        self, kind: type[_Entity], path: str, timeout: float | None
    ) -> Page[_Entity]:
        """Request a list that is a plain array: ``[...]``."""
        source, request_id = self._requester.request_json("GET", path, timeout=timeout)
        entities = self._entities(kind, path, source, request_id)
        return Page(items=entities, total=len(entities), request_id=request_id)

    def _entities(
        self, kind: type[_Entity], path: str, items: object, request_id: str | None
    ) -> tuple[_Entity, ...]:
        origin = self._requester.origin
        if not isinstance(items, list):
            raise ProtocolError(
                f"the response is not a list of {self._noun}",
                method="GET",
                path=path,
                origin=origin,
                request_id=request_id,
            )
        return tuple(
            read_model(kind, item, "GET", path, request_id, origin=origin) for item in items
        )


class Collection(Resource, Generic[_Entity]):
    """Base class of resources whose entities have a path and a paginated list."""

    __slots__ = ()

    _kind: type[_Entity]

    def get(self, id: str, /, *, timeout: float | None = None) -> _Entity:
        """Return one by its ID. Raises ``NotFoundError`` if the ID is unknown."""
        return self._request(self._kind, "GET", self._item_path(id), None, timeout)

    def _list(
        self,
        offset: int,
        count: int | None,
        session_id: str | None,
        timeout: float | None,
    ) -> Page[_Entity]:
        offset = integer("offset", offset, 0, MAX_OFFSET)
        params: dict[str, str | int] = {"offset": offset}
        if count is not None:
            params["count"] = integer("count", count, 0, MAX_PAGE_SIZE)
        if session_id is not None:
            params["sessionId"] = self._check_session(session_id)
        return self._request_page(self._kind, self._path, timeout, params, offset)

    def _iter(
        self, page_size: int, fetch: Callable[[int, int], Page[_Entity]]
    ) -> Iterator[_Entity]:
        # Validate now, not at the first item.
        page_size = integer("page_size", page_size, 1, MAX_PAGE_SIZE)
        return iter_pages(fetch, page_size, self._path)
