"""Faults that a call asks for, seen from a plain socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.responses import Response, StreamingResponse

from tests.support.emulator import Api, credentials
from tokbox.emulator import Server, create_app, serve
from tokbox.emulator.http.broken_responses import FaultyResponse
from tokbox.emulator.http.faults import HEADER, Fault
from tokbox.errors import InvalidInputError


def fault(**members: object) -> dict[str, str | None]:
    """The header that requests a fault."""
    return {HEADER: json.dumps(members)}


def sessions(api: Api) -> int:
    """How many sessions there are."""
    index = api.request("GET", "/_emulator/").json()
    return int(index["projects"][0]["sessions"])


def exchange(api: Api, path: str = "/session/create", **members: object) -> bytes:
    """Send a POST with a fault and read to the end, whatever ends it."""
    parts = urlsplit(api.url)
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/json",
        f"X-OPENTOK-AUTH: {credentials()}",
        f"{HEADER}: {json.dumps(members)}",
        "Content-Length: 3",
        "Connection: close",
    )
    received = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as raw:
        raw.sendall("\r\n".join(lines).encode() + b"\r\n\r\na=b")
        while part := raw.recv(65_536):
            received += part
    return received


# Answers.


def test_status_headers_and_body_are_as_asked(api: Api) -> None:
    answer = api.request(
        "POST",
        "/session/create",
        headers=fault(status=503, headers={"Retry-After": "7"}, body={"message": "later"}),
    )
    assert (answer.status, answer.json()) == (503, {"message": "later"})
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Content-Type"] == "application/json"
    assert sessions(api) == 0


def test_text_goes_as_it_is(api: Api) -> None:
    answer = api.request(
        "GET",
        "/nowhere",
        headers=fault(
            status=502,
            body="<html>\N{EURO SIGN}</html>",
            headers={"content-type": "text/html"},
        ),
    )
    assert (answer.status, answer.body.decode()) == (502, "<html>\N{EURO SIGN}</html>")
    assert answer.headers.get_all("Content-Type") == ["text/html"]


def test_error_without_a_body_gets_the_form_of_the_service(api: Api) -> None:
    answer = api.request("POST", "/session/create", headers=fault(status=500))
    assert answer.json()["code"] == 500


def test_success_without_a_body_is_empty(api: Api) -> None:
    answer = api.request("POST", "/session/create", headers=fault(status=200))
    assert (answer.status, answer.body) == (200, b"")
    answer = api.request("POST", "/session/create", headers=fault(status=204))
    assert (answer.status, answer.body) == (204, b"")


def test_answer_of_a_call_that_was_carried_out_can_be_changed(api: Api) -> None:
    answer = api.request(
        "POST",
        "/session/create",
        headers=fault(after=True, status=202, headers={"X-More": "1"}),
    )
    assert answer.status == 202
    assert answer.headers["X-More"] == "1"
    assert "session_id" in answer.json()[0]
    assert sessions(api) == 1


def test_connection_is_kept_after_a_made_up_answer(api: Api) -> None:
    parts = urlsplit(api.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.connect()
        port = connection.sock.getsockname()[1]
        for status in (503, 204, 400):
            connection.request("POST", "/session/create", b"x", fault(status=status))  # type: ignore[arg-type]
            response = connection.getresponse()
            response.read()
            assert response.status == status
            assert connection.sock.getsockname()[1] == port
    finally:
        connection.close()


def test_delay_postpones_the_response(api: Api) -> None:
    for after in (False, True):
        began = time.monotonic()
        answer = api.request(
            "POST", "/session/create", headers=fault(delay=0.05, after=after)
        )
        assert time.monotonic() - began >= 0.05
        assert answer.status == 200
    assert sessions(api) == 2


def test_others_are_answered_during_a_delay(api: Api) -> None:
    parts = urlsplit(api.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as slow:
        slow.sendall(
            b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b'X-Tokbox-Emulator: {"delay": 0.5}\r\n\r\n'
        )
        assert api.request("GET", "/_emulator/").status == 200
        slow.setblocking(False)
        with pytest.raises(BlockingIOError):
            slow.recv(1)
        slow.setblocking(True)
        assert slow.recv(12) == b"HTTP/1.1 404"


# Endings.


@pytest.mark.parametrize("after", [False, True])
def test_dropped_connection_ends_without_an_answer(api: Api, after: bool) -> None:
    assert exchange(api, drop=True, after=after) == b""
    assert sessions(api) == after


@pytest.mark.parametrize("after", [False, True])
def test_reset_connection_is_reset(api: Api, after: bool) -> None:
    with pytest.raises(ConnectionResetError):
        exchange(api, reset=True, after=after)
    assert sessions(api) == after


def test_truncated_body_is_shorter_than_promised(api: Api) -> None:
    received = exchange(api, truncate=10, after=True)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert promised > 100
    assert len(body) == 10
    assert body.startswith(b'[{"session')
    assert sessions(api) == 1


def test_truncated_answer_can_be_made_up(api: Api) -> None:
    received = exchange(api, truncate=3, body="abcdef")
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"\r\n\r\nabc")
    assert b"content-length: 6" in received
    assert sessions(api) == 0


def test_truncating_beyond_the_end_still_breaks_the_promise(api: Api) -> None:
    received = exchange(api, truncate=100, body="abcdef", status=500)
    assert received.endswith(b"\r\n\r\nabcdef")
    assert b"content-length: 101" in received


def test_chunked_body_ends_without_its_last_chunk(api: Api) -> None:
    received = exchange(api, truncate=4, chunked=True, body="abcdef", status=200)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"content-length" not in head.lower()
    assert body == b"4\r\nabcd\r\n"


@pytest.mark.parametrize("chunked", [False, True])
def test_truncation_is_an_error_to_a_client(api: Api, chunked: bool) -> None:
    members = {"truncate": 5, "chunked": True} if chunked else {"truncate": 5}
    with pytest.raises(http.client.IncompleteRead):
        api.request("POST", "/session/create", headers=fault(after=True, **members))


def test_answer_without_a_body_cannot_be_cut(api: Api, live: str) -> None:
    connections = api.project("GET", f"/session/{live}/connection").json()["items"]
    answer = api.project(
        "DELETE",
        f"/session/{live}/connection/{connections[0]['connectionId']}",
        headers=fault(truncate=5, after=True),
    )
    assert (answer.status, answer.body) == (204, b"")


def test_server_lives_on_after_every_ending(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for members in ({"drop": True}, {"truncate": 1}, {"truncate": 1, "chunked": True}):
        exchange(api, **members)
    with pytest.raises(ConnectionResetError):
        exchange(api, reset=True)
    assert api.create_session()
    assert caplog.records == []


def test_fault_changes_the_error_response_of_a_carried_out_request(api: Api) -> None:
    received = exchange(api, path="/nowhere", truncate=8, after=True)
    assert received.startswith(b"HTTP/1.1 404 ")
    assert received.endswith(b'\r\n\r\n{"code":')


# The request log.


def test_request_log_shows_whether_a_call_was_carried_out(server: Server, api: Api) -> None:
    exchange(api, drop=True)
    exchange(api, drop=True, after=True)
    exchange(api, status=503)
    assert [(entry.status, entry.created, entry.fault) for entry in server.requests()] == [
        (None, False, {"drop": True}),
        (200, True, {"drop": True, "after": True}),
        (503, False, {"status": 503}),
    ]


# Bad headers.


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "JSON object"),
        ("nonsense", "JSON object"),
        ("[" * 10_000, "JSON object"),
        ("[]", "JSON object"),
        ("{}", "empty"),
        ('{"colour": "red"}', "no member 'colour'"),
        ('{"status": 99}', "status must be a number from 200 to 599"),
        ('{"status": true}', "status must"),
        ('{"status": 503.0}', "status must"),
        ('{"delay": -1}', "delay must be a number of seconds from 0 to 300"),
        ('{"delay": NaN}', "delay must"),
        ('{"delay": true}', "delay must"),
        ('{"drop": 1}', "drop must be true or false"),
        ('{"truncate": -1}', "truncate must be a number of bytes"),
        ('{"status": 503, "headers": {"A b": "c"}}', "headers must"),
        ('{"status": 503, "headers": {"A": "b\\r\\nC: d"}}', "headers must"),
        ('{"status": 503, "headers": {"Content-Length": "1"}}', "headers must"),
        ('{"status": 503, "headers": {"A": 1}}', "headers must"),
        ('{"body": null, "status": 500}', "body must"),
        ('{"drop": true, "reset": true}', "drop and reset exclude"),
        ('{"drop": true, "status": 503}', "takes no status"),
        ('{"headers": {"A": "b"}}', "headers needs a status"),
        ('{"delay": 1, "body": "x"}', "body needs a status"),
        ('{"drop": true, "chunked": true}', "chunked needs truncate"),
        ('{"status": 204, "body": "x"}', "has no body"),
    ],
)
def test_bad_fault_is_refused_with_its_reason(
    server: Server, api: Api, value: str, why: str
) -> None:
    answer = api.request("POST", "/session/create", headers={HEADER: value})
    assert answer.status == 400
    assert why in answer.json()["message"]
    assert sessions(api) == 0
    assert [entry.status for entry in server.requests()] == [400]


# Armed ones.


def arm(api: Api, **body: object) -> None:
    answer = api.request("POST", "/_emulator/faults", body)
    assert answer.status == 201, answer.body


def create(api: Api) -> int:
    return api.request("POST", "/session/create").status


def test_pending_fault_is_injected_into_the_next_requests(api: Api) -> None:
    arm(api, fault={"status": 503}, times=2)
    assert [create(api) for _ in range(3)] == [503, 503, 200]


def test_pending_fault_waits_for_a_request_that_matches(api: Api, live: str) -> None:
    arm(api, fault={"status": 500}, method="post", path="/v2/project/*/archive")
    assert create(api) == 200
    assert api.project("GET", "/archive").status == 200
    assert api.project("POST", "/archive", {"sessionId": live}).status == 500
    assert api.project("POST", "/archive", {"sessionId": live}).status == 200


def test_pending_faults_are_injected_in_order_after_that_of_a_header(api: Api) -> None:
    arm(api, fault={"status": 500})
    arm(api, fault={"status": 501})
    answer = api.request("POST", "/session/create", headers=fault(status=502))
    assert [answer.status, create(api), create(api), create(api)] == [502, 500, 501, 200]


def test_control_requests_get_no_pending_faults(api: Api) -> None:
    arm(api, fault={"status": 500})
    assert api.request("GET", "/_emulator/").status == 200
    assert create(api) == 500


@pytest.mark.parametrize("path", ["/_emulator/faults", "/_emulator/reset"])
def test_pending_faults_can_be_removed(api: Api, path: str) -> None:
    arm(api, fault={"status": 500})
    method = "DELETE" if path.endswith("faults") else "POST"
    assert api.request(method, path).status == 204
    assert create(api) == 200


def test_faults_can_be_added_from_python(server: Server, api: Api) -> None:
    server.fail_next({"status": 503}, method="POST", path="/session/*")
    assert [create(api), create(api)] == [503, 200]
    with pytest.raises(InvalidInputError, match=r"fault must be a fault .*status must"):
        server.fail_next({"status": 1})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "JSON object"),
        ({"fault": {"status": 1}}, "status"),
        ({"fault": {"drop": True}, "times": 0}, "times"),
        ({"fault": {"drop": True}, "times": True}, "times"),
        ({"fault": {"drop": True}, "path": 1}, "path"),
        ({"fault": {"drop": True}, "paht": "/x"}, "'paht'"),
    ],
)
def test_invalid_pending_fault_is_refused(api: Api, body: Any, named: str) -> None:
    answer = api.request("POST", "/_emulator/faults", body)
    assert answer.status == 400
    assert named in answer.json()["message"]
    assert create(api) == 200


def status_of(
    app: Any,
    method: str = "GET",
    path: str = "/nowhere",
    body: object = None,
    **fault: object,
) -> int:
    """Call an ASGI application as a server other than the emulator's own does."""
    started: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])

    header = [(HEADER.lower().encode(), json.dumps(fault).encode())] if fault else []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": header,
    }
    asyncio.run(app(scope, receive, send))
    return started[0]


