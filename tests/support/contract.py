"""Common parts of the tests of the client against the emulator."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import tokbox
from tokbox import Tokbox
from tokbox.emulator import Server

#: OpenTok's projects and Vonage's applications.
ENVIRONMENTS = ("project", "application")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
SIP_URI = "sip:user@sip.example.com;transport=tls"
PAGE = "https://app.example.org/view"
TEXT = "name=Zoë & Co, a=b&c+d%~é"


def client(server: Server, environment: str = "project", **options: Any) -> Tokbox:
    """A client of the emulator's first project, or of its application."""
    options = {"trust_env": False, **options}
    if environment == "project":
        return Tokbox(server.api_key, server.secret, server.url, **options)
    return Tokbox.from_private_key(
        server.application_id, server.private_key, server.url, **options
    )


def control(server: Server, path: str, body: object) -> Any:
    """Tell the emulator what the service has no API for."""
    request = urllib.request.Request(
        f"{server.url}/_emulator/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def join_with(server: Server, session_id: str, token: str) -> dict[str, str]:
    """Connect a client that publishes a stream."""
    body = {"token": token, "publish": True}
    joined: dict[str, str] = control(server, f"session/{session_id}/connection", body)
    return joined


def join(server: Server, session: tokbox.Session, **options: Any) -> dict[str, str]:
    """Connect a client with a token that tokbox signed."""
    return join_with(server, session.session_id, session.token(**options))
