"""SIP calls from a session, and DTMF tones to its clients."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from tokbox.emulator.api.connections import find_recipients
from tokbox.emulator.api.jobs import read_session
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import empty_response, json_response, ok_response
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.serializers.jobs import describe_call
from tokbox.emulator.simulation import engine

__all__ = ["dial", "play_dtmf", "read_options"]

#: The name of a custom header; the punctuation is that of "token" in RFC 3261.
_HEADER = re.compile(r"[Xx]-[A-Za-z0-9.!%*_+`'~-]+")
#: ``p`` is half a second of silence.
_DIGITS = re.compile(r"[0-9*#p]+")


def dial(context: RequestContext) -> Response:
    """``POST P/dial``: connect and publish at once, before the call is answered.

    A gateway below ``.invalid`` is unreachable; any other gateway answers.
    """
    fields = context.fields()
    session, claims = read_session(context, fields, "dial")
    options = read_options(fields.read_object("sip"))
    fields.finish()
    job = engine.start(
        context.emulator, "call", session, options, context.now_ms, claims=claims
    )
    return json_response(describe_call(job))


def read_options(fields: Fields) -> dict[str, Any]:
    """Read the object ``sip``; secret values are validated and not stored.

    One SDK sends its booleans as strings.
    """
    options: dict[str, Any] = {
        "uri": fields.read_str("uri", min_length=1),
        "from": fields.read_str("from"),
        "secure": fields.read_bool("secure", default=False),
        "observeForceMute": fields.read_bool("observeForceMute", default=False),
        "streams": fields.read_strings("streams"),
        # Audio-only streams have no type of video.
        "videoType": "camera" if fields.read_bool("video", default=False) else "",
    }
    _check_headers(fields.pop("headers", {}))
    if "auth" in fields:
        auth = fields.read_object("auth")
        auth.read_str("username", min_length=1)
        auth.read_str("password")
        auth.finish()
    fields.finish()
    return options


def _check_headers(headers: object) -> None:
    if not isinstance(headers, dict):
        raise HTTPError(400, "headers must be an object")
    for name, value in headers.items():
        if not _HEADER.fullmatch(name):
            raise HTTPError(400, "The names of headers must begin with X-")
        if not isinstance(value, str):
            raise HTTPError(400, "The values of headers must be strings")


def play_dtmf(context: RequestContext) -> Response:
    """``POST P/session/{sessionId}[/connection/{connectionId}]/play-dtmf``"""
    session, connections = find_recipients(context)
    fields = context.fields()
    digits = fields.pop("digits")
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
