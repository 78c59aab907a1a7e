"""The context of a request."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tokbox.emulator import create_app
from tokbox.emulator.http.request import Endpoint, RequestContext


@pytest.mark.parametrize(
    ("headers", "base_url"),
    [
        ([(b"host", b"emulator.test:81")], "http://emulator.test:81"),
        # Only clients older than HTTP/1.1 leave it out.
        ([], "http://192.0.2.1:8080"),
    ],
)
def test_base_url_is_the_host_of_the_request_or_the_address_of_the_server(
    headers: list[tuple[bytes, bytes]], base_url: str
) -> None:
    app = create_app()
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "path": "/session/create",
        "query_string": b"",
        "server": ("192.0.2.1", 8080),
        "headers": headers,
    }
    endpoint = Endpoint(lambda context: Response(), "project")
    context = RequestContext(app.state.emulator, Request(scope), endpoint)
    assert context.base_url == base_url
    app.state.emulator.store.close()
