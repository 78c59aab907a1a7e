"""Moderation of a session: disconnect clients and mute streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from tokbox.emulator.api import projects, streams
from tokbox.emulator.api.connections import connection_id_of
from tokbox.emulator.api.sessions import active_session
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import empty_response, json_response, ok_response
from tokbox.emulator.model.records import Session, Stream
from tokbox.emulator.simulation import clients, engine

__all__ = ["disconnect", "mute_all", "mute_stream"]


def disconnect(context: RequestContext) -> Response:
    """``DELETE P/session/{sessionId}/connection/{connectionId}``"""
    session = active_session(context, context.param("session_id"))
    engine.disconnect(
        context.emulator,
        session,
        connection_id_of(context),
        context.now_ms,
        reason="forceDisconnected",
    )
    return Response(status_code=204)


def mute_stream(context: RequestContext) -> Response:
    """``POST P/session/{sessionId}/stream/{streamId}/mute``"""
    session = active_session(context, context.param("session_id"))
    _mute(context, session, [streams.find(context, session, context.param("stream_id"))])
    return _reply(context)


def mute_all(context: RequestContext) -> Response:
    """``POST P/session/{sessionId}/mute``: mute all streams except some, or end muting.

    While muting is active, new streams are muted too. When it ends, muted streams stay
    muted until their publishers unmute them.
    """
    session = active_session(context, context.param("session_id"))
    active, excluded = _read_muting(context)
    context.emulator.store.save_session(replace(session, muted=active))
    if active:
        present = context.emulator.store.streams(session.session_id)
        _mute(
            context, session, [item for item in present if item.stream_id not in excluded]
        )
    return _reply(context)


def _read_muting(context: RequestContext) -> tuple[bool, frozenset[str]]:
    fields = context.fields()
    # One SDK sends booleans as strings.
    active = fields.read_bool("active", default=True)
    excluded = frozenset(fields.read_strings("excludedStreamIds"))
    fields.finish()
    return active, excluded


def _mute(context: RequestContext, session: Session, muted: Sequence[Stream]) -> None:
    for stream in muted:
        context.emulator.store.save_stream(replace(stream, muted=True))
    clients.notify_muted(context.emulator, session, muted, context.now_ms)


def _reply(context: RequestContext) -> Response:
    kind = context.emulator.rules.mute_reply
    if kind == "project":
        # Includes the project's secret, as in the service.
        return json_response(projects.describe(context.project))
    return ok_response() if kind == "message" else empty_response()
