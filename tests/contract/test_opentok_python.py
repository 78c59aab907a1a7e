"""The official Python SDK (``opentok`` on PyPI) against the emulator, in both its modes.

Others wrote it, so it tests the emulator in ways that tokbox's own client cannot. Tests
work around its faults, and name them.
"""

from __future__ import annotations

import base64
import time
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.support.contract import PAGE, SIP_URI, TEXT, UNKNOWN, control, join_with
from tokbox.emulator import Rules, Server, serve
from tokbox.tokens.signer import Signer

# The SDK signs with short keys and parses dates in a deprecated way, which warns.
pytestmark = pytest.mark.filterwarnings("ignore")

opentok = pytest.importorskip("opentok")
exceptions = pytest.importorskip("opentok.exceptions")
endpoints = pytest.importorskip("opentok.endpoints")


@pytest.fixture
def project(server: Server) -> Any:
    return opentok.Client(server.api_key, server.secret, api_url=server.url)


@pytest.fixture
def application(server: Server, tmp_path: Path) -> Any:
    key = tmp_path / "private.key"
    key.write_text(server.private_key)
    # If the secret looks like a file name, the SDK talks to Vonage's host only.
    client = opentok.Client(server.application_id, str(key), api_url=server.url)
    client.endpoints = endpoints.Endpoints(server.url, client.api_key)
    return client


