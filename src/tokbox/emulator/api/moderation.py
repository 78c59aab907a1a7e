"""Keeping order in a session: clients that must leave, streams that are muted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from tokbox.emulator.api import projects, streams
from tokbox.emulator.api.connections import connection_id_of
from tokbox.emulator.api.sessions import active_session
from tokbox.emulator.http.request import Call
from tokbox.emulator.http.responses import empty_response, json_response, ok_response
from tokbox.emulator.model.records import Session, Stream
from tokbox.emulator.simulation import clients, engine

__all__ = ["disconnect", "mute_all", "mute_stream"]


def disconnect(call: Call) -> Response:
    """``DELETE P/session/{sessionId}/connection/{connectionId}``"""
    session = active_session(call, call.param("session_id"))
    engine.disconnect(
        call.emulator,
        session,
        connection_id_of(call),
        call.now_ms,
        reason="forceDisconnected",
    )
    return Response(status_code=204)


def mute_stream(call: Call) -> Response:
    """``POST P/session/{sessionId}/stream/{streamId}/mute``"""
    session = active_session(call, call.param("session_id"))
    _mute(call, session, [streams.find(call, session, call.param("stream_id"))])
    return _reply(call)


def mute_all(call: Call) -> Response:
    """``POST P/session/{sessionId}/mute``: mute all streams but some, or end it.

    While it lasts, whoever begins to publish is muted too. What is muted stays so at its
    end: it is for the publisher to speak again.
    """
    session = active_session(call, call.param("session_id"))
    active, excluded = _read_muting(call)
    call.emulator.store.save_session(replace(session, muted=active))
    if active:
        present = call.emulator.store.streams(session.session_id)
        _mute(call, session, [item for item in present if item.stream_id not in excluded])
    return _reply(call)


def _read_muting(call: Call) -> tuple[bool, frozenset[str]]:
    fields = call.fields()
    # One SDK writes truth as text.
    active = fields.bool_or_text("active", default=True)
    excluded = frozenset(fields.texts("excludedStreamIds"))
    fields.finish()
    return active, excluded


def _mute(call: Call, session: Session, muted: Sequence[Stream]) -> None:
    for stream in muted:
        call.emulator.store.save_stream(replace(stream, muted=True))
    clients.tell_to_mute(call.emulator, session, muted, call.now_ms)


def _reply(call: Call) -> Response:
    kind = call.emulator.rules.mute_reply
    if kind == "project":
        # With the project's secret, as the service does it.
        return json_response(projects.describe(call.project))
    return ok_response() if kind == "message" else empty_response()
