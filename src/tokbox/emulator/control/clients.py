"""The routes below ``/_emulator/``: what the service has no API for.

Simulated clients, the emulated clock, a fresh start, and a page that says what this is.
They need no credentials: whoever reaches the emulator may control it.
"""

from __future__ import annotations

from dataclasses import asdict

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import Call
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.records import Connection, Session
from tokbox.emulator.simulation import clients, engine
from tokbox.emulator.simulation.client_tokens import ROLES, ClientClaims

__all__ = [
    "OFFSET_SETTING",
    "advance_clock",
    "connect",
    "disconnect",
    "find_session",
    "index",
    "join",
    "publish",
    "read_clock",
    "reset",
    "unpublish",
    "unpublish_all",
]

#: The setting that keeps what the clock was advanced by, in milliseconds.
OFFSET_SETTING = "clock_offset_ms"
#: The furthest that one call may advance the clock: a hundred years, in seconds.
_MAX_ADVANCE = 100 * 365 * 86_400
_VIDEO_TYPES = ("camera", "screen", "custom")


def index(call: Call) -> Response:
    """``GET /_emulator/``: say what this is and what it holds, without secrets."""
    emulator = call.emulator
    return json_response(
        {
            "name": "tokbox emulator",
            "about": "A local stand-in for the OpenTok API; nothing leaves this machine.",
            "rules": asdict(emulator.rules),
            "now": call.now_ms,
            "projects": [
                {"apiKey": api_key, **emulator.store.counts(api_key)}
                for api_key in emulator.accounts.api_keys
            ],
            "applications": [
                {"applicationId": application_id, **emulator.store.counts(application_id)}
                for application_id in emulator.accounts.application_ids
            ],
        }
    )


def connect(call: Call) -> Response:
    """``POST /_emulator/session/{sessionId}/connection``: let a client join.

    The body is ``{"token": "...", "publish": true}``, and may say what is published:
    ``name`` and ``videoType``. The token is verified as the service would do it.
    """
    body = call.json_object()
    token, publishes = body.get("token"), body.get("publish", False)
    if not isinstance(publishes, bool):
        raise HTTPError(400, "publish must be true or false")
    name, video_type = _describe_stream(body)
    admission = clients.check_token(call.emulator, find_session(call), token)
    return _let_in(call, admission, publishes, name, video_type)


def join(call: Call) -> Response:
    """``POST /_emulator/session/{sessionId}/client``: let a client join without a token.

    The body may say ``role`` and ``data``, and ``publish``, ``name`` and ``videoType``
    as where it joins with one. The page does so, which knows no secrets.
    """
    body = call.json_object() if call.body else {}
    role, data = body.get("role", "publisher"), body.get("data", "")
    if not (isinstance(role, str) and role in ROLES):
        raise HTTPError(400, f"role must be one of {', '.join(sorted(ROLES))}")
    if not isinstance(data, str):
        raise HTTPError(400, "data must be a string")
    publishes = body.get("publish", False)
    if not isinstance(publishes, bool):
        raise HTTPError(400, "publish must be true or false")
    name, video_type = _describe_stream(body)
    # A suspended project lets nobody in, with a token or without.
    clients.check_owner(call.emulator, find_session(call))
    return _let_in(call, ClientClaims(role, data, ()), publishes, name, video_type)


def _let_in(
    call: Call, admission: ClientClaims, publishes: bool, name: str, video_type: str
) -> Response:
    connection = engine.connect(call.emulator, find_session(call), admission, call.now_ms)
    stream_id = None
    if publishes:
        # Refusing this undoes the connection too: the request is one transaction.
        stream_id = engine.publish(
            call.emulator,
            find_session(call),
            connection,
            call.now_ms,
            name=name,
            video_type=video_type,
        ).stream_id
    return json_response(
        {"connectionId": connection.connection_id, "streamId": stream_id}, 201
    )


def disconnect(call: Call) -> Response:
    """``DELETE /_emulator/session/{sessionId}/connection/{connectionId}``"""
    engine.disconnect(
        call.emulator, find_session(call), call.param("connection_id"), call.now_ms
    )
    return Response(status_code=204)


def publish(call: Call) -> Response:
    """``POST /_emulator/session/{sessionId}/connection/{connectionId}/stream``

    The body may be empty, or say ``name`` and ``videoType``.
    """
    name, video_type = _describe_stream(call.json_object() if call.body else {})
    session, connection = find_session(call), _connection(call)
    stream = engine.publish(
        call.emulator,
        session,
        connection,
        call.now_ms,
        name=name,
        video_type=video_type,
    )
    return json_response({"streamId": stream.stream_id}, 201)


def unpublish(call: Call) -> Response:
    """``DELETE /_emulator/session/{id}/connection/{connectionId}/stream/{streamId}``"""
    connection_id, stream_id = _connection(call).connection_id, call.param("stream_id")
    engine.unpublish(
        call.emulator, find_session(call), connection_id, stream_id, call.now_ms
    )
    return Response(status_code=204)


def unpublish_all(call: Call) -> Response:
    """``DELETE /_emulator/session/{sessionId}/connection/{connectionId}/stream``"""
    session, connection = find_session(call), _connection(call)
    for stream in call.emulator.store.streams_of(connection.connection_id):
        engine.unpublish(
            call.emulator,
            session,
            connection.connection_id,
            stream.stream_id,
            call.now_ms,
        )
    return Response(status_code=204)


def read_clock(call: Call) -> Response:
    """``GET /_emulator/clock``: the emulated time and its offset, in milliseconds."""
    return json_response({"now": call.now_ms, "offset": call.emulator.clock.offset_ms})


def advance_clock(call: Call) -> Response:
    """``POST /_emulator/clock``: move the time forward by ``{"advance": <seconds>}``.

    Everything that was due in between has happened when the answer arrives.
    """
    seconds = call.json_object().get("advance")
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= _MAX_ADVANCE
    ):
        raise HTTPError(
            400, f"advance must be a number of seconds from 0 to {_MAX_ADVANCE}"
        )
    step_ms = round(seconds * 1000)
    emulator = call.emulator
    offset_ms = emulator.clock.offset_ms + step_ms
    # In the store as well: after a restart time must not run backwards.
    emulator.store.set_setting(OFFSET_SETTING, str(offset_ms))
    engine.settle(emulator, call.now_ms + step_ms)
    emulator.clock.set_offset(offset_ms)
    return json_response({"now": call.now_ms + step_ms, "offset": offset_ms})


def reset(call: Call) -> Response:
    """``POST /_emulator/reset``: forget everything, the offset of the clock included."""
    call.emulator.store.clear()
    call.emulator.clock.set_offset(0)
    call.emulator.accounts.register(call.emulator.clock.now_ms())
    return Response(status_code=204)


def find_session(call: Call) -> Session:
    """Find the session that the path names, or refuse with 404."""
    session = call.emulator.store.session(call.param("session_id"))
    if session is None:
        raise HTTPError(404, "There is no such session")
    return session


def _connection(call: Call) -> Connection:
    session_id, connection_id = call.param("session_id"), call.param("connection_id")
    connection = call.emulator.store.connection(session_id, connection_id)
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
