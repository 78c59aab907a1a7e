"""Simulated clients that join, publish, unpublish and leave."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.records import Connection, Session
from tokbox.emulator.simulation import clients, engine
from tokbox.emulator.simulation.client_tokens import ROLES, ClientClaims

__all__ = [
    "connect",
    "disconnect",
    "find_session",
    "join",
    "publish",
    "unpublish",
    "unpublish_all",
]

_VIDEO_TYPES = ("camera", "screen", "custom")


def connect(context: RequestContext) -> Response:
    """``POST /_emulator/session/{sessionId}/connection``: connect a client.

    The body is ``{"token": "...", "publish": true}``, with optional ``name`` and
    ``videoType`` for the stream. The token is verified as the service would verify it.
    """
    body = context.json_object()
    token, publishes = body.get("token"), body.get("publish", False)
    if not isinstance(publishes, bool):
        raise HTTPError(400, "publish must be true or false")
    name, video_type = _describe_stream(body)
    claims = clients.check_token(context.emulator, find_session(context), token)
    return _connect(context, claims, publishes, name, video_type)


def join(context: RequestContext) -> Response:
    """``POST /_emulator/session/{sessionId}/client``: connect a client without a token.

    The body may have ``role`` and ``data``, and ``publish``, ``name`` and ``videoType`` as
    in :func:`connect`. The emulator's page uses this, because it has no secrets.
    """
    body = context.json_object() if context.body else {}
    role, data = body.get("role", "publisher"), body.get("data", "")
    if not (isinstance(role, str) and role in ROLES):
        raise HTTPError(400, f"role must be one of {', '.join(sorted(ROLES))}")
    if not isinstance(data, str):
        raise HTTPError(400, "data must be a string")
    publishes = body.get("publish", False)
    if not isinstance(publishes, bool):
        raise HTTPError(400, "publish must be true or false")
    name, video_type = _describe_stream(body)
    # A suspended project refuses all clients, also those without a token.
    clients.check_owner(context.emulator, find_session(context))
    return _connect(context, ClientClaims(role, data, ()), publishes, name, video_type)


def _connect(
    context: RequestContext,
    claims: ClientClaims,
    publishes: bool,
    name: str,
    video_type: str,
) -> Response:
    connection = engine.connect(
        context.emulator, find_session(context), claims, context.now_ms
    )
    stream_id = None
    if publishes:
        # An error here also rolls back the connection: the request is one transaction.
        stream_id = engine.publish(
            context.emulator,
            find_session(context),
            connection,
            context.now_ms,
            name=name,
            video_type=video_type,
        ).stream_id
    return json_response(
        {"connectionId": connection.connection_id, "streamId": stream_id}, 201
    )


def disconnect(context: RequestContext) -> Response:
    """``DELETE /_emulator/session/{sessionId}/connection/{connectionId}``"""
    engine.disconnect(
        context.emulator,
        find_session(context),
        context.param("connection_id"),
        context.now_ms,
    )
    return Response(status_code=204)


def publish(context: RequestContext) -> Response:
    """``POST /_emulator/session/{sessionId}/connection/{connectionId}/stream``

    The body may be empty, or have ``name`` and ``videoType``.
    """
    name, video_type = _describe_stream(context.json_object() if context.body else {})
    session, connection = find_session(context), _connection(context)
    stream = engine.publish(
        context.emulator,
        session,
        connection,
        context.now_ms,
        name=name,
        video_type=video_type,
    )
    return json_response({"streamId": stream.stream_id}, 201)


def unpublish(context: RequestContext) -> Response:
    """``DELETE /_emulator/session/{id}/connection/{connectionId}/stream/{streamId}``"""
    connection_id, stream_id = (
        _connection(context).connection_id,
        context.param("stream_id"),
    )
    engine.unpublish(
        context.emulator, find_session(context), connection_id, stream_id, context.now_ms
    )
    return Response(status_code=204)


def unpublish_all(context: RequestContext) -> Response:
    """``DELETE /_emulator/session/{sessionId}/connection/{connectionId}/stream``"""
    session, connection = find_session(context), _connection(context)
    for stream in context.emulator.store.streams_of(connection.connection_id):
        engine.unpublish(
            context.emulator,
            session,
            connection.connection_id,
            stream.stream_id,
            context.now_ms,
        )
    return Response(status_code=204)


def find_session(context: RequestContext) -> Session:
    """Return the session that the path names, or refuse with 404."""
    session = context.emulator.store.session(context.param("session_id"))
    if session is None:
        raise HTTPError(404, "There is no such session")
    return session


def _connection(context: RequestContext) -> Connection:
    session_id, connection_id = context.param("session_id"), context.param("connection_id")
    connection = context.emulator.store.connection(session_id, connection_id)
    if connection is None:
        raise HTTPError(404, "There is no such connection in the session")
    return connection


def _describe_stream(body: dict[str, object]) -> tuple[str, str]:
    name, video_type = body.get("name", ""), body.get("videoType", "camera")
    if not isinstance(name, str):
        raise HTTPError(400, "name must be a string")
    if not (isinstance(video_type, str) and video_type in _VIDEO_TYPES):
        raise HTTPError(400, f"videoType must be one of {', '.join(_VIDEO_TYPES)}")
    return name, video_type
