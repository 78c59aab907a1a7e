"""Tones for whoever called a session, or for one of its clients."""

from __future__ import annotations

import re

from starlette.responses import Response

from tokbox.emulator.api.connections import addressees
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import empty_response, ok_response

__all__ = ["play"]

#: ``p`` is half a second of silence.
_DIGITS = re.compile(r"[0-9*#p]+")


def play(context: RequestContext) -> Response:
    """``POST P/session/{sessionId}[/connection/{connectionId}]/play-dtmf``"""
    session, connections = addressees(context)
    fields = context.fields()
    digits = fields.take("digits")
    fields.finish()
    if not (isinstance(digits, str) and _DIGITS.fullmatch(digits)):
        raise HTTPError(400, "Invalid DTMF Digits")
    context.emulator.messages.add(
        "dtmf",
        session.session_id,
        {"digits": digits},
        [connection.connection_id for connection in connections],
        context.now_ms,
    )
    return (
        ok_response()
        if context.emulator.rules.dtmf_reply == "message"
        else empty_response()
    )
