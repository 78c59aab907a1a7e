"""Audio Connectors: the audio of a session sent to a WebSocket, and back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from tokbox.emulator.api.jobs import find_running, read_session
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.states import is_unreachable
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation import engine

__all__ = ["start", "stop"]

_KIND = "connector"
_RATES = (8_000, 16_000, 24_000)
_MAX_STREAMS = 50
_MAX_HEADER_BYTES = 512


def start(context: RequestContext) -> Response:
    """``POST P/connect``: join the session, and publish if it is bidirectional.

    The emulator opens the WebSocket after its response, and only to a loopback address: a
    failure ends the connector. A host below ``.invalid`` counts as unreachable and is
    refused with 400; the service's response in this case is not documented.
    """
    fields = context.fields()
    session, claims = read_session(context, fields, "start Audio Connectors")
    options, headers, static_fields = _read_options(fields.read_object("websocket"))
    fields.finish()
    job = engine.start(
        context.emulator, _KIND, session, options, context.now_ms, claims=claims
    )
    context.emulator.audio_sockets.open(job, headers, static_fields)
    return json_response({"id": job.job_id, "connectionId": job.connection_id})


def stop(context: RequestContext) -> Response:
    """``POST P/connect/{connectorId}/stop``"""
    missing = "The Audio Connector was not found or has already stopped"
    job = find_running(context, _KIND, "connector_id", missing)
    engine.stop(context.emulator, job, context.now_ms)
    return Response(status_code=200)


def _read_options(
    fields: Fields,
) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Read the object ``websocket``: options, headers and static fields.

    The last two may be secret and are not stored.
    """
    static_fields: dict[str, str] = {}
    options: dict[str, Any] = {
        "uri": _uri(fields),
        "streams": fields.read_strings("streams", _MAX_STREAMS),
        "audioRate": fields.pop("audioRate", 16_000),
    }
    if options["audioRate"] not in _RATES or isinstance(options["audioRate"], float):
        raise HTTPError(400, f"audioRate must be one of {', '.join(map(str, _RATES))}")
    if fields.read_bool("bidirectional", default=False):
        # Audio only.
        options["videoType"] = ""
    headers = _read_headers(fields.pop("headers", {}))
    if "audioTransport" in fields:
        value = _parsed(fields.pop("audioTransport"))
        transport, static_fields = _transport(fields.nested("audioTransport", value))
        options["audioTransport"] = transport
    fields.finish()
    return options, headers, static_fields


def _uri(fields: Fields) -> str:
    uri = fields.read_str("uri", min_length=1)
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises ValueError if it is above 65535
    except ValueError:
        raise HTTPError(400, "uri must be a URI") from None
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise HTTPError(400, "uri must be a ws or wss URI")
    if is_unreachable(uri):
        raise HTTPError(400, "The WebSocket could not be opened within 6 seconds")
    return uri


def _read_headers(value: object) -> dict[str, str]:
    headers = _strings("headers", value)
    words = [*headers.keys(), *headers.values()]
    if sum(len(word.encode()) for word in words) > _MAX_HEADER_BYTES:
        raise HTTPError(400, f"headers may have {_MAX_HEADER_BYTES} bytes altogether")
    return headers


def _strings(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(item, str) for item in value.values()
    ):
        raise HTTPError(400, f"{name} must be an object of strings")
    return value


def _parsed(value: object) -> object:
    """Parse a value that an official SDK sends as a string of JSON."""
    if not isinstance(value, str):
        return value
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError):
        raise HTTPError(400, "audioTransport must be an object") from None
    return parsed


def _transport(fields: Fields) -> tuple[dict[str, Any], dict[str, str]]:
    transport: dict[str, Any] = {"transport": "binary"}
    if "transport" in fields:
        transport["transport"] = fields.read_enum("transport", ("binary", "json"))
    for name in ("audio_field", "receive_audio_field"):
        if name in fields:
            transport[name] = fields.read_str(name, min_length=1)
    if "encoding" in fields:
        transport["encoding"] = fields.read_enum("encoding", ("base64",))
    elif transport["transport"] == "json":
        raise HTTPError(400, "encoding is required with the transport json")
    static_fields = _strings("static_fields", fields.pop("static_fields", {}))
    fields.finish()
    return transport, static_fields
