"""Callbacks: URLs that a project registers for events.

An application has webhook URLs in its settings instead and cannot make these requests.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
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


def create(context: RequestContext) -> Response:
    """``POST P/callback``"""
    _refuse_applications(context)
    fields = context.fields()
    group, event, url = (fields.pop(name) for name in ("group", "event", "url"))
    fields.finish()
    if not (isinstance(group, str) and group in _EVENTS):
        raise HTTPError(400, f"group must be one of {', '.join(_EVENTS)}")
    if not (isinstance(event, str) and event in _EVENTS[group]):
        raise HTTPError(400, f"event must be one of {', '.join(_EVENTS[group])}")
    if not (isinstance(url, str) and is_url(url)):
        raise HTTPError(400, "url must be an http or https URL")
    callback = Callback(
        context.emulator.ids.uuid(), context.project_id, group, event, url, context.now_ms
    )
    context.emulator.webhook_outbox.add_callback(callback)
    return json_response(_describe(callback))


def list_all(context: RequestContext) -> Response:
    """``GET P/callback``: an array, oldest first."""
    _refuse_applications(context)
    callbacks = context.emulator.webhook_outbox.callbacks(context.project_id)
    return json_response([_describe(callback) for callback in callbacks])


def delete(context: RequestContext) -> Response:
    """``DELETE P/callback/{id}``"""
    _refuse_applications(context)
    if not context.emulator.webhook_outbox.remove_callback(
        context.project_id, context.param("callback_id")
    ):
        raise HTTPError(404, "Callback not found")
    return Response(status_code=204)


def _refuse_applications(context: RequestContext) -> None:
    if isinstance(context.project, Application):
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
