"""The routes below ``/_emulator/`` that tests measure and disturb with.

The journal of what was asked, what clients received, faults for calls to come, and
webhooks. Like all control routes they need no credentials.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.faults import read_fault
from tokbox.emulator.http.request import Call
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
    "list_requests",
    "read_messages",
    "read_webhooks",
]

_JOURNAL_FILTERS = ("method", "path", "project_id", "status", "created", "after", "count")
_MESSAGE_FILTERS = ("kind", "session_id", "connection_id", "after", "count")
_WEBHOOK_FILTERS = ("project_id", "event", "url", "state", "after", "count")
_MAX_TIMES = 1_000_000
#: More than any number of an entry.
_MAX_NUMBER = 2**63 - 1


def list_requests(call: Call) -> Response:
    """``GET /_emulator/journal``: the calls of the service, oldest first.

    ``?method=POST&path=/v2/project/*/archive&status=200&created=true&project_id=12345678``
    leaves out what does not fit, ``&after=17`` what came no later than entry 17, and
    ``&count=100`` what follows the first hundred.
    """
    query = _filters(call, _JOURNAL_FILTERS)
    if "created" in query:
        if query["created"] not in ("true", "false"):
            raise HTTPError(400, "created must be true or false")
        query["created"] = query["created"] == "true"
    entries = call.emulator.request_log.entries(**query)
    return json_response(
        {"count": len(entries), "items": [entry.describe() for entry in entries]}
    )


def clear_requests(call: Call) -> Response:
    """``DELETE /_emulator/journal``: forget the entries; their numbers go on."""
    call.emulator.request_log.clear()
    return Response(status_code=204)


def read_messages(call: Call) -> Response:
    """``GET /_emulator/messages``: what clients received, oldest first.

    ``?kind=signal&session_id=...&connection_id=...&after=17&count=100`` works as for the
    journal; the kinds are ``signal``, ``dtmf`` and ``mute``.
    """
    found = call.emulator.messages.sent(**_filters(call, _MESSAGE_FILTERS))
    return json_response(
        {"count": len(found), "items": [message.describe() for message in found]}
    )


def clear_messages(call: Call) -> Response:
    """``DELETE /_emulator/messages``: forget them; their numbers go on."""
    call.emulator.messages.clear()
    return Response(status_code=204)


def add_fault(call: Call) -> Response:
    """``POST /_emulator/faults``: let calls to come fail, for who can set no header.

    The body is ``{"fault": {...}, "method": "POST", "path": "/session/create",
    "times": 2}``: a fault as in the header, and which calls it is for. All but the
    fault may be left out: any method, any path (``*`` in it stands for anything), once.
    """
    body = call.json_object()
    for name in body.keys() - {"fault", "method", "path", "times"}:
        raise HTTPError(400, f"There is no member {name!r}")
    fault, times = body.get("fault"), body.get("times", 1)
    read_fault(fault)
    assert isinstance(fault, dict), "anything else has been refused"
    for name in ("method", "path"):
        if not isinstance(body.get(name, ""), str):
            raise HTTPError(400, f"{name} must be a string")
    if isinstance(times, bool) or not isinstance(times, int) or not 0 < times <= _MAX_TIMES:
        raise HTTPError(400, f"times must be a whole number from 1 to {_MAX_TIMES}")
    number = call.emulator.pending_faults.arm(
        fault, method=body.get("method"), path=body.get("path"), times=times
    )
    return json_response({"number": number}, 201)


def clear_faults(call: Call) -> Response:
    """``DELETE /_emulator/faults``: let nothing more fail."""
    call.emulator.pending_faults.clear()
    return Response(status_code=204)


def read_webhooks(call: Call) -> Response:
    """``GET /_emulator/webhooks``: what was sent or is to be sent, oldest first.

    ``?event=archive_status&state=failed&project_id=12345678&after=17&count=100`` works as
    for the journal.
    """
    found = call.emulator.webhook_outbox.deliveries(**_filters(call, _WEBHOOK_FILTERS))
    return json_response(
        {"count": len(found), "items": [delivery.describe() for delivery in found]}
    )


def configure_webhooks(call: Call) -> Response:
    """``POST /_emulator/webhooks``: set the addresses of a project or an application.

    The body is ``{"projectId": "...", "webhooks": {"archive_status": "http://...",
    "signature_secret": "..."}}``; it replaces what was set before.
    """
    body = call.json_object()
    project_id, webhooks = body.get("projectId"), body.get("webhooks")
    if not isinstance(project_id, str) or call.emulator.accounts.find(project_id) is None:
        rule = "be an API key or application id that is known here"
        raise HTTPError(400, f"projectId must {rule}")
    if not isinstance(webhooks, dict):
        raise HTTPError(400, "webhooks must be an object of names and addresses")
    try:
        call.emulator.webhook_outbox.configure(project_id, webhooks)
    except InvalidInputError as error:
        raise HTTPError(400, str(error)) from None
    return Response(status_code=204)


def clear_webhooks(call: Call) -> Response:
    """``DELETE /_emulator/webhooks``: forget the deliveries that are over."""
    call.emulator.webhook_outbox.clear()
    return Response(status_code=204)


def _filters(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    query: dict[str, Any] = dict(call.query())
    for name in query.keys() - set(known):
        raise HTTPError(400, f"There is no filter {name!r}; there are {', '.join(known)}")
    for name, maximum in (("status", 999), ("after", _MAX_NUMBER), ("count", LIMIT)):
        if name in query:
            query[name] = _whole_number(name, query[name], maximum)
    return query


def _whole_number(name: str, text: str, maximum: int) -> int:
    if not (
        text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= maximum
    ):
        raise HTTPError(400, f"{name} must be a whole number from 0 to {maximum}")
    return int(text)
