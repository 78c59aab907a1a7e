"""The official Python SDK (``opentok`` on PyPI) against the emulator.

Whatever it sends and expects was not written here, which makes it a judge of the
emulator that the project's own client cannot be.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tokbox.emulator import Server, serve

# The SDK is not ours to change: it signs with short keys, and parses dates its own way.
pytestmark = pytest.mark.filterwarnings("ignore")

opentok = pytest.importorskip("opentok")
exceptions = pytest.importorskip("opentok.exceptions")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(processing_delay=3600) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Any:
    return opentok.Client(server.api_key, server.secret, api_url=server.url)


@pytest.fixture
def routed(client: Any) -> Any:
    return client.create_session(media_mode=opentok.MediaModes.routed)


def control(server: Server, path: str, body: dict[str, object]) -> Any:
    request = urllib.request.Request(
        f"{server.url}/_emulator/{path}", json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def join(server: Server, session_id: str, token: str) -> dict[str, Any]:
    body: dict[str, object] = {"token": token, "publish": True}
    joined: dict[str, Any] = control(server, f"session/{session_id}/connection", body)
    return joined


# Sessions.


def test_session_by_default(client: Any) -> None:
    session = client.create_session()
    assert session.media_mode is opentok.MediaModes.relayed
    # The SDK itself reads the id before it makes a token.
    assert session.generate_token().count(".") == 2


@pytest.mark.parametrize("mode", ["routed", "relayed"])
def test_session_of_each_media_mode(client: Any, mode: str) -> None:
    assert client.create_session(media_mode=opentok.MediaModes[mode]).session_id


def test_session_with_every_option(client: Any) -> None:
    session = client.create_session(
        location="203.0.113.7",
        media_mode=opentok.MediaModes.routed,
        archive_mode=opentok.ArchiveModes.always,
        archive_name="weekly",
        archive_resolution="1920x1080",
    )
    assert session.session_id


def test_session_with_end_to_end_encryption(client: Any) -> None:
    session = client.create_session(media_mode=opentok.MediaModes.routed, e2ee=True)
    assert session.e2ee


def test_wrong_secret_is_an_authentication_error(server: Server) -> None:
    client = opentok.Client(server.api_key, "wrong", api_url=server.url)
    # The SDK wraps its own AuthError into a RequestError here, and only here.
    with pytest.raises(exceptions.RequestError, match="invalid credentials"):
        client.create_session()
    with pytest.raises(exceptions.AuthError):
        client.list_archives()


def test_unknown_key_is_an_authentication_error(server: Server) -> None:
    client = opentok.Client("40009999", server.secret, api_url=server.url)
    with pytest.raises(exceptions.AuthError):
        client.get_archive("x")


# Tokens.


@pytest.mark.parametrize("use_jwt", [True, False])
def test_tokens_of_the_sdk_admit_clients(
    server: Server, client: Any, routed: Any, use_jwt: bool
) -> None:
    token = client.generate_token(
        routed.session_id,
        opentok.Roles.moderator,
        data="name=Zoë & Co, a=b&c+d%~é",
        initial_layout_class_list=["focus", "small"],
        use_jwt=use_jwt,
    )
    joined = join(server, routed.session_id, token)
    stream = client.get_stream(routed.session_id, joined["streamId"])
    assert stream.layoutClassList == ["focus", "small"]


# Archives.


@pytest.fixture
def live(server: Server, client: Any, routed: Any) -> tuple[str, str]:
    """A routed session, and the stream of the client that publishes in it."""
    token = client.generate_token(routed.session_id)
    return routed.session_id, join(server, routed.session_id, token)["streamId"]


def test_archive_of_a_session_that_nobody_joined(client: Any, routed: Any) -> None:
    with pytest.raises(exceptions.NotFoundError):
        client.start_archive(routed.session_id)


def test_archive_of_a_malformed_session_id(client: Any) -> None:
    with pytest.raises(exceptions.RequestError, match="Invalid session id format"):
        client.start_archive("nonsense")


def test_archive_of_a_relayed_session(server: Server, client: Any) -> None:
    session_id = client.create_session(media_mode=opentok.MediaModes.relayed).session_id
    join(server, session_id, client.generate_token(session_id))
    with pytest.raises(exceptions.ArchiveError, match="Only routed sessions"):
        client.start_archive(session_id)


def test_archive_from_start_to_deletion(
    server: Server, client: Any, live: tuple[str, str]
) -> None:
    session_id, _ = live
    archive = client.start_archive(session_id, name="weekly")
    assert (archive.status, archive.name, archive.session_id) == (
        "started",
        "weekly",
        session_id,
    )
    control(server, "clock", {"advance": 90})

    archive.stop()
    assert (archive.status, archive.url) == ("stopped", None)
    with pytest.raises(exceptions.RequestError):
        archive.delete()

    control(server, "clock", {"advance": 3600})
    archive = client.get_archive(archive.id)
    assert archive.status == "available"
    # The clock of this emulator goes on, so that a slow machine may add to the 90 s.
    assert archive.duration >= 90
    with urllib.request.urlopen(archive.url) as response:
        assert len(response.read()) == archive.size

    archive.delete()
    assert client.list_archives().count == 0
    with pytest.raises(exceptions.NotFoundError):
        client.get_archive(archive.id)


def test_archive_with_every_option(client: Any, live: tuple[str, str]) -> None:
    archive = client.start_archive(
        live[0],
        has_video=False,
        name="n",
        stream_mode=opentok.StreamModes.manual,
        resolution="1280x720",
        layout={"type": "bestFit", "screenshareType": "pip"},
        multi_archive_tag="a",
        max_bitrate=400_000,
    )
    assert not archive.has_video
    assert (archive.resolution, archive.max_bitrate) == ("1280x720", 400_000)
    assert archive.streams == []


def test_individual_archive(client: Any, live: tuple[str, str]) -> None:
    archive = client.start_archive(live[0], output_mode=opentok.OutputModes.individual)
    assert archive.output_mode is opentok.OutputModes.individual
    assert archive.resolution is None


def test_second_archive_is_a_conflict(client: Any, live: tuple[str, str]) -> None:
    client.start_archive(live[0])
    with pytest.raises(exceptions.ArchiveError, match="HTTP 409 Conflict"):
        client.start_archive(live[0])


def test_stopping_a_finished_archive_is_a_conflict(
    server: Server, client: Any, live: tuple[str, str]
) -> None:
    archive = client.start_archive(live[0])
    archive.stop()
    control(server, "clock", {"advance": 3600})
    with pytest.raises(exceptions.ArchiveError):
        client.stop_archive(archive.id)


def test_archives_are_listed_by_page_and_by_session(
    client: Any, live: tuple[str, str]
) -> None:
    ids = [client.start_archive(live[0], multi_archive_tag=str(n)).id for n in range(3)]
    page = client.list_archives(offset=1, count=1)
    assert (page.count, [archive.id for archive in page]) == (3, [ids[1]])
    assert client.list_archives(session_id=live[0]).count == 3
    assert client.list_archives(session_id="other").count == 0


def test_unknown_archive(client: Any) -> None:
    for call in (client.get_archive, client.stop_archive, client.delete_archive):
        with pytest.raises(exceptions.NotFoundError):
            call("00000000-0000-4000-8000-000000000000")


def test_layout_of_an_archive(client: Any, live: tuple[str, str]) -> None:
    archive = client.start_archive(live[0])
    client.set_archive_layout(archive.id, "horizontalPresentation")
    client.set_archive_layout(archive.id, "custom", "stream{width:10px}")
    client.set_archive_layout(archive.id, "bestFit", screenshare_type="pip")
    with pytest.raises(exceptions.ArchiveError):
        client.set_archive_layout(archive.id, "grid")


def test_streams_of_an_archive(client: Any, live: tuple[str, str]) -> None:
    session_id, stream_id = live
    archive = client.start_archive(session_id, stream_mode=opentok.StreamModes.manual)
    client.add_archive_stream(archive.id, stream_id, has_video=False)
    assert client.get_archive(archive.id).streams == [
        {"streamId": stream_id, "hasAudio": True, "hasVideo": False}
    ]
    client.remove_archive_stream(archive.id, stream_id)
    assert client.get_archive(archive.id).status == "paused"


def test_streams_of_an_automatic_archive(client: Any, live: tuple[str, str]) -> None:
    session_id, stream_id = live
    archive = client.start_archive(session_id)
    # The SDK means to raise ArchiveStreamModeError, but takes every error for an
    # unexpected one.
    with pytest.raises(exceptions.RequestError):
        client.add_archive_stream(archive.id, stream_id)


# What is in a session.


def test_streams_of_a_session(client: Any, live: tuple[str, str]) -> None:
    session_id, stream_id = live
    (stream,) = client.list_streams(session_id)
    assert (stream.id, stream.videoType) == (stream_id, "camera")
    client.set_stream_class_lists(
        session_id, [{"id": stream_id, "layoutClassList": ["full"]}]
    )
    assert client.get_stream(session_id, stream_id).layoutClassList == ["full"]


def test_malformed_stream_id(client: Any, live: tuple[str, str]) -> None:
    with pytest.raises(exceptions.GetStreamError, match="invalid stream ID"):
        client.get_stream(live[0], "nonsense")


def test_streams_of_a_session_that_nobody_joined(client: Any, routed: Any) -> None:
    assert list(client.list_streams(routed.session_id)) == []


def test_forced_disconnection(server: Server, client: Any, routed: Any) -> None:
    session_id = routed.session_id
    joined = join(server, session_id, client.generate_token(session_id))
    client.force_disconnect(session_id, joined["connectionId"])
    assert list(client.list_streams(session_id)) == []
    with pytest.raises(exceptions.ForceDisconnectError):
        client.force_disconnect(session_id, joined["connectionId"])


def test_signals(server: Server, client: Any, routed: Any) -> None:
    session_id = routed.session_id
    joined = join(server, session_id, client.generate_token(session_id))
    payload = {"type": "chat", "data": "hello"}
    client.send_signal(session_id, payload)
    client.send_signal(session_id, payload, joined["connectionId"])
    assert [message.content for message in server.messages(kind="signal")] == [payload] * 2


@pytest.mark.trap(44)
def test_signal_without_data(server: Server, client: Any, routed: Any) -> None:
    session_id = routed.session_id
    join(server, session_id, client.generate_token(session_id))
    # The SDK means to raise SignalingError, but takes every error for an unexpected one.
    with pytest.raises(exceptions.RequestError):
        client.send_signal(session_id, {"type": "chat"})


@pytest.mark.trap(45, 46)
def test_muting(server: Server, client: Any, routed: Any) -> None:
    session_id = routed.session_id
    one, two = (
        join(server, session_id, client.generate_token(session_id))["streamId"]
        for _ in range(2)
    )
    assert client.mute_all(session_id, [one]).status_code == 200
    assert client.disable_force_mute(session_id).status_code == 200
    assert client.mute_stream(session_id, one).status_code == 200
    told = [message.content["streamIds"] for message in server.messages(kind="mute")]
    assert told == [[two], [one]]


@pytest.mark.trap(45)
def test_tones(server: Server, client: Any, routed: Any) -> None:
    session_id = routed.session_id
    joined = join(server, session_id, client.generate_token(session_id))
    client.play_dtmf(session_id, None, "1p23#")
    client.play_dtmf(session_id, joined["connectionId"], "1")
    digits = [message.content["digits"] for message in server.messages(kind="dtmf")]
    assert digits == ["1p23#", "1"]
    # The SDK wraps its own DTMFError.
    with pytest.raises(exceptions.OpenTokException):
        client.play_dtmf(session_id, None, "x")
