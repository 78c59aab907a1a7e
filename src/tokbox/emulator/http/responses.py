"""Responses: JSON, or XML for clients that do not ask for JSON."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from tokbox.emulator.errors import (
    HTTPError,
    InvalidOptionError,
    NotFoundError,
    SimulationError,
    TokenRejectedError,
)
from tokbox.emulator.model.rules import Rules

__all__ = [
    "ALREADY_COMPOSED",
    "NO_CLIENTS",
    "as_http_error",
    "empty_response",
    "error_response",
    "json_response",
    "layout_response",
    "ok_response",
    "wants_json",
]

#: The statuses and codes of simulation errors. The code of a rejected token is the one that
#: client SDKs report.
_STATUSES: dict[type[SimulationError], tuple[int, int | None]] = {
    InvalidOptionError: (400, None),
    NotFoundError: (404, None),
    TokenRejectedError: (403, 1004),
}
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


#: The service's message for a session without clients.
NO_CLIENTS = "Not found. No clients are actively connected to the OpenTok session."
#: The service's message for a second broadcast with the same tag in a session.
ALREADY_COMPOSED = "Session is already composed for given tag with code 409"
#: Messages that the service sends without a code.
_WITHOUT_CODE = (NO_CLIENTS, ALREADY_COMPOSED)


#: A quality of zero means "not acceptable" (RFC 9110, 12.4.2).
_REFUSED = re.compile(r"q=0(\.0{0,3})?")


def wants_json(accept: str) -> bool:
    """Return whether an Accept header names ``application/json``.

    ``*/*`` does not count: the service responds with XML to it, its original format.
    """
    for item in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        refused = any(_REFUSED.fullmatch(parameter) for parameter in parameters)
        if media_type == "application/json" and not refused:
            return True
    return False


def json_response(content: Any, status: int = 200) -> Response:
    """Return a JSON response with exactly ``application/json`` as the content type.

    The official Python SDK parses any other spelling, for example one with a charset, as
    XML.
    """
    body = json.dumps(content, separators=(",", ":")).encode()
    return Response(body, status, headers={"Content-Type": "application/json"})


def empty_response() -> Response:
    """Return an empty response with status 200, and with JSON as its content type."""
    return Response(b"", 200, headers={"Content-Type": "application/json"})


def ok_response() -> Response:
    """Return ``{"code":200,"message":"OK"}``, which the service was observed to do."""
    return json_response({"code": 200, "message": "OK"})


def _problem(detail: str) -> dict[str, str]:
    """Return a problem description for invalid application credentials (RFC 9457)."""
    return {
        "type": "https://developer.vonage.com/en/api-errors#unauthorized",
        "title": "Unauthorized",
        "detail": detail,
        "instance": str(uuid.uuid4()),
    }


def as_http_error(error: SimulationError) -> HTTPError:
    """Convert a simulation error to an HTTP error."""
    status, code = _STATUSES[type(error)]
    return HTTPError(status, str(error), code=code)


def error_response(
    error: HTTPError, *, as_json: bool, creating_session: bool = False
) -> Response:
    """Return an error as JSON or XML; session creation has its own XML format."""
    if error.status == 401:
        response = json_response(_problem(error.message), 401)
    elif as_json:
        response = _json_error(error)
    else:
        response = _xml_error(error, creating_session=creating_session)
    response.headers.update(error.headers)
    return response


def _json_error(error: HTTPError) -> Response:
    content: dict[str, Any] = {"message": error.message}
    if error.message not in _WITHOUT_CODE:
        code = error.status if error.code is None else error.code
        content = {"code": code, **content, "description": error.message}
    return json_response(content, error.status)


def _xml_error(error: HTTPError, *, creating_session: bool) -> Response:
    shown = error.status if error.code is None else error.code
    # XML 1.0 cannot represent most control characters.
    text = "".join(
        c if c >= " " or c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}"
        for c in error.message
    )
    if creating_session:
        body = (
            f'{_XML}<Errors><error code="{shown}"><Error message={quoteattr(text)}/>'
            "</error></Errors>"
        )
        content_type = "text/xml"
    else:
        body = (
            f"{_XML}<errorPayload><code>{shown}</code><message>{escape(text)}</message>"
            f"<description>{escape(text)}</description></errorPayload>"
        )
        content_type = "application/xml"
    return Response(body.encode(), error.status, headers={"Content-Type": content_type})


def layout_response(rules: Rules, shown: dict[str, Any]) -> Response:
    """Return the response to a change of a layout or of layout classes."""
    if rules.layout_reply == "empty":
        return empty_response()
    return json_response(shown)
