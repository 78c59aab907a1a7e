"""Control calls of ``Server`` and of ``connect(url)``: clients, signals, failures, time."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import tokbox.emulator
from tests.support.emulator import KEY, NOW, SECRET, Api, client_token, t1_token
from tests.support.receiver import receiving
from tokbox import errors
from tokbox.emulator import Controls, Server, SimulatedClient, SimulatedStream


@pytest.fixture(params=["server", "url"])
def controls(request: pytest.FixtureRequest, server: Server) -> Controls:
    """The control calls of a server in this process, and the same by URL."""
    return server if request.param == "server" else tokbox.emulator.connect(server.url)


@pytest.fixture
def client(controls: Controls, session_id: str) -> SimulatedClient:
    return controls.connect(session_id, publish=True)


# Clients.


@pytest.mark.parametrize("make", [client_token, t1_token])
def test_client_connects_with_a_token(
    controls: Controls, api: Api, session_id: str, make: Any
) -> None:
    client = controls.connect(make(session_id), publish=True, name="desk")
    assert client.session_id == session_id
    assert api.connections(session_id) == [client.connection_id]
    (stream,) = api.streams(session_id)
    assert (stream["id"], stream["name"]) == (client.stream_id, "desk")


def test_client_connects_to_a_session_without_a_token(
    controls: Controls, api: Api, session_id: str
) -> None:
    session = SimpleNamespace(session_id=session_id)
    client = controls.connect(session, role="subscriber", connection_data="name=Ada")
    assert client.stream_id is None
    (shown,) = api.request("GET", f"/_emulator/session/{session_id}").json()["connections"]
    assert (shown["connectionId"], shown["role"]) == (client.connection_id, "subscriber")
    assert shown["data"] == "name=Ada"


def test_client_publishes_unpublishes_and_disconnects(
    controls: Controls, api: Api, session_id: str, client: SimulatedClient
) -> None:
    first = client.stream_id
    second = controls.publish(client, name="slides", video_type="screen")
    third = controls.publish(client)
    assert second == SimulatedStream(
        session_id=session_id,
        connection_id=client.connection_id,
        stream_id=second.stream_id,
    )
    found = {stream["id"]: stream["videoType"] for stream in api.streams(session_id)}
    assert found == {first: "camera", second.stream_id: "screen", third.stream_id: "camera"}
    controls.unpublish(second)
    left = [stream["id"] for stream in api.streams(session_id)]
    assert left == [first, third.stream_id]
    controls.unpublish(client)
    assert api.streams(session_id) == []
    controls.disconnect(client)
    with pytest.raises(errors.NotFoundError, match="no such connection"):
        controls.publish(client)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ({"secret": "another0secret"}, "signature"),
        ({"exp": NOW - 1}, "expired 1 s ago"),
        ({"role": "subscriber"}, "may not publish"),
    ],
)
def test_refused_token_raises_its_reason(
    controls: Controls, session_id: str, token: dict[str, Any], reason: str
) -> None:
    with pytest.raises(errors.AuthenticationError, match=reason) as caught:
        controls.connect(client_token(session_id, **token), publish=True)
    assert (caught.value.status, caught.value.code) == (403, 1004)
    assert session_id in caught.value.path


def test_text_that_is_not_a_token_is_refused_without_showing_it(controls: Controls) -> None:
    with pytest.raises(errors.MalformedTokenError) as caught:
        controls.connect("canary")
    assert "canary" not in str(caught.value)


def test_unknown_session_is_not_found(controls: Controls) -> None:
    for session_or_token in ("1_nothing", client_token("1_MX4xfn4-fg")):
        with pytest.raises((errors.NotFoundError, errors.TokenError)):
            controls.connect(session_or_token)


@pytest.mark.parametrize("options", [{"role": "publisher"}, {"connection_data": ""}])
def test_token_has_its_own_role_and_data(
    controls: Controls, session_id: str, options: Any
) -> None:
    with pytest.raises(errors.InvalidInputError, match="the token has its own"):
        controls.connect(client_token(session_id), **options)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"role": "king"}, "role"),
        ({"video_type": "x"}, "videoType"),
        ({"publish": 1}, "publish"),
    ],
)
def test_invalid_option_of_a_client_is_named(
    controls: Controls, session_id: str, options: Any, named: str
) -> None:
    with pytest.raises(errors.APIError, match=named) as caught:
        controls.connect(session_id, **options)
    assert caught.value.status == 400


@pytest.mark.parametrize("session", [None, 7, b"1_x"])
def test_session_must_be_a_session_or_its_id(controls: Controls, session: Any) -> None:
    for call in (controls.connect, controls.fail_session, controls.rotate_session):
        with pytest.raises(errors.InvalidInputError, match="be a session"):
            call(session)


# Received messages.


def test_signals_are_typed_and_filtered(
    controls: Controls, api: Api, session_id: str, client: SimulatedClient
) -> None:
    other = controls.connect(session_id)
    path = f"/session/{session_id}"
    api.project("POST", f"{path}/signal", {"type": "chat", "data": "all"})
    api.project(
        "POST",
        f"{path}/connection/{other.connection_id}/signal",
        {"data": "one"},
    )
    first, second = controls.signals(session_id)
    assert (first.type, first.data, first.session_id) == ("chat", "all", session_id)
    assert set(first.recipients) == {client.connection_id, other.connection_id}
    assert first.sent_ms == NOW * 1000
    assert (second.type, second.recipients) == (None, (other.connection_id,))
    assert controls.signals(client=client) == [first]
    assert controls.signals(type="chat") == [first]
    assert controls.signals(after=first.number) == [second]
    assert controls.signals("1_other") == []


def test_records_by_url_equal_those_of_the_server(
    controls: Controls, server: Server, api: Api
) -> None:
    with receiving() as receiver:
        controls.set_webhooks(KEY, {"session_created": receiver.url})
        session_id = api.create_session()
        controls.connect(session_id)
        controls.drain_webhooks()
        (delivery,) = controls.webhooks(event="session_created", state="delivered")
    assert receiver.received[0].body == delivery.body.encode()
    api.project("POST", f"/session/{session_id}/signal", {"data": "é"})
    found = [controls.requests(), controls.messages(), controls.webhooks()]
    emulator = server._emulator
    with server._store.transaction():
        assert found == [
            emulator.request_log.entries(),
            emulator.messages.sent(),
            emulator.webhook_outbox.deliveries(),
        ]
    assert [entry.path for entry in controls.requests(created=True)] == ["/session/create"]
    assert len(controls.requests(created=False)) == 1


def test_webhooks_that_wait_are_a_timeout(controls: Controls, api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        controls.set_webhooks(KEY, {"session_created": url})
        controls.connect(api.create_session())
        with pytest.raises(TimeoutError, match="1 webhooks still wait"):
            controls.drain_webhooks(timeout=0)


# Failures and time.


def test_session_and_jobs_fail_on_demand(
    controls: Controls, api: Api, session_id: str, client: SimulatedClient
) -> None:
    first, second = (api.start_archive(session_id, multiArchiveTag=tag) for tag in "ab")
    controls.fail_job(session_id, first["id"], reason="disk full")
    assert api.archive(first["id"])["status"] == "failed"
    assert api.archive(first["id"])["reason"] == "disk full"
    controls.fail_session(session_id)
    assert api.archive(second["id"])["status"] == "failed"
    for call in (controls.fail_session, controls.rotate_session):
        with pytest.raises(errors.ConflictError, match="not active"):
            call(session_id)
    with pytest.raises(errors.NotFoundError, match="Nothing with this id"):
        controls.fail_job(session_id, first["id"])


def test_session_rotates_on_demand(
    controls: Controls, api: Api, session_id: str, client: SimulatedClient
) -> None:
    controls.rotate_session(session_id, migrate=True)
    assert api.connections(session_id) == [client.connection_id]
    controls.rotate_session(session_id)
    assert api.connections(session_id) == []


def test_clock_advances_and_reset_puts_it_back(controls: Controls, server: Server) -> None:
    controls.advance(3600)
    assert server.clock.offset_ms == 3_600_000
    controls.reset()
    assert server.clock.offset_ms == 0


def test_uploads_fail_on_demand(controls: Controls, api: Api) -> None:
    for fail in (True, False):
        controls.fail_uploads(KEY, fail=fail)
        assert api.request("GET", f"/_emulator/storage/{KEY}").json()["broken"] is fail
    with pytest.raises(errors.NotFoundError):
        controls.fail_uploads("999")


def test_faults_are_injected(controls: Controls, api: Api) -> None:
    controls.fail_next({"status": 503}, method="POST", path="/session/*", times=2)
    answers = [api.request("POST", "/session/create").status for _ in range(3)]
    assert answers == [503, 503, 200]
    with pytest.raises(errors.InvalidInputError, match="fault must be a fault"):
        controls.fail_next({"colour": "red"})


def test_invalid_webhooks_are_refused_without_showing_a_secret(controls: Controls) -> None:
    webhooks = {"signature_secret": SECRET, "nothing": "http://localhost/"}
    with pytest.raises(errors.InvalidInputError, match="name some of") as caught:
        controls.set_webhooks(KEY, webhooks)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("number", [-1, "1", 1.5, 2**63])
def test_numbers_are_checked_before_a_request(controls: Controls, number: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match="status must be a whole number"):
        controls.requests(status=number)
    with pytest.raises(errors.InvalidInputError, match="times must be a whole number"):
        controls.fail_next({"status": 503}, times=number)


# Connecting to an emulator.


def test_stopped_server_reports_that_it_does_not_run() -> None:
    server = tokbox.emulator.serve()
    with pytest.raises(RuntimeError, match="not running"):
        server.requests()
    with server:
        assert server.requests() == []
    with pytest.raises(RuntimeError, match="not running"):
        server.reset()


def test_url_where_nothing_answers_is_named() -> None:
    with tokbox.emulator.serve() as server:
        url = server.url
    with pytest.raises(errors.ConnectError, match=f"no emulator answers at {url}"):
        tokbox.emulator.connect(url)
    with pytest.raises(errors.ConnectError, match="no emulator answers"):
        tokbox.emulator.connect(url.replace("http:", "https:"))


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://localhost", None])
def test_url_must_be_one_of_http(url: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match="url must be an http or https URL"):
        tokbox.emulator.connect(url)


class _Other(http.server.BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def another_server() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"name": "nginx"}'])
def test_other_server_is_not_taken_for_an_emulator(
    another_server: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Other, "content", content)
    with pytest.raises(errors.ProtocolError, match="emulator"):
        tokbox.emulator.connect(another_server)


def test_server_that_does_not_respond_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokbox.emulator.controls._TIMEOUT", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(errors.RequestTimeoutError, match=r"no response in 0.01 s"):
            tokbox.emulator.connect(url)


def test_repr_is_the_url(server: Server) -> None:
    assert repr(tokbox.emulator.connect(server.url + "/")) == f"<Controls {server.url}>"
    assert repr(server) == f"<Server {server.url}>"
