"""Callbacks: URLs that a project lets be told of events.

An application has its addresses in its settings, and none of these calls.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import Call
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.hosts import is_url
from tokbox.emulator.model.records import Callback
from tokbox.emulator.store.accounts import Application

__all__ = ["create", "delete", "list_all"]

#: The events of each group.
_EVENTS = {
    "connection": ("created", "destroyed"),
    "stream": ("created", "destroyed"),
    "archive": ("status",),
    "sip_call": ("created", "destroyed"),
}


def create(call: Call) -> Response:
    """``POST P/callback``"""
    _refuse_applications(call)
    fields = call.fields()
    group, event, url = (fields.take(name) for name in ("group", "event", "url"))
    fields.finish()
    if not (isinstance(group, str) and group in _EVENTS):
        raise HTTPError(400, f"group must be one of {', '.join(_EVENTS)}")
    if not (isinstance(event, str) and event in _EVENTS[group]):
        raise HTTPError(400, f"event must be one of {', '.join(_EVENTS[group])}")
    if not (isinstance(url, str) and is_url(url)):
        raise HTTPError(400, "url must be an http or https URL")
    callback = Callback(
        call.emulator.ids.uuid(), call.project_id, group, event, url, call.now_ms
    )
    call.emulator.webhook_outbox.register(callback)
    return json_response(_describe(callback))


def list_all(call: Call) -> Response:
    """``GET P/callback``: an array, oldest first."""
    _refuse_applications(call)
    callbacks = call.emulator.webhook_outbox.registered(call.project_id)
    return json_response([_describe(callback) for callback in callbacks])


def delete(call: Call) -> Response:
    """``DELETE P/callback/{id}``"""
    _refuse_applications(call)
    if not call.emulator.webhook_outbox.unregister(
        call.project_id, call.param("callback_id")
    ):
        raise HTTPError(404, "Callback not found")
    return Response(status_code=204)


def _refuse_applications(call: Call) -> None:
    if isinstance(call.project, Application):
        raise HTTPError(
            404, "An application has webhooks in its settings, and no callbacks"
        )


def _describe(callback: Callback) -> dict[str, Any]:
    return {
        "id": callback.callback_id,
        "group": callback.topic,
        "event": callback.event,
        "url": callback.url,
        "createdAt": callback.created_ms,
    }
