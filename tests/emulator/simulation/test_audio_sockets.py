"""The WebSockets of Audio Connectors, with a real server on this machine."""

from __future__ import annotations

import base64
import io
import json
import struct
import threading
import wave
from collections.abc import Callable, Iterator
from http import HTTPStatus
from queue import Queue
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from tests.support.audio_server import audio_server, wait_until
from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.model.audio_socket import AudioSocket
from tokbox.emulator.simulation import audio_sockets, engine


class Bot:
    """The last connection of a server: what it received, and its handshake."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.received: Queue[str | bytes | None] = Queue()
        self.connected = threading.Event()
        self.connection: ServerConnection

    def handle(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.connected.set()
        try:
            for message in connection:
                self.received.put(message)
        except ConnectionClosed:
            pass
        self.received.put(None)

    def send(self, message: object) -> None:
        is_audio = isinstance(message, bytes)
        self.connection.send(message if is_audio else json.dumps(message))  # type: ignore[arg-type]

    def text(self) -> Any:
        message = self.received.get()
        assert isinstance(message, str)
        return json.loads(message)

    def audio(self) -> bytes:
        message = self.received.get()
        assert isinstance(message, bytes)
        return message


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot("")
    with audio_server(bot.handle) as bot.uri:
        yield bot


def start(api: Api, session_id: str, uri: str, **websocket: object) -> dict[str, Any]:
    return api.start("connect", session_id, websocket={"uri": uri, **websocket})


def connect(api: Api, session_id: str, bot: Bot, **websocket: object) -> dict[str, Any]:
    connector = start(api, session_id, bot.uri, **websocket)
    bot.connected.wait()
    return connector


def record(server: Server, connector: dict[str, Any]) -> AudioSocket:
    (found,) = server.audio_sockets(connector_id=connector["id"])
    return found


def wait_for(
    server: Server, connector: dict[str, Any], condition: Callable[[AudioSocket], bool]
) -> AudioSocket:
    wait_until(lambda: condition(record(server, connector)))
    return record(server, connector)


def connections_of(server: Server, session_id: str) -> list[str]:
    with server._store.transaction():
        found = server._store.connections(session_id)
    return [connection.connection_id for connection in found]


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_frames_of_a_tone_follow_the_clock(
    api: Api, live: str, bot: Bot, rate: int
) -> None:
    headers = {"room": "7", "no header": "x", "Host": "elsewhere"}
    connect(api, live, bot, audioRate=rate, headers=headers)
    greeting = {"event": "websocket:connected", "content-type": f"audio/l16;rate={rate}"}
    assert bot.text() == {**headers, **greeting}
    request = bot.connection.request
    assert request is not None
    assert request.headers["room"] == "7"
    assert request.headers["Host"] != "elsewhere"
    api.advance(1)
    audio = b"".join(bot.audio() for _ in range(50))
    samples = struct.unpack(f"<{rate}h", audio)
    # A sine of 440 Hz crosses zero upwards 440 times a second.
    pairs = zip(samples, samples[1:] + samples[:1], strict=True)
    assert sum(before < 0 <= after for before, after in pairs) == 440


def test_audio_is_published_in_real_time(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    connector = connect(api, live, bot, bidirectional=True)
    bot.text()
    bot.send(b"\x01\x02" * 480)
    before = wait_for(server, connector, lambda socket: socket.received_bytes == 960)
    assert (before.audio, before.buffered_bytes) == (b"", 960)
    api.advance(0.02)
    half = wait_for(server, connector, lambda socket: socket.sent_frames == 1)
    assert (half.audio, half.buffered_bytes) == (b"\x01\x02" * 320, 320)
    api.advance(1)
    after = wait_for(server, connector, lambda socket: socket.sent_frames == 51)
    assert (after.audio, after.buffered_bytes, after.state) == (
        b"\x01\x02" * 480,
        0,
        "open",
    )


def test_clear_discards_what_waits(api: Api, server: Server, live: str, bot: Bot) -> None:
    connector = connect(api, live, bot, bidirectional=True)
    bot.text()
    bot.send(bytes(1000))
    bot.send({"action": "notify", "payload": "never"})
    bot.send({"action": "clear"})
    assert bot.text() == {"event": "websocket:cleared"}
    found = record(server, connector)
    assert (found.audio, found.buffered_bytes, found.cleared_bytes) == (b"", 0, 1000)
    assert found.messages == ({"action": "notify", "payload": "never"}, {"action": "clear"})


def test_notification_follows_the_audio_before_it(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    connector = connect(api, live, bot, bidirectional=True)
    bot.text()
    bot.send({"action": "notify", "payload": {"part": 1}})
    assert bot.text() == {"event": "websocket:notify", "payload": {"part": 1}}
    bot.send(bytes(1280))
    bot.send({"action": "notify"})
    bot.send({"action": "notify", "payload": 2})
    wait_for(server, connector, lambda socket: len(socket.messages) == 3)
    api.advance(0.02)
    assert len(bot.audio()) == 640
    api.advance(0.02)
    assert len(bot.audio()) == 640
    assert bot.text() == {"event": "websocket:notify", "payload": None}
    assert bot.text() == {"event": "websocket:notify", "payload": 2}


def test_json_transport_has_its_fields(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    transport = {
        "transport": "json",
        "encoding": "base64",
        "audio_field": "out",
        "receive_audio_field": "in",
        "static_fields": {"call": "7"},
    }
    connector = connect(api, live, bot, bidirectional=True, audioTransport=transport)
    bot.text()
    api.advance(0.02)
    message = bot.text()
    assert len(base64.b64decode(message.pop("out"))) == 640
    assert message == {"call": "7"}
    bot.send({"in": base64.b64encode(b"abcd").decode()})
    others = [{"in": "no base64!"}, {"in": 7}, [7], "text"]
    for other in others:
        bot.send(other)
    bot.connection.send("no JSON")
    found = wait_for(server, connector, lambda socket: len(socket.messages) == 5)
    assert (found.received_bytes, found.messages) == (4, (*others, "no JSON"))


def test_one_way_connector_drops_audio(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    connector = connect(api, live, bot)
    bot.text()
    bot.send(b"abcd")
    found = wait_for(server, connector, lambda socket: socket.received_bytes == 4)
    assert (found.dropped_bytes, found.buffered_bytes) == (4, 0)


def test_buffer_has_sixty_seconds(api: Api, server: Server, live: str, bot: Bot) -> None:
    connector = connect(api, live, bot, bidirectional=True, audioRate=8000)
    bot.text()
    minute = bytes(60 * 16_000)
    bot.send(minute)
    bot.send(b"late")
    found = wait_for(server, connector, lambda socket: socket.dropped_bytes == 4)
    assert found.buffered_bytes == len(minute)
    # A jump of the clock sends a minute of frames at most.
    api.advance(3600)
    found = wait_for(server, connector, lambda socket: socket.sent_frames == 3000)
    assert found.audio == minute


def test_recorded_audio_is_limited(
    api: Api, server: Server, live: str, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_sockets, "_MAX_FRAMES", 2)
    connector = connect(api, live, bot, bidirectional=True, audioRate=8000)
    bot.text()
    bot.send(b"1" * 320 + b"2" * 320 + b"3" * 320)
    wait_for(server, connector, lambda socket: socket.received_bytes == 960)
    api.advance(0.06)
    found = wait_for(server, connector, lambda socket: socket.sent_frames == 3)
    assert found.audio == b"2" * 320 + b"3" * 320


@pytest.mark.parametrize("way", ["stop", "disconnect"])
def test_end_of_the_connector_closes_the_socket(
    api: Api, server: Server, live: str, bot: Bot, way: str
) -> None:
    connector = connect(api, live, bot)
    bot.text()
    if way == "stop":
        server._emulator.audio_sockets.close("unknown")
        with server._store.transaction():
            (job,) = server._emulator.jobs.running(live, "connector")
            engine.stop(server._emulator, job, server.clock.now_ms())
    else:
        path = f"/session/{live}/connection/{connector['connectionId']}"
        assert api.project("DELETE", path).status == 204
    assert bot.text() == {"event": "websocket:disconnected"}
    assert bot.received.get() is None
    found = wait_for(server, connector, lambda socket: socket.state == "closed")
    assert found.error == ""


def test_bot_that_closes_ends_the_connector(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    connector = connect(api, live, bot)
    bot.text()
    bot.connection.close(1000)
    wait_until(lambda: connector["connectionId"] not in connections_of(server, live))
    found = record(server, connector)
    assert found.state == "closed"
    assert found.error == "the server closed the WebSocket with code 1000"


def test_bot_that_fails_ends_the_connector(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    connector = connect(api, live, bot)
    bot.text()
    bot.connection.close(1011, "no model")
    wait_until(lambda: connector["connectionId"] not in connections_of(server, live))
    found = record(server, connector)
    assert found.state == "closed"
    assert "1011" in found.error
    assert "no model" in found.error


@pytest.mark.trap(113)
@pytest.mark.parametrize("status", [HTTPStatus.FORBIDDEN, HTTPStatus.FOUND])
def test_refused_handshake_ends_the_connector(
    api: Api, server: Server, live: str, status: HTTPStatus
) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(status, "")
        # The emulator follows no redirects.
        response.headers["Location"] = "ws://elsewhere.example/"
        return response

    with audio_server(lambda connection: None, process_request=refuse) as uri:
        connector = start(api, live, uri)
        wait_until(lambda: connector["connectionId"] not in connections_of(server, live))
    found = record(server, connector)
    assert found.state == "failed"
    assert found.error == f"the server answered the handshake with {status.value}"


@pytest.mark.trap(113)
def test_server_that_is_not_there_ends_the_connector(
    api: Api, server: Server, live: str
) -> None:
    with audio_server(lambda connection: None) as uri:
        pass
    connector = start(api, live, uri)
    wait_until(lambda: connector["connectionId"] not in connections_of(server, live))
    found = record(server, connector)
    assert found.state == "failed"
    assert "Error" in found.error


def test_other_machines_are_not_contacted(api: Api, server: Server, live: str) -> None:
    connector = start(api, live, "wss://voice.example.org/")
    found = record(server, connector)
    assert found.state == "refused"
    assert found.error == "not a loopback address, so the emulator does not connect"
    assert connector["connectionId"] in connections_of(server, live)


def test_connectors_are_listed(api: Api, server: Server, live: str, bot: Bot) -> None:
    first = start(api, live, "wss://voice.example.org/")
    second = connect(api, live, bot, bidirectional=True, audioRate=8000)
    bot.text()
    bot.send(b"abcd")
    wait_for(server, second, lambda socket: socket.received_bytes == 4)
    api.advance(0.02)
    wait_for(server, second, lambda socket: socket.sent_frames == 1)
    listed = api.request("GET", f"/_emulator/connectors?session_id={live}").json()
    assert [item["id"] for item in listed["items"]] == [first["id"], second["id"]]
    assert listed["items"][1] == {
        "id": second["id"],
        "sessionId": live,
        "uri": bot.uri,
        "state": "open",
        "error": "",
        "audioRate": 8000,
        "sentFrames": 1,
        "receivedBytes": 4,
        "audio": base64.b64encode(b"abcd").decode(),
        "bufferedBytes": 0,
        "clearedBytes": 0,
        "droppedBytes": 0,
        "messages": [],
    }
    assert server.audio_sockets(session_id="other") == []
    assert api.request("GET", "/_emulator/connectors?kind=x").status == 400
    assert api.request("GET", "/_emulator/connectors/none/audio.wav").status == 404
    answer = api.request("GET", f"/_emulator/connectors/{second['id']}/audio.wav")
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (
            8000,
            1,
            2,
        )
        assert file.readframes(10) == b"abcd"


def test_reset_closes_all(api: Api, server: Server, live: str, bot: Bot) -> None:
    connect(api, live, bot)
    bot.text()
    assert api.request("POST", "/_emulator/reset").status == 204
    assert bot.text() == {"event": "websocket:disconnected"}
    assert server.audio_sockets() == []


def test_end_of_the_server_closes_the_sockets(bot: Bot) -> None:
    with serve(clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        connector = connect(api, session_id, bot)
        assert bot.text()["event"] == "websocket:connected"
        sockets = server._emulator.audio_sockets
    assert bot.text() == {"event": "websocket:disconnected"}
    assert bot.received.get() is None
    (found,) = sockets.find(connector_id=connector["id"])
    assert (found.state, found.error) == ("closed", "")
    sockets.stop()  # a second call does nothing
    assert sockets._loop is None


def test_stop_without_a_socket_does_nothing() -> None:
    sockets = audio_sockets.AudioSockets(Clock())
    sockets.stop()
    assert sockets.find() == []


def test_connector_that_ends_before_its_socket_is_open_is_closed(
    api: Api, server: Server, live: str, bot: Bot
) -> None:
    connector = connect(api, live, bot)
    bot.text()
    # The event loop is busy, so the second connector is cancelled before its first step.
    loop, busy = server._emulator.audio_sockets._loop, threading.Event()
    assert loop is not None
    loop.call_soon_threadsafe(busy.wait)
    second = start(api, live, bot.uri)
    path = f"/session/{live}/connection/{second['connectionId']}"
    assert api.project("DELETE", path).status == 204
    busy.set()
    assert record(server, second).state == "closed"
    assert record(server, connector).state == "open"


def test_oldest_records_that_have_ended_are_deleted(
    api: Api, server: Server, live: str, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_sockets, "_MAX_SOCKETS", 1)
    running = connect(api, live, bot)
    start(api, live, "wss://first.example.org/")
    last = start(api, live, "wss://last.example.org/")
    found = [socket.connector_id for socket in server.audio_sockets()]
    assert found == [running["id"], last["id"]]