@pytest.fixture(params=["project", "application"])
def client(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def routed(client: Any) -> str:
    session_id: str = client.create_session(media_mode=opentok.MediaModes.routed).session_id
    return session_id


@pytest.fixture
def relayed(client: Any, server: Server) -> str:
    """A relayed session that a client has joined."""
    session_id: str = client.create_session().session_id
    join_with(server, session_id, client.generate_token(session_id))
    return session_id


@pytest.fixture
def joined(client: Any, server: Server, routed: str) -> dict[str, str]:
    """The client that publishes in the session."""
    return join_with(server, routed, client.generate_token(routed))


@pytest.fixture
def moderator(client: Any, live: str) -> str:
    """A token to call the service with on behalf of a participant."""
    token: str = client.generate_token(live, opentok.Roles.moderator)
    return token


# Sessions.


def test_session_by_default(client: Any) -> None:
    session = client.create_session()
    assert session.media_mode is opentok.MediaModes.relayed
    # The SDK itself reads the id before it makes a token.
    assert session.generate_token().count(".") == 2


@pytest.mark.trap(28)
@pytest.mark.parametrize("mode", ["routed", "relayed"])
def test_session_of_each_media_mode(client: Any, mode: str) -> None:
    assert client.create_session(media_mode=opentok.MediaModes[mode]).session_id


def test_session_with_every_option(client: Any, server: Server) -> None:
    session = client.create_session(
        location="203.0.113.7",
        media_mode=opentok.MediaModes.routed,
        archive_mode=opentok.ArchiveModes.always,
        archive_name="weekly",
        archive_resolution="1920x1080",
    )
    join_with(server, session.session_id, session.generate_token())
    (archive,) = client.list_archives(session_id=session.session_id)
    assert (archive.name, archive.resolution) == ("weekly", "1920x1080")


def test_session_with_end_to_end_encryption(client: Any) -> None:
    assert client.create_session(media_mode=opentok.MediaModes.routed, e2ee=True).session_id
    # The SDK leaves it to the service to refuse what cannot be.
    with pytest.raises(exceptions.OpenTokException, match="Failed to generate session"):
        client.create_session(media_mode=opentok.MediaModes.relayed, e2ee=True)


@pytest.mark.trap(7)
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
        client.get_archive(UNKNOWN)


# Tokens.


@pytest.mark.parametrize("use_jwt", [True, False])
def test_tokens_of_a_project_admit_clients_and_are_verified_here(
    server: Server, project: Any, use_jwt: bool
) -> None:
    session_id = project.create_session().session_id
    token = project.generate_token(
        session_id,
        opentok.Roles.moderator,
        data=TEXT,
        initial_layout_class_list=["focus", "small"],
        use_jwt=use_jwt,
    )
    stream_id = join_with(server, session_id, token)["streamId"]
    assert project.get_stream(session_id, stream_id).layoutClassList == ["focus", "small"]
    said = Signer(server.api_key, server.secret).verify(token, session_id=session_id)
    assert (said.kind, said.role) == ("jwt" if use_jwt else "t1", "moderator")
    assert said.connection_data == TEXT
    assert said.initial_layout_class_list == ("focus", "small")


@pytest.mark.trap(20)
def test_tokens_of_an_application_admit_clients_and_are_verified_here(
    server: Server, application: Any
) -> None:
    session_id = application.create_session().session_id
    token = application.generate_token(session_id, data="a=b", expire_time=time.time() + 60)
    assert join_with(server, session_id, token)["connectionId"]
    signer = Signer.from_private_key(server.application_id, server.private_key)
    said = signer.verify(token, session_id=session_id)
    assert (said.algorithm, said.connection_data) == ("RS256", "a=b")
    assert said.unknown["subject"] == "video"


def test_the_sdk_verifies_our_t1_tokens(server: Server, project: Any) -> None:
    session_id = project.create_session().session_id
    session = Signer(server.api_key, server.secret).session(session_id)
    token = session.token("moderator", "name=Zoë: a&b", kind="t1")
    head, _, data = base64.b64decode(token.removeprefix("T1==")).decode().partition(":")
    signature = project._sign_string(data, project.api_secret)
    assert head == f"partner_id={server.api_key}&sig={signature}"


def test_our_jwts_are_read_by_the_library_of_the_sdk(server: Server, project: Any) -> None:
    session_id = project.create_session().session_id
    session = Signer(server.api_key, server.secret).session(session_id)
    theirs = jwt.decode(project.generate_token(session_id), project.api_secret, ["HS256"])
    said = jwt.decode(session.token(kind="jwt"), project.api_secret, ["HS256"])
    for name in ("iss", "ist", "session_id", "role", "scope"):
        assert said[name] == theirs[name]


def test_our_rs256_tokens_are_read_by_the_library_of_the_sdk(
    server: Server, application: Any, public_key: str
) -> None:
    session_id = application.create_session().session_id
    signer = Signer.from_private_key(server.application_id, server.private_key)
    theirs = jwt.decode(application.generate_token(session_id), public_key, ["RS256"])
    said = jwt.decode(signer.session(session_id).token(), public_key, ["RS256"])
    for name in ("application_id", "session_id", "role", "acl"):
        assert said[name] == theirs[name]


# Archives.


def test_archive_of_a_session_that_was_never_joined(client: Any, routed: str) -> None:
    with pytest.raises(exceptions.NotFoundError):
        client.start_archive(routed)


def test_archive_of_a_malformed_session_id(client: Any) -> None:
    with pytest.raises(exceptions.RequestError, match="Invalid session id format"):
        client.start_archive("nonsense")


def test_archive_of_a_relayed_session(client: Any, relayed: str) -> None:
    with pytest.raises(exceptions.ArchiveError, match="Only routed sessions"):
        client.start_archive(relayed)


@pytest.mark.trap(47, 49)
def test_archive_from_start_to_deletion(client: Any, server: Server, live: str) -> None:
    # The SDK sends missing options as null, and needs createdAt in the response.
    archive = client.start_archive(live, name="weekly")
    assert (archive.status, archive.name, archive.session_id) == ("started", "weekly", live)
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
    # Without parameters the query is a lone question mark.
    assert client.list_archives().count == 0
    with pytest.raises(exceptions.NotFoundError):
        client.get_archive(archive.id)


def test_archive_with_every_option(client: Any, live: str) -> None:
    archive = client.start_archive(
        live,
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


def test_individual_archive_with_a_transcription(client: Any, live: str) -> None:
    archive = client.start_archive(
        live,
        output_mode=opentok.OutputModes.individual,
        has_transcription=True,
        transcription_properties={"primaryLanguageCode": "en-US", "hasSummary": True},
    )
    assert archive.output_mode is opentok.OutputModes.individual
    assert archive.resolution is None
    assert archive.has_transcription


def test_archive_by_quality(client: Any, live: str) -> None:
    archive = client.start_archive(live, quantization_parameter=25)
    assert archive.quantization_parameter == 25


def test_second_archive_is_a_conflict(client: Any, live: str) -> None:
    client.start_archive(live)
    with pytest.raises(exceptions.ArchiveError, match="HTTP 409 Conflict"):
        client.start_archive(live)


def test_stopping_a_finished_archive_is_a_conflict(
    client: Any, server: Server, live: str
) -> None:
    archive = client.start_archive(live)
    archive.stop()
    control(server, "clock", {"advance": 3600})
    with pytest.raises(exceptions.ArchiveError):
        client.stop_archive(archive.id)


@pytest.mark.trap(50)
def test_archives_are_listed_by_page_and_by_session(client: Any, live: str) -> None:
    ids = [client.start_archive(live, multi_archive_tag=str(n)).id for n in range(3)]
    page = client.list_archives(offset=1, count=1)
    # A list of the SDK can be gone through, but has no items by number.
    assert (page.count, [archive.id for archive in page]) == (3, [ids[1]])
    with pytest.raises(AttributeError):
        page[0]
    assert client.list_archives(session_id=live).count == 3
    assert client.list_archives(session_id="other").count == 0


def test_unknown_archive(client: Any) -> None:
    for call in (client.get_archive, client.stop_archive, client.delete_archive):
        with pytest.raises(exceptions.NotFoundError):
            call(UNKNOWN)


def test_layout_of_an_archive(client: Any, live: str) -> None:
    archive = client.start_archive(live)
    client.set_archive_layout(archive.id, "horizontalPresentation")
    client.set_archive_layout(archive.id, "custom", "stream{width:10px}")
    client.set_archive_layout(archive.id, "bestFit", screenshare_type="pip")
    with pytest.raises(exceptions.ArchiveError):
        client.set_archive_layout(archive.id, "grid")


def test_streams_of_an_archive(client: Any, live: str, stream_id: str) -> None:
    archive = client.start_archive(live, stream_mode=opentok.StreamModes.manual)
    client.add_archive_stream(archive.id, stream_id, has_video=False)
    assert client.get_archive(archive.id).streams == [
        {"streamId": stream_id, "hasAudio": True, "hasVideo": False}
    ]
    client.remove_archive_stream(archive.id, stream_id)
    assert client.get_archive(archive.id).status == "paused"


@pytest.mark.trap(44)
def test_streams_of_an_automatic_archive(client: Any, live: str, stream_id: str) -> None:
    archive = client.start_archive(live)
    # The SDK means to raise ArchiveStreamModeError, but takes every error for an
    # unexpected one.
    with pytest.raises(exceptions.RequestError):
        client.add_archive_stream(archive.id, stream_id)


# Broadcasts.


HLS: dict[str, Any] = {"outputs": {"hls": {}}}


def test_broadcast_from_start_to_stop(client: Any, live: str) -> None:
    target = {"id": "a", "serverUrl": "rtmps://live.example.net/app", "streamName": "key"}
    broadcast = client.start_broadcast(
        live,
        {
            "outputs": {"hls": {"dvr": True, "lowLatency": False}, "rtmp": [target]},
            "layout": {"type": "custom", "stylesheet": "stream{width:10px}"},
            "maxDuration": 5400,
            "maxBitrate": 1_000_000,
            "resolution": "1280x720",
            "multiBroadcastTag": "b",
        },
    )
    assert (broadcast.status, broadcast.sessionId) == ("started", live)
    assert (broadcast.maxDuration, broadcast.maxBitrate) == (5400, 1_000_000)
    assert broadcast.broadcastUrls["rtmp"][0].items() >= target.items()
    assert "DVR" in broadcast.broadcastUrls["hls"]
    assert client.get_broadcast(broadcast.id).resolution == "1280x720"
    stopped = client.stop_broadcast(broadcast.id)
    assert (stopped.status, stopped.broadcastUrls) == ("stopped", None)


def test_second_broadcast_is_a_conflict(client: Any, live: str) -> None:
    client.start_broadcast(live, HLS)
    with pytest.raises(exceptions.BroadcastError, match="already started"):
        client.start_broadcast(live, HLS)


@pytest.mark.trap(48)
def test_unknown_broadcast(client: Any) -> None:
    # The service returns 404 where the SDK expects 409.
    for call in (client.get_broadcast, client.stop_broadcast):
        with pytest.raises(exceptions.RequestError, match="server error"):
            call(UNKNOWN)


@pytest.mark.trap(48)
def test_stopped_broadcast_as_the_sdk_expects_it() -> None:
    with serve(strict=Rules(stopped_broadcast=409)) as server:
        client = opentok.Client(server.api_key, server.secret, api_url=server.url)
        session = client.create_session(media_mode=opentok.MediaModes.routed)
        join_with(server, session.session_id, session.generate_token())
        broadcast = client.start_broadcast(session.session_id, HLS)
        client.stop_broadcast(broadcast.id)
        with pytest.raises(exceptions.BroadcastError, match="already stopped"):
            client.stop_broadcast(broadcast.id)


@pytest.mark.trap(49)
def test_broadcast_of_nothing(client: Any, live: str) -> None:
    with pytest.raises(KeyError, match="outputs"):
        client.start_broadcast(live, {})
    with pytest.raises(exceptions.BroadcastError, match="Invalid request"):
        client.start_broadcast(live, {"outputs": {}})


def test_layout_of_a_broadcast(client: Any, live: str) -> None:
    broadcast = client.start_broadcast(live, HLS)
    client.set_broadcast_layout(broadcast.id, "verticalPresentation")
    client.set_broadcast_layout(broadcast.id, "custom", "stream{width:10px}")
    client.set_broadcast_layout(broadcast.id, "bestFit", screenshare_type="pip")
    with pytest.raises(exceptions.BroadcastError):
        client.set_broadcast_layout(broadcast.id, "grid")


@pytest.mark.trap(44)
def test_streams_of_a_broadcast(client: Any, live: str, stream_id: str) -> None:
    manual = opentok.BroadcastStreamModes.manual
    broadcast = client.start_broadcast(live, HLS, stream_mode=manual)
    client.add_broadcast_stream(broadcast.id, stream_id, has_audio=False)
    assert client.get_broadcast(broadcast.id).streams == [
        {"streamId": stream_id, "hasAudio": False, "hasVideo": True}
    ]
    client.remove_broadcast_stream(broadcast.id, stream_id)
    assert client.get_broadcast(broadcast.id).streams == []
    # BroadcastError and BroadcastStreamModeError are beyond reach.
    with pytest.raises(exceptions.RequestError):
        client.add_broadcast_stream(broadcast.id, UNKNOWN)


# Participants of a session.


def test_streams_of_a_session(client: Any, live: str, stream_id: str) -> None:
    (stream,) = client.list_streams(live)
    assert (stream.id, stream.videoType) == (stream_id, "camera")
    client.set_stream_class_lists(live, [{"id": stream_id, "layoutClassList": ["full"]}])
    assert client.get_stream(live, stream_id).layoutClassList == ["full"]


@pytest.mark.trap(93)
def test_malformed_stream_id(client: Any, live: str) -> None:
    with pytest.raises(exceptions.GetStreamError, match="invalid stream ID"):
        client.get_stream(live, "nonsense")


@pytest.mark.trap(41, 48, 50)
def test_streams_of_a_session_that_was_never_joined(client: Any, routed: str) -> None:
    # The SDK makes an empty list of a 404, whose items cannot be had by number either.
    streams = client.list_streams(routed)
    assert list(streams) == []
    with pytest.raises(AttributeError):
        streams[0]


def test_forced_disconnection(client: Any, live: str, joined: dict[str, str]) -> None:
    client.force_disconnect(live, joined["connectionId"])
    assert list(client.list_streams(live)) == []
    with pytest.raises(exceptions.ForceDisconnectError):
        client.force_disconnect(live, joined["connectionId"])


@pytest.mark.trap(44)
def test_signals(server: Server, client: Any, live: str, joined: dict[str, str]) -> None:
    signal = {"type": "chat", "data": "hello"}
    for to in (None, joined["connectionId"]):
        client.send_signal(live, signal, to)
        (*_, message) = server.messages(kind="signal")
        assert (message.content, message.recipients) == (signal, (joined["connectionId"],))
    # The SDK has SignalingError for these, and never gets there.
    for data in ({"type": "chat"}, {"type": "chat", "data": "x" * 8193}):
        with pytest.raises(exceptions.RequestError):
            client.send_signal(live, data)
    with pytest.raises(exceptions.RequestError):
        client.send_signal(live, signal, UNKNOWN)


@pytest.mark.trap(45, 46, 96)
def test_muting(server: Server, client: Any, live: str, stream_id: str) -> None:
    other = join_with(server, live, client.generate_token(live))["streamId"]
    client.mute_stream(live, stream_id)
    # The excluded ones go by another name here.
    assert client.mute_all(live, [stream_id]).status_code == 200
    assert client.disable_force_mute(live).status_code == 200
    client.mute_all(live, None)
    muted = [message.content["streamIds"] for message in server.messages(kind="mute")]
    assert muted == [[stream_id], [other], [stream_id, other]]
    # The SDK raises the same exception for every error, without the reason.
    with pytest.raises(exceptions.OpenTokException, match="are valid"):
        client.mute_stream(live, UNKNOWN)


# Calls that join a session.


def test_sip_call(client: Any, live: str, moderator: str, stream_id: str) -> None:
    call = client.dial(
        live,
        moderator,
        SIP_URI,
        {
            "from": "+14155550100@example.com",
            "headers": {"X-Room": "1"},
            "auth": {"username": "u", "password": "p"},
            "secure": True,
            "video": True,
            "observeForceMute": True,
            "streams": [stream_id],
        },
    )
    assert call.id
    assert call.streamId in {stream.id for stream in client.list_streams(live)}
    client.force_disconnect(live, call.connectionId)
    assert [stream.id for stream in client.list_streams(live)] == [stream_id]


def test_sip_call_of_a_relayed_session(client: Any, relayed: str) -> None:
    with pytest.raises(exceptions.SipDialError, match="Media Router"):
        client.dial(relayed, client.generate_token(relayed), SIP_URI)


@pytest.mark.trap(45)
def test_tones(server: Server, client: Any, live: str, moderator: str) -> None:
    call = client.dial(live, moderator, SIP_URI)
    client.play_dtmf(live, None, "1p2*#")
    client.play_dtmf(live, call.connectionId, "0")
    to_all, to_one = server.messages(kind="dtmf")
    assert to_all.content == {"digits": "1p2*#"}
    assert call.connectionId in to_all.recipients
    assert to_one.recipients == (call.connectionId,)
    with pytest.raises(exceptions.OpenTokException):
        client.play_dtmf(live, None, "x")


@pytest.mark.trap(89)
def test_captions(client: Any, live: str, moderator: str) -> None:
    captions = client.start_captions(live, moderator, max_duration=1800)
    with pytest.raises(exceptions.CaptioningAlreadyInProgressError):
        client.start_captions(live, moderator)
    client.stop_captions(captions.captions_id)
    with pytest.raises(exceptions.NotFoundError):
        client.stop_captions(captions.captions_id)


def test_render(server: Server, client: Any, live: str, moderator: str) -> None:
    render = client.start_render(live, moderator, PAGE, properties={"name": "stage"})
    assert (render.status, render.url, render.resolution) == ("starting", PAGE, "1280x720")
    control(server, "clock", {"advance": 1})
    assert client.get_render(render.id).status == "started"
    # Without properties, null is sent.
    client.start_render(live, moderator, PAGE)
    page = client.list_renders(offset=1, count=1)
    assert (page.count, [item.id for item in page.items]) == (2, [render.id])


@pytest.mark.trap(89)
def test_stop_of_a_render(client: Any, project: Any, live: str, moderator: str) -> None:
    render = client.start_render(live, moderator, PAGE)
    if client.api_key == project.api_key:
        assert client.stop_render(render.id).status_code == 200
    else:
        # Vonage answers 204, which the SDK does not know.
        with pytest.raises(exceptions.RequestError):
            client.stop_render(render.id)
    assert client.get_render(render.id).status == "stopped"


def test_audio_connector(client: Any, live: str, moderator: str, stream_id: str) -> None:
    connector = client.connect_audio_to_websocket(
        live,
        moderator,
        {
            "uri": "wss://audio.example.net/socket",
            "streams": [stream_id],
            "headers": {"room": "1"},
            "bidirectional": True,
            # Goes out as JSON inside a string.
            "audio_transport": {"transport": "json", "encoding": "base64"},
        },
    )
    assert connector.id
    client.force_disconnect(live, connector.connectionId)


def test_audio_connector_of_a_relayed_session(client: Any, relayed: str) -> None:
    token = client.generate_token(relayed)
    with pytest.raises(exceptions.InvalidMediaModeError):
        client.connect_audio_to_websocket(
            relayed, token, {"uri": "wss://audio.example.net"}
        )
