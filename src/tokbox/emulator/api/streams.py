"""The streams of a session, and their layout classes."""

from __future__ import annotations

import uuid
from dataclasses import replace

from starlette.responses import Response

from tokbox.emulator.api.sessions import active_session
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response, layout_response
from tokbox.emulator.model.records import Session, Stream
from tokbox.emulator.options.fields import Fields

__all__ = ["find", "get", "list_all", "set_layout_classes", "set_layout_classes_of_one"]


def list_all(context: RequestContext) -> Response:
    """``GET P/session/{sessionId}/stream``"""
    session = active_session(context, context.param("session_id"))
    items = [
        _describe(stream) for stream in context.emulator.store.streams(session.session_id)
    ]
    return json_response({"count": len(items), "items": items})


def get(context: RequestContext) -> Response:
    """``GET P/session/{sessionId}/stream/{streamId}``"""
    session = active_session(context, context.param("session_id"))
    return json_response(_describe(find(context, session, context.param("stream_id"))))


def set_layout_classes(context: RequestContext) -> Response:
    """``PUT P/session/{sessionId}/stream``: replace the layout classes of streams."""
    session = active_session(context, context.param("session_id"))
    fields = context.fields()
    items = fields.pop("items")
    if not isinstance(items, list):
        raise HTTPError(400, "items must be an array")
    streams = [
        _with_classes(context, session, fields.nested("every item", item)) for item in items
    ]
    fields.finish()
    for stream in streams:
        context.emulator.store.save_stream(stream)
    shown = [_describe(stream) for stream in streams]
    return layout_response(context.emulator.rules, {"count": len(shown), "items": shown})


def set_layout_classes_of_one(context: RequestContext) -> Response:
    """``PUT P/session/{sessionId}/stream/{streamId}``: used by one SDK."""
    session = active_session(context, context.param("session_id"))
    stream = find(context, session, context.param("stream_id"))
    stream = replace(stream, layout_classes=_classes(context, context.fields()))
    context.emulator.store.save_stream(stream)
    return layout_response(context.emulator.rules, _describe(stream))


def find(context: RequestContext, session: Session, stream_id: str) -> Stream:
    """Return the stream of a session, or refuse with 404.

    An ID that is not a UUID is refused with 408, which is the documented status.
    """
    stream = context.emulator.store.stream(session.session_id, stream_id)
    if stream is not None:
        return stream
    try:
        uuid.UUID(stream_id)
    except ValueError:
        raise HTTPError(408, "Invalid stream id") from None
    raise HTTPError(404, "Stream not found")


def _with_classes(context: RequestContext, session: Session, fields: Fields) -> Stream:
    stream_id = fields.pop("id")
    if not isinstance(stream_id, str):
        raise HTTPError(400, "Every item must have a stream id")
    classes = _classes(context, fields)
    stream = context.emulator.store.stream(session.session_id, stream_id)
    if stream is None:
        raise HTTPError(404, "Stream not found")
    return replace(stream, layout_classes=classes)


def _classes(context: RequestContext, fields: Fields) -> tuple[str, ...]:
    if "layoutClassList" not in fields and context.emulator.rules.refuse_missing_classes:
        raise HTTPError(400, "layoutClassList must be an array of strings")
    classes = tuple(fields.read_strings("layoutClassList"))
    fields.finish()
    return classes


def _describe(stream: Stream) -> dict[str, object]:
    return {
        "id": stream.stream_id,
        "videoType": stream.video_type,
        "name": stream.name,
        "layoutClassList": list(stream.layout_classes),
    }
