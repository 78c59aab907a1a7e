"""The official Python SDK against the emulator: what runs in sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.support import control
from tokbox.emulator import Rules, Server, serve

# The SDK is not ours to change: it signs with short keys, and parses dates its own way.
pytestmark = pytest.mark.filterwarnings("ignore")

opentok = pytest.importorskip("opentok")
exceptions = pytest.importorskip("opentok.exceptions")

PAGE = "https://app.example.org/view"
TARGET = {"id": "yt", "serverUrl": "rtmp://live.example.net/app", "streamName": "key"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # What this SDK waits for where a broadcast has stopped.
    with serve(strict=Rules(stopped_broadcast=409)) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Any:
    return opentok.Client(server.api_key, server.secret, api_url=server.url)


@pytest.fixture
def session_id(server: Server, client: Any) -> str:
    """A routed session in which somebody publishes."""
    found = client.create_session(media_mode=opentok.MediaModes.routed).session_id
    token = client.generate_token(found)
    control(server, f"session/{found}/connection", {"token": token, "publish": True})
    return str(found)


@pytest.fixture
def token(client: Any, session_id: str) -> str:
    return str(client.generate_token(session_id, opentok.Roles.moderator))


@pytest.mark.trap(48, 49)
def test_broadcast_from_start_to_stop(client: Any, session_id: str) -> None:
    outputs = {"hls": {"lowLatency": True, "dvr": False}, "rtmp": [TARGET]}
    options = {"outputs": outputs, "maxBitrate": 1_000_000, "resolution": "1280x720"}
    broadcast = client.start_broadcast(session_id, options)
    assert (broadcast.status, broadcast.resolution) == ("started", "1280x720")
    assert broadcast.broadcastUrls["rtmp"][0]["status"] == "connecting"
    client.set_broadcast_layout(broadcast.id, "bestFit", screenshare_type="pip")
    assert client.get_broadcast(broadcast.id).id == broadcast.id
    with pytest.raises(exceptions.BroadcastError, match="already started"):
        client.start_broadcast(session_id, options)
    assert client.stop_broadcast(broadcast.id).status == "stopped"
    with pytest.raises(exceptions.BroadcastError, match="already stopped"):
        client.stop_broadcast(broadcast.id)


def test_streams_of_a_broadcast(client: Any, session_id: str) -> None:
    (stream,) = client.list_streams(session_id)
    broadcast = client.start_broadcast(
        session_id,
        {"outputs": {"hls": {}}},
        stream_mode=opentok.BroadcastStreamModes.manual,
    )
    client.add_broadcast_stream(broadcast.id, stream.id, has_video=False)
    (chosen,) = client.get_broadcast(broadcast.id).streams
    assert (chosen["streamId"], chosen["hasVideo"]) == (stream.id, False)
    client.remove_broadcast_stream(broadcast.id, stream.id)
    assert client.get_broadcast(broadcast.id).streams == []


@pytest.mark.trap(89)
def test_render_from_start_to_stop(
    server: Server, client: Any, session_id: str, token: str
) -> None:
    render = client.start_render(session_id, token, PAGE, properties={"name": "stage"})
    assert render.status == "starting"
    control(server, "clock", {"advance": 1})
    assert client.get_render(render.id).status == "started"
    assert client.list_renders(count=1).count >= 1
    client.stop_render(render.id)
    with pytest.raises(exceptions.NotFoundError):
        client.stop_render(render.id)


@pytest.mark.trap(89)
def test_captions_from_start_to_stop(client: Any, session_id: str, token: str) -> None:
    captions = client.start_captions(session_id, token)
    with pytest.raises(exceptions.CaptioningAlreadyInProgressError):
        client.start_captions(session_id, token)
    client.stop_captions(captions.captions_id)
    with pytest.raises(exceptions.NotFoundError):
        client.stop_captions(captions.captions_id)


def test_call(client: Any, session_id: str, token: str) -> None:
    options = {"from": "1@example.com", "headers": {"X-A": "b"}, "secure": True}
    call = client.dial(session_id, token, "sip:user@gateway.example.org", options)
    assert call.streamId in [stream.id for stream in client.list_streams(session_id)]
    client.force_disconnect(session_id, call.connectionId)
    assert len(list(client.list_streams(session_id))) == 1


def test_audio_connector(client: Any, session_id: str, token: str) -> None:
    options = {
        "uri": "wss://socket.example.org/",
        "headers": {"X-A": "b"},
        "bidirectional": True,
        # It goes out as JSON inside of the JSON.
        "audio_transport": {"transport": "json", "encoding": "base64"},
    }
    connector = client.connect_audio_to_websocket(session_id, token, options)
    client.force_disconnect(session_id, connector.connectionId)
    assert len(list(client.list_streams(session_id))) == 1
