"""Control routes: the clock, the reset, the overview, and invalid requests."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import socket
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.emulator import (
    APPLICATION,
    KEY,
    NOW,
    OTHER_KEY,
    OTHER_SECRET,
    SECRET,
    Api,
    credentials,
)
from tokbox.emulator import Server, create_app
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import MAX_BODY
from tokbox.emulator.http.responses import error_response
from tokbox.errors import InvalidInputError


def test_index_describes_the_emulator_without_secrets(api: Api, session_id: str) -> None:
    api.join(session_id)
    api.start_archive(session_id)
    answer = api.request("GET", "/_emulator/", headers={"X-OPENTOK-AUTH": None})
    assert answer.json()["projects"] == [
        {"apiKey": KEY, "sessions": 1, "connections": 1, "streams": 1, "archives": 1},
        {"apiKey": OTHER_KEY, "sessions": 0, "connections": 0, "streams": 0, "archives": 0},
    ]
    assert [item["applicationId"] for item in answer.json()["applications"]] == [
        APPLICATION
    ]
    assert SECRET.encode() not in answer.body
    assert OTHER_SECRET.encode() not in answer.body


def test_clock_is_advanced_from_python(server: Server, api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    api.stop_archive(archive_id)
    before = server.clock.now_ms()
    server.advance(1.999)
    assert api.archive(archive_id)["status"] == "stopped"
    server.advance(0.001)
    assert api.archive(archive_id)["status"] == "available"
    assert server.clock.now_ms() == before + 2000
    # A restart keeps it, as one by HTTP.
    assert api.request("GET", "/_emulator/clock").json()["offset"] == 2000


@pytest.mark.parametrize("seconds", [-1, "60", True, 10**300, float("nan"), float("inf")])
def test_clock_is_not_advanced_by_an_invalid_time(server: Server, seconds: Any) -> None:
    before = server.clock.now_ms()
    with pytest.raises(InvalidInputError, match="seconds must be a number of seconds"):
        server.advance(seconds)
    assert server.clock.now_ms() == before


def test_clock_returns_the_total_advance(api: Api) -> None:
    api.advance(1.5)
    answer = api.request("POST", "/_emulator/clock", {"advance": 60})
    assert answer.json() == {"now": NOW * 1000 + 61_500, "offset": 61_500}
    assert api.request("GET", "/_emulator/clock").json() == answer.json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": -1},
        {"advance": "60"},
        {"advance": True},
        {"advance": 10**300},
        b'{"advance": NaN}',
        b'{"advance": 1e999}',
        b'{"advance": Infinity}',
    ],
)
def test_time_cannot_be_moved_in_other_ways(api: Api, body: object) -> None:
    assert api.request("POST", "/_emulator/clock", body).status == 400
    assert api.request("GET", "/_emulator/clock").json()["offset"] == 0


def test_reset_forgets_everything(api: Api, session_id: str) -> None:
    api.join(session_id)
    api.start_archive(session_id)
    api.advance(5)
    assert api.request("POST", "/_emulator/reset").status == 204
    assert api.archives() == {"count": 0, "items": []}
    assert api.request("GET", "/_emulator/clock").json() == {"now": NOW * 1000, "offset": 0}
    assert api.join_with(session_id, "x").status == 404


def test_reset_needs_a_post(api: Api, session_id: str) -> None:
    assert api.request("GET", "/_emulator/reset").status == 405


def test_errors_below_emulator_are_always_json(api: Api) -> None:
    answer = api.request("GET", "/_emulator/nothing", headers={"Accept": "*/*"})
    assert (answer.status, answer.json()["code"]) == (404, 404)


def test_every_reply_has_a_date_and_names_the_server(api: Api) -> None:
    for path in ("/_emulator/", "/nothing", "/session/create"):
        answer = api.request("GET", path)
        assert answer.headers["Date"].endswith("GMT")
        assert answer.headers["Server"] == "tokbox-emulator"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (f"/v2/project/{KEY}/archive", {"GET", "HEAD", "POST"}),
        (f"/v2/project/{KEY}/archive/x", {"GET", "HEAD", "DELETE"}),
        ("/_emulator/clock", {"GET", "HEAD", "POST"}),
    ],
)
def test_wrong_method_lists_the_allowed_ones(
    api: Api, path: str, methods: set[str]
) -> None:
    answer = api.request("PATCH", path)
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(", ")) == methods


def test_head_is_a_get_without_a_body(api: Api) -> None:
    answer = api.request("HEAD", "/_emulator/")
    assert (answer.status, answer.body) == (200, b"")


# Requests that no SDK sends.


def test_chunked_body_is_read(api: Api) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"p2p.pref"
        yield b"erence=nonsense"

    assert api.request("POST", "/session/create", chunks()).status == 400


@pytest.mark.parametrize("path", ["/session/create", f"/v2/project/{KEY}/archive"])
def test_body_beyond_the_limit_is_refused(api: Api, path: str) -> None:
    answer = api.request("POST", path, b" " * (MAX_BODY + 1))
    assert (answer.status, answer.json()["code"]) == (413, 413)


def test_endless_chunks_are_refused_too(api: Api) -> None:
    body = (b"x" * 65_536 for _ in range(40))
    assert api.request("POST", "/session/create", body).status == 413


def test_body_without_an_end_is_not_read_for_ever() -> None:
    app = create_app()
    pieces, told = itertools.count(), []

    async def receive() -> dict[str, object]:
        next(pieces)
        return {"type": "http.request", "body": b"x" * MAX_BODY, "more_body": True}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message.get("status"))

    scope = {"type": "http", "method": "POST", "path": "/session/create", "headers": []}
    asyncio.run(app({**scope, "query_string": b""}, receive, send))
    app.state.emulator.store.close()
    assert told[0] == 413
    assert next(pieces) < 100


def test_body_at_the_limit_is_read(api: Api) -> None:
    body = b"a=" + b"x" * (MAX_BODY - 2)
    assert api.request("POST", "/session/create", body).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe{}",
        b'{"sessionId": "\xff"}',
        b'{"sessionId": "\\ud800"}',
        b'{"name": NaN}',
        b"[" * 200_000,
        b"9" * 5000,
        b"[]",
        b"null",
        b'"x"',
    ],
)
def test_body_that_is_not_a_json_object_is_refused(api: Api, body: bytes) -> None:
    assert api.project("POST", "/archive", body).status == 400


def test_text_of_every_plane_survives(api: Api, session_id: str) -> None:
    api.join(session_id)
    name = "a=b&c+d%~é\u0000\u4e2d\U0001f600"
    archive_id = api.start_archive(session_id, name=name)["id"]
    assert api.archive(archive_id)["name"] == name


def test_control_characters_do_not_break_an_xml_error() -> None:
    answer = error_response(HTTPError(400, "no \x01 here"), as_json=False)
    assert b"no \xef\xbf\xbd here" in answer.body


def test_connection_is_reused_after_errors(api: Api) -> None:
    parts = urlsplit(api.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"X-OPENTOK-AUTH": credentials(), "Accept": "application/json"}
    try:
        connection.connect()
        port = connection.sock.getsockname()[1]
        for body, status in ((b"e2ee=x", 400), (b" " * (MAX_BODY + 1), 413), (b"", 200)):
            connection.request("POST", "/session/create", body, headers)
            response = connection.getresponse()
            response.read()
            assert response.status == status
            assert connection.sock.getsockname()[1] == port
    finally:
        connection.close()


def test_client_that_disconnects_in_its_body_is_harmless(api: Api) -> None:
    parts = urlsplit(api.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as raw:
        raw.sendall(
            b"POST /session/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nabc"
        )
    assert api.request("GET", "/_emulator/").status == 200
