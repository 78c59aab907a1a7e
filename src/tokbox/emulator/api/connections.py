"""The connections of a session."""

from __future__ import annotations

import uuid

from starlette.responses import Response

from tokbox.emulator.api.sessions import active_session
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import NO_CLIENTS, json_response
from tokbox.emulator.model.records import Connection, Session
from tokbox.emulator.store.accounts import is_application

__all__ = ["connection_id_of", "find_recipients", "list_all"]


def list_all(context: RequestContext) -> Response:
    """``GET P/session/{sessionId}/connection``"""
    session = active_session(context, context.param("session_id"))
    items = [
        {
            "connectionId": connection.connection_id,
            "connectionState": "Connected",
            "createdAt": connection.created_ms,
        }
        for connection in context.emulator.store.connections(session.session_id)
    ]
    owner = "projectId"
    if is_application(session.project_id):
        owner = context.emulator.rules.connection_owner
    return json_response(
        {
            "count": len(items),
            owner: session.project_id,
            "sessionId": session.session_id,
            "items": items,
        }
    )


def find_recipients(context: RequestContext) -> tuple[Session, list[Connection]]:
    """Return the session of the path, and the connections that the request addresses.

    These are all connections, or the one in the path. Raises :class:`HTTPError` with status
    404 if there are no clients or the one in the path is not connected.
    """
    session = active_session(context, context.param("session_id"))
    store = context.emulator.store
    if session.emptied_ms is not None:
        raise HTTPError(404, NO_CLIENTS)
    if "connection_id" not in context.request.path_params:
        return session, store.connections(session.session_id)
    connection = store.connection(session.session_id, connection_id_of(context))
    if connection is None:
        raise HTTPError(404, "The client is not connected to the session")
    return session, [connection]


def connection_id_of(context: RequestContext) -> str:
    """Return the connection ID in the path, or refuse an invalid one with 400."""
    connection_id = context.param("connection_id")
    try:
        uuid.UUID(connection_id)
    except ValueError:
        raise HTTPError(400, "Invalid connection id") from None
    return connection_id