def test_other_servers_do_not_affect_the_connection() -> None:
    app = create_app()
    assert [status_of(app, drop=True), status_of(app, status=503)] == [400, 503]
    app.state.emulator.store.close()


def test_other_servers_refuse_pending_faults_that_they_cannot_inject() -> None:
    app = create_app()
    add = ("POST", "/_emulator/faults")
    assert status_of(app, *add, {"fault": {"drop": True}}) == 400
    assert status_of(app) == 404
    assert status_of(app, *add, {"fault": {"status": 503}}) == 201
    assert [status_of(app), status_of(app)] == [503, 404]
    app.state.emulator.store.close()


def test_refused_pending_fault_is_not_used_up(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    with serve(db=db) as server:
        server.fail_next({"truncate": 1}, times=2)
    app = create_app(db=db)
    assert [status_of(app), status_of(app)] == [400, 400]
    app.state.emulator.store.close()
    with serve(db=db) as server:
        api = Api(server.url)
        for _ in range(2):
            with pytest.raises(http.client.IncompleteRead):
                api.request("GET", "/nowhere")
        assert api.request("GET", "/nowhere").status == 404


def test_fault_waits_until_the_connection_is_gone() -> None:
    messages = iter(["http.request", "http.request", "http.disconnect"])
    closed: list[bool] = []

    class Transport:
        def close(self) -> None:
            closed.append(True)

    async def receive() -> dict[str, object]:
        assert closed
        return {"type": next(messages)}

    async def send(message: MutableMapping[str, Any]) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "extensions": {"tokbox.transport": Transport()}}
    asyncio.run(FaultyResponse(Response(), Fault(drop=True))(scope, receive, send))
    assert list(messages) == []


def test_answer_in_pieces_comes_whole(server: Server) -> None:
    pieces = [b"one ", b"two ", b"three"]
    server._app.router.add_route("/pieces", lambda _: StreamingResponse(iter(pieces)))
    answer = Api(server.url).request("GET", "/pieces")
    assert answer.body == b"one two three"


def test_a_request_that_is_not_http_is_refused(api: Api) -> None:
    parts = urlsplit(api.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        with connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 400 Bad Request\r\n"
