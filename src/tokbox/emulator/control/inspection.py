"""The state of the emulator: requests, messages, webhooks, pending faults and so on."""

from __future__ import annotations

import io
import wave
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.broken_responses import check_supported
from tokbox.emulator.http.faults import read_fault
from tokbox.emulator.http.paging import MAX_NUMBER, read_int
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.store.request_log import LIMIT
from tokbox.errors import InvalidInputError

__all__ = [
    "add_fault",
    "clear_faults",
    "clear_messages",
    "clear_requests",
    "clear_webhooks",
    "configure_webhooks",
    "find_project_id",
    "index",
    "list_connectors",
    "list_requests",
    "read_audio",
    "read_messages",
    "read_webhooks",
    "show_storage",
]

_REQUEST_FILTERS = ("method", "path", "project_id", "status", "created", "after", "count")
_MESSAGE_FILTERS = ("kind", "session_id", "connection_id", "after", "count")
_CONNECTOR_FILTERS = ("session_id", "connector_id")
_WEBHOOK_FILTERS = ("project_id", "event", "url", "state", "after", "count")
_MAX_TIMES = 1_000_000


def index(context: RequestContext) -> Response:
    """``GET /_emulator/``: the rules, the time, and counts by project, without secrets."""
    emulator = context.emulator
    return json_response(
        {
            "name": "tokbox emulator",
            "about": "A local stand-in for the OpenTok API; nothing leaves this machine.",
            "rules": asdict(emulator.rules),
            "now": context.now_ms,
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


def show_storage(context: RequestContext) -> Response:
    """``GET /_emulator/storage/{projectId}``: the storage target, without secrets."""
    project = find_project_id(context)
    target = context.emulator.storage_targets.get(project)
    return json_response(
        {
            "target": None if target is None else target.describe(),
            "broken": context.emulator.storage_targets.is_broken(project),
        }
    )


def list_requests(context: RequestContext) -> Response:
    """``GET /_emulator/requests``: requests to the service's API, oldest first.

    ``?method=POST&path=/v2/project/*/archive&status=200&created=true&project_id=12345678``
    filters the requests. ``&after=17`` omits entries up to number 17, and ``&count=100``
    returns at most 100 entries.
    """
    query = _filters(context, _REQUEST_FILTERS)
    if "created" in query:
        if query["created"] not in ("true", "false"):
            raise HTTPError(400, "created must be true or false")
        query["created"] = query["created"] == "true"
    entries = context.emulator.request_log.entries(**query)
    return json_response(
        {"count": len(entries), "items": [entry.describe() for entry in entries]}
    )


def clear_requests(context: RequestContext) -> Response:
    """``DELETE /_emulator/requests``: delete the entries; numbering continues."""
    context.emulator.request_log.clear()
    return Response(status_code=204)


def read_messages(context: RequestContext) -> Response:
    """``GET /_emulator/messages``: messages that clients received, oldest first.

    ``?kind=signal&session_id=...&connection_id=...&after=17&count=100`` works as in
    :func:`list_requests`; the kinds are ``signal``, ``dtmf`` and ``mute``.
    """
    found = context.emulator.messages.sent(**_filters(context, _MESSAGE_FILTERS))
    return json_response(
        {"count": len(found), "items": [message.describe() for message in found]}
    )


def list_connectors(context: RequestContext) -> Response:
    """``GET /_emulator/connectors``: WebSockets of Audio Connectors, oldest first.

    ``?session_id=...&connector_id=...`` filters them.
    """
    query = _filters(context, _CONNECTOR_FILTERS)
    sockets = context.emulator.audio_sockets.find(**query)
    return json_response(
        {"count": len(sockets), "items": [socket.describe() for socket in sockets]}
    )


def read_audio(context: RequestContext) -> Response:
    """``GET /_emulator/connectors/{connectorId}/audio.wav``: the audio it published."""
    connector_id = context.param("connector_id")
    found = context.emulator.audio_sockets.find(connector_id=connector_id)
    if not found:
        raise HTTPError(404, "There is no such connector")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(found[0].audio_rate)
        file.writeframes(found[0].audio)
    return Response(content.getvalue(), media_type="audio/wav")


def clear_messages(context: RequestContext) -> Response:
    """``DELETE /_emulator/messages``: delete the messages; numbering continues."""
    context.emulator.messages.clear()
    return Response(status_code=204)


def add_fault(context: RequestContext) -> Response:
    """``POST /_emulator/faults``: inject a fault into later requests.

    The body is ``{"fault": {...}, "method": "POST", "path": "/session/create", "times":
    2}``: a fault in the format of the header, and the requests that it applies to. Only
    ``fault`` is required. The defaults are any method, any path and once; ``*`` in ``path``
    matches any text.
    """
    body = context.json_object()
    for name in body.keys() - {"fault", "method", "path", "times"}:
        raise HTTPError(400, f"There is no member {name!r}")
    fault, times = body.get("fault"), body.get("times", 1)
    check_supported(read_fault(fault), context.request)
    assert isinstance(fault, dict), "anything else has been refused"
    for name in ("method", "path"):
        if not isinstance(body.get(name, ""), str):
            raise HTTPError(400, f"{name} must be a string")
    if isinstance(times, bool) or not isinstance(times, int) or not 0 < times <= _MAX_TIMES:
        raise HTTPError(400, f"times must be a whole number from 1 to {_MAX_TIMES}")
    number = context.emulator.pending_faults.add(
        fault, method=body.get("method"), path=body.get("path"), times=times
    )
    return json_response({"number": number}, 201)


def clear_faults(context: RequestContext) -> Response:
    """``DELETE /_emulator/faults``: remove the pending faults."""
    context.emulator.pending_faults.clear()
    return Response(status_code=204)


def read_webhooks(context: RequestContext) -> Response:
    """``GET /_emulator/webhooks``: webhooks that were sent or are waiting, oldest first.

    ``?event=archive_status&state=failed&project_id=12345678&after=17&count=100`` works as
    in :func:`list_requests`.
    """
    found = context.emulator.webhook_outbox.deliveries(
        **_filters(context, _WEBHOOK_FILTERS)
    )
    return json_response(
        {"count": len(found), "items": [delivery.describe() for delivery in found]}
    )


def configure_webhooks(context: RequestContext) -> Response:
    """``POST /_emulator/webhooks``: set the webhooks of a project or an application.

    The body is ``{"projectId": "...", "webhooks": {"archive_status": "http://...",
    "signature_secret": "..."}}``; it replaces the previous settings.
    """
    body = context.json_object()
    project_id, webhooks = body.get("projectId"), body.get("webhooks")
    if (
        not isinstance(project_id, str)
        or context.emulator.accounts.find(project_id) is None
    ):
        rule = "be an API key or application id that is known here"
        raise HTTPError(400, f"projectId must {rule}")
    if not isinstance(webhooks, dict):
        raise HTTPError(400, "webhooks must be an object of names and addresses")
    try:
        context.emulator.webhook_outbox.configure(project_id, webhooks)
    except InvalidInputError as error:
        raise HTTPError(400, str(error)) from None
    return Response(status_code=204)


def clear_webhooks(context: RequestContext) -> Response:
    """``DELETE /_emulator/webhooks``: delete deliveries that are no longer waiting."""
    context.emulator.webhook_outbox.clear()
    return Response(status_code=204)


def _filters(context: RequestContext, known: tuple[str, ...]) -> dict[str, Any]:
    query: dict[str, Any] = dict(context.query())
    for name in query.keys() - set(known):
        raise HTTPError(400, f"There is no filter {name!r}; there are {', '.join(known)}")
    for name, maximum in (("status", 999), ("after", MAX_NUMBER), ("count", LIMIT)):
        if name in query:
            query[name] = read_int(query, name, 0, maximum)
    return query


def find_project_id(context: RequestContext) -> str:
    project = context.emulator.accounts.find(context.param("project_id"))
    if project is None:
        raise HTTPError(404, "There is no such project or application")
    return project.id
