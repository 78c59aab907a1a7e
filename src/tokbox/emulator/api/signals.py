"""Signals to all clients of a session, or to one."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.api.connections import find_recipients
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext

__all__ = ["send"]

#: The maximum length of type and data, in bytes of UTF-8. The documentation limits data to
#: "8 kB", which is read as 8192 bytes, not 8000.
_MAX_TYPE = 128
_MAX_DATA = 8192


def send(context: RequestContext) -> Response:
    """``POST P/session/{sessionId}[/connection/{connectionId}]/signal``

    Relayed sessions are allowed. The code of 413 was recorded from the service.
    """
    session, connections = find_recipients(context)
    fields = context.fields()
    kind, data = fields.pop("type"), fields.pop("data")
    fields.finish()
    if not isinstance(data, str):
        raise HTTPError(400, "Signal payload 'data' must be set", code=15202)
    if not (kind is None or isinstance(kind, str)):
        raise HTTPError(400, "Signal payload 'type' must be a string")
    if len((kind or "").encode()) > _MAX_TYPE or len(data.encode()) > _MAX_DATA:
        raise HTTPError(413, "Unknown error", code=-99)
    context.emulator.messages.add(
        "signal",
        session.session_id,
        {"type": kind, "data": data},
        [connection.connection_id for connection in connections],
        context.now_ms,
    )
    return Response(status_code=204)
