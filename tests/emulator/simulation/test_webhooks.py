"""Webhooks that are sent: their receivers, order, signatures and failures."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import APPLICATION, KEY, NOW, Api
from tests.support.receiver import Received, Receiver, receiving
from tokbox.emulator import Clock, Rules, Server, serve
from tokbox.emulator.simulation import webhook_sender
from tokbox.emulator.simulation.webhook_sender import next_attempt_ms
from tokbox.emulator.store.webhook_outbox import NAMES
from tokbox.errors import InvalidInputError

SECRET = "example0signature0secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def configure(api: Api, webhooks: dict[str, Any], tenant: str = KEY) -> None:
    answer = api.request(
        "POST", "/_emulator/webhooks", {"projectId": tenant, "webhooks": webhooks}
    )
    assert answer.status == 204, answer.body


def live_and_die(api: Api) -> str:
    """Start and stop an archive, wait until it is available, and return its id."""
    session_id = api.create_session()
    joined = api.join(session_id, data="name=Ada")
    archive_id = api.start_archive(session_id, name="weekly")["id"]
    api.advance(5)
    api.stop_archive(archive_id)
    api.advance(3)
    api.leave(session_id, joined)
    return str(archive_id)


def test_links_lead_to_the_host_that_their_reader_or_the_sessions_creator_used(
    server: Server, receiver: Receiver
) -> None:
    creator, reader = (
        Api(server.url.replace("127.0.0.1", name)) for name in ("127.0.0.1", "localhost")
    )
    for host in (creator, reader):
        host.headers["Host"] = host.url.removeprefix("http://")
        host.url = server.url
    configure(creator, {"archive_status": receiver.url})
    session_id = creator.create_session()
    reader.join(session_id)
    archive_id = reader.start_archive(session_id)["id"]
    reader.stop_archive(archive_id)
    reader.advance(3)
    server.drain_webhooks()
    sent = json.loads(receiver.received[-1].body)["url"]
    assert sent.startswith(f"http://127.0.0.1:{server.port}/_emulator/archive/")
    for host in (creator, reader):
        shown = host.read(f"/archive/{archive_id}")["url"]
        assert shown.startswith(f"http://{host.headers['Host']}/_emulator/archive/")


def test_every_status_of_an_archive_is_sent_in_order(
    server: Server, api: Api, receiver: Receiver
) -> None:
    configure(api, {"archive_status": receiver.url})
    archive_id = live_and_die(api)
    server.drain_webhooks()
    assert receiver.statuses_of("archive") == ["started", "stopped", "available"]
    last = receiver.received[-1]
    assert last.path == "/hook"
    assert last.headers["Content-Type"] == "application/json"
    assert last.json()["id"] == archive_id
    assert last.json()["duration"] == 5
    assert last.json()["createdAt"] == NOW * 1000


def test_sessions_are_monitored(server: Server, api: Api, receiver: Receiver) -> None:
    names = ("connection_created", "connection_destroyed", "stream_created")
    configure(api, dict.fromkeys(names, receiver.url))
    live_and_die(api)
    server.drain_webhooks()
    bodies = [one.json() for one in receiver.received]
    assert [body["event"] for body in bodies] == [
        "connectionCreated",
        "streamCreated",
        "connectionDestroyed",
    ]
    assert bodies[0]["projectId"] == KEY
    assert bodies[0]["connection"]["data"] == "name=Ada"


def test_no_other_receiver_gets_events(
    server: Server, api: Api, other: Api, receiver: Receiver
) -> None:
    configure(api, {"archive_status": receiver.url})
    live_and_die(other)
    server.drain_webhooks()
    assert receiver.received == []
    assert server.webhooks() == []


def test_addresses_can_be_given_from_the_start(receiver: Receiver) -> None:
    webhooks = {KEY: {"connection_created": receiver.url}}
    with serve(webhooks=webhooks, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        api.join(api.create_session())
        server.drain_webhooks()
        api.request("POST", "/_emulator/reset")
        api.join(api.create_session())
        server.drain_webhooks()
    assert len(receiver.received) == 2


# Signatures.


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """The header and the claims of a JSON Web Token, and whether SECRET signed it."""
    signed, _, signature = token.rpartition(".")
    mac = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        for part in signed.split(".")
    )
    return header, claims, signature == base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def test_signed_webhook_contains_issuer_time_and_hash(
    server: Server, api: Api, receiver: Receiver
) -> None:
    configure(api, {"archive_status": receiver.url, "signature_secret": SECRET})
    live_and_die(api)
    server.drain_webhooks()
    tokens = []
    for one in receiver.received:
        scheme, _, token = one.headers["Authorization"].partition(" ")
        header, claims, authentic = opened(token)
        assert (scheme, header, authentic) == (
            "Bearer",
            {"typ": "JWT", "alg": "HS256"},
            True,
        )
        tokens.append(claims.pop("jti"))
        assert claims == {
            "iss": "Vonage",
            "iat": NOW,
            "payload_hash": hashlib.sha256(one.body).hexdigest(),
            "api_key": KEY,
        }
    assert len(set(tokens)) == 3


def test_signature_of_an_application_names_it(
    server: Server, application: Api, receiver: Receiver
) -> None:
    configure(
        application,
        {"connection_created": receiver.url, "signature_secret": SECRET},
        APPLICATION,
    )
    application.join(application.create_session())
    server.drain_webhooks()
    (one,) = receiver.received
    _, claims, authentic = opened(one.headers["Authorization"].removeprefix("Bearer "))
    assert authentic
    assert claims["application_id"] == APPLICATION
    assert "api_key" not in claims


def test_webhook_without_a_secret_is_not_signed(
    server: Server, api: Api, receiver: Receiver
) -> None:
    configure(api, {"connection_created": receiver.url})
    api.join(api.create_session())
    server.drain_webhooks()
    assert "Authorization" not in receiver.received[0].headers


# Failures.


def bearer(one: Received) -> dict[str, Any]:
    """The claims of a signed webhook."""
    _, claims, authentic = opened(one.headers["Authorization"].removeprefix("Bearer "))
    assert authentic
    return claims


def test_failed_delivery_is_retried_by_the_emulated_clock_and_blocks_no_other(
    server: Server, api: Api
) -> None:
    with receiving([503]) as receiver:
        names = ("connection_created", "stream_created")
        webhooks = dict.fromkeys(names, receiver.url)
        configure(api, {**webhooks, "signature_secret": SECRET})
        api.join(api.create_session())
        for seconds in (0, 4.999):
            api.advance(seconds)
            server.drain_webhooks()
            first, second = server.webhooks()
            assert (first.state, first.attempts, first.status) == ("waiting", 1, 503)
            assert first.due_ms == first.at_ms + 5000
            assert (second.state, second.attempts, second.status) == ("delivered", 1, 200)
        api.advance(0.001)
        server.drain_webhooks()
        first = server.webhooks()[0]
        assert (first.state, first.attempts, first.status) == ("delivered", 2, 200)
        assert first.error is None
    events = [one.json()["event"] for one in receiver.received]
    assert events == ["connectionCreated", "streamCreated", "connectionCreated"]
    # The receiver can see that it is the same event.
    tokens = [bearer(one)["jti"] for one in receiver.received]
    assert tokens[0] == tokens[2] != tokens[1]


@pytest.mark.trap(107)
def test_retries_double_from_5_seconds_to_15_minutes_for_24_hours(
    server: Server, api: Api, receiver: Receiver
) -> None:
    configure(api, {"connection_created": receiver.url})
    api.join(api.create_session())
    (delivery,) = server.webhooks()
    delivery, waits = replace(delivery, attempts=0), []
    while (due_ms := next_attempt_ms(delivery, Rules())) is not None:
        waits.append((due_ms - delivery.due_ms) // 1000)
        delivery = replace(delivery, attempts=delivery.attempts + 1, due_ms=due_ms)
    assert waits[:9] == [5, 10, 20, 40, 80, 160, 320, 640, 900]
    assert set(waits[9:]) == {900}
    assert sum(waits) <= 86_400 < sum(waits) + 900


@pytest.mark.trap(107)
def test_retries_can_end_after_four_by_a_rule() -> None:
    rules = Rules(webhook_retries="four")
    with (
        receiving([500] * 9) as receiver,
        serve(clock=Clock(lambda: NOW), strict=rules) as server,
    ):
        api = Api(server.url)
        configure(api, {"connection_created": receiver.url})
        api.join(api.create_session())
        api.advance(86_400)
        server.drain_webhooks()
        (delivery,) = server.webhooks()
    assert (delivery.state, delivery.attempts) == ("failed", 5)


@pytest.mark.trap(107)
def test_delivery_fails_after_24_hours_of_the_emulated_clock(
    server: Server, api: Api
) -> None:
    with receiving([500] * 102 + [302]) as receiver:
        configure(api, {"connection_created": receiver.url})
        api.join(api.create_session())
        server.drain_webhooks()
        api.advance(3600)
        server.drain_webhooks()
        (delivery,) = server.webhooks()
        assert (delivery.state, delivery.attempts) == ("waiting", 11)
        api.advance(23 * 3600)
        server.drain_webhooks()
        (delivery,) = server.webhooks()
        assert (delivery.state, delivery.attempts, delivery.status) == ("failed", 103, 302)
        assert delivery.error == "the receiver answered 302"
        assert {one.path for one in receiver.received} == {"/hook"}
        # Others are not affected.
        api.join(api.create_session())
        server.drain_webhooks()
    assert [one.state for one in server.webhooks()] == ["failed", "delivered"]


@pytest.mark.trap(108)
@pytest.mark.parametrize(("rule", "late"), [("first", 75), ("each", 0)])
def test_retry_has_the_signature_of_the_first_attempt_or_its_own(
    rule: str, late: int
) -> None:
    rules = Rules(webhook_signature=rule)  # type: ignore[arg-type]
    with (
        receiving([500] * 4) as receiver,
        serve(clock=Clock(lambda: NOW, real=lambda: NOW), strict=rules) as server,
    ):
        api = Api(server.url)
        configure(api, {"connection_created": receiver.url, "signature_secret": SECRET})
        api.join(api.create_session())
        server.drain_webhooks()
        api.advance(5 + 10 + 20 + 40)
        server.drain_webhooks()
    first, *_, last = map(bearer, receiver.received)
    assert len(receiver.received) == 5
    assert first["iat"] == NOW
    assert last == {**first, "iat": NOW - late}


def test_receiver_that_is_not_there_fails_with_a_reason(server: Server, api: Api) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    configure(api, {"connection_created": f"http://127.0.0.1:{port}/"})
    api.join(api.create_session())
    server.drain_webhooks()
    (delivery,) = server.webhooks()
    assert (delivery.state, delivery.attempts, delivery.status) == ("waiting", 1, None)
    assert delivery.error is not None
    assert delivery.error.startswith("ConnectionRefusedError")
    api.request("POST", "/_emulator/reset")


@contextmanager
def dripping() -> Iterator[str]:
    """Answer one byte at a time, each within the timeout of a socket, until the end."""

    def drip() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1_000_000:
                        connection.sendall(bytes([byte]))
                        if ended.wait(0.05):
                            break

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()
            # Closing a listener does not wake accept() up.
            with socket.create_connection(listener.getsockname()):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_receiver_that_answers_byte_by_byte_does_not_block_others(
    monkeypatch: pytest.MonkeyPatch, server: Server, api: Api, receiver: Receiver
) -> None:
    monkeypatch.setattr(webhook_sender, "TIMEOUT", 0.3)
    with dripping() as url:
        configure(api, {"connection_created": url, "stream_created": receiver.url})
        api.join(api.create_session())
        server.drain_webhooks()
        slow, quick = server.webhooks()
        assert (slow.state, slow.attempts, slow.status) == ("waiting", 1, None)
        assert slow.error in ("TimeoutError: no time is left", "TimeoutError: timed out")
        assert quick.state == "delivered"
        api.request("POST", "/_emulator/reset")


def test_waiting_for_webhooks_has_a_limit(server: Server, api: Api) -> None:
    with dripping() as url:
        configure(api, {"connection_created": url})
        api.join(api.create_session())
        with pytest.raises(TimeoutError, match="1 webhooks still wait"):
            server.drain_webhooks(timeout=0.3)
    api.request("POST", "/_emulator/reset")


# Events that are not sent.


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/a",
        "https://203.0.113.7/a",
        "http://localhost.example.org/",
        "http://127.0.0.1.example.org/",
        "http://127.0.0.1@example.org/",
    ],
)
def test_nothing_is_sent_beyond_this_machine(
    monkeypatch: pytest.MonkeyPatch, server: Server, api: Api, url: str
) -> None:
    asked = []
    original = socket.getaddrinfo

    def spy(host: Any, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return original(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", spy)
    configure(api, {"connection_created": url})
    api.join(api.create_session())
    server.drain_webhooks()
    (delivery,) = server.webhooks()
    assert (delivery.state, delivery.attempts) == ("refused", 0)
    assert delivery.error == "the emulator sends to loopback addresses only"
    assert set(asked) <= {"127.0.0.1"}


def test_other_addresses_are_tried_if_they_are_allowed() -> None:
    # An address that every system knows to be reserved.
    url = "http://0.0.0.0:1/"
    with serve(webhooks_anywhere=True, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        configure(api, {"connection_created": url})
        api.join(api.create_session())
        server.drain_webhooks()
        (delivery,) = server.webhooks()
        assert (delivery.state, delivery.attempts) == ("waiting", 1)


@pytest.mark.parametrize(
    "host", ["localhost", "127.9.8.7", "[::1]", "[::ffff:127.0.0.1]", "a.localhost"]
)
def test_loopback_has_many_names(server: Server, api: Api, host: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    configure(api, {"connection_created": f"http://{host}:{port}/"})
    api.join(api.create_session())
    (delivery,) = server.webhooks()
    assert delivery.state != "refused"
    api.request("POST", "/_emulator/reset")


# The outbox.


def test_pending_webhooks_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    db = tmp_path / "emulator.db"
    with receiving([500] * 9) as broken, serve(db=db, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        configure(api, {"archive_status": broken.url})
        live_and_die(api)
        server.drain_webhooks()
    with serve(db=db, clock=Clock(lambda: NOW)) as server:
        assert [one.state for one in server.webhooks()] == ["waiting"] * 3
        with server._store.transaction():
            server._store.db.execute(
                "UPDATE webhooks SET url = ?, due_ms = at_ms", (receiver.url,)
            )
        server.drain_webhooks()
        assert [one.state for one in server.webhooks()] == ["delivered"] * 3
    assert receiver.statuses_of("archive") == ["started", "stopped", "available"]


def test_refused_call_sends_nothing(server: Server, api: Api, receiver: Receiver) -> None:
    configure(api, {"connection_created": receiver.url})
    session_id = api.create_session()
    # The client is connected before the emulator sees that it may not publish.
    with pytest.raises(AssertionError):
        api.join(session_id, role="subscriber", publish=True)
    server.drain_webhooks()
    assert receiver.received == []


def test_time_alone_sends_webhooks(receiver: Receiver) -> None:
    began = time.monotonic()
    with serve(
        webhooks={KEY: {"archive_status": receiver.url}},
        clock=Clock(lambda: NOW + time.monotonic() - began),
        processing_delay=0.05,
    ) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        archive_id = api.start_archive(session_id)["id"]
        api.stop_archive(archive_id)
        # Nobody asks the emulator for anything until the file is there.
        while receiver.statuses_of("archive")[-1:] != ["available"]:
            server.drain_webhooks()
    assert receiver.statuses_of("archive") == ["started", "stopped", "available"]


def test_deliveries_can_be_listed_and_forgotten(
    server: Server, api: Api, receiver: Receiver
) -> None:
    configure(api, {"archive_status": receiver.url})
    live_and_die(api)
    server.drain_webhooks()
    content = api.request("GET", "/_emulator/webhooks?event=archive_status").json()
    assert content["count"] == 3
    assert content["items"][0]["body"]["status"] == "started"
    assert [item["state"] for item in content["items"]] == ["delivered"] * 3
    query = f"?after={content['items'][1]['number']}&project_id={KEY}&url={receiver.url}"
    assert api.request("GET", f"/_emulator/webhooks{query}").json()["count"] == 1
    assert api.request("GET", "/_emulator/webhooks?state=failed").json()["count"] == 0
    assert api.request("DELETE", "/_emulator/webhooks").status == 204
    assert server.webhooks() == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "projectId"),
        ({"projectId": "999", "webhooks": {}}, "projectId"),
        ({"projectId": KEY}, "webhooks"),
        (
            {"projectId": KEY, "webhooks": {"archive": "http://localhost/"}},
            "archive_status",
        ),
        ({"projectId": KEY, "webhooks": {"archive_status": "ftp://localhost/"}}, "URL"),
        ({"projectId": KEY, "webhooks": {"archive_status": "http://localhost:x/"}}, "URL"),
        ({"projectId": KEY, "webhooks": {"archive_status": "http://local host/"}}, "URL"),
        ({"projectId": KEY, "webhooks": {"signature_secret": ""}}, "signature_secret"),
        (
            {"projectId": KEY, "webhooks": {"signature_secret": "canary\n"}},
            "holds a line break at position 7",
        ),
    ],
)
def test_bad_settings_are_refused_by_name(api: Api, body: Any, named: str) -> None:
    answer = api.request("POST", "/_emulator/webhooks", body)
    assert answer.status == 400
    assert named in answer.json()["message"]


def test_settings_from_python_are_checked_too() -> None:
    with pytest.raises(InvalidInputError, match="signature_secret must be a string"):
        serve(webhooks={KEY: {"signature_secret": 7}})  # type: ignore[dict-item]
    assert len(set(NAMES)) == len(NAMES)


def test_no_secret_is_shown(server: Server, api: Api, receiver: Receiver) -> None:
    configure(api, {"connection_created": receiver.url, "signature_secret": SECRET})
    api.join(api.create_session())
    server.drain_webhooks()
    for path in ("/_emulator/webhooks", "/_emulator/requests", "/_emulator"):
        assert SECRET.encode() not in api.request("GET", path).body
    assert SECRET not in repr(server.webhooks())
