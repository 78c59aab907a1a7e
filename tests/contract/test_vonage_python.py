"""The official Python SDK of Vonage (``vonage-video`` on PyPI) against an application.

Its faults are worked with, and named where they show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError

import jwt
import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from tests.support.contract import PAGE, SIP_URI, TEXT, UNKNOWN, control, join_with
from tokbox.emulator import Server
from tokbox.tokens.signer import Signer

# The SDK's dependencies issue warnings of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

http_client = pytest.importorskip("vonage_http_client")
errors = pytest.importorskip("vonage_http_client.errors")
vonage = pytest.importorskip("vonage_video")
video_errors = pytest.importorskip("vonage_video.errors")
models = pytest.importorskip("vonage_video.models")


class Plain(HTTPAdapter):
    """Send without TLS what the SDK insists on sending with it: all that is changed."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        assert request.url is not None
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


@contextmanager
def connect(server: Server, application_id: str) -> Iterator[Any]:
    auth = http_client.Auth(application_id=application_id, private_key=server.private_key)
    host = server.url.removeprefix("http://")
    options = http_client.HttpClientOptions(video_host=host)
    client = http_client.HttpClient(auth, options)
    with client._session as session:
        session.mount("https://", Plain())
        yield vonage.Video(client)


@pytest.fixture
def video(server: Server) -> Iterator[Any]:
    with connect(server, server.application_id) as video:
        yield video


def create(video: Any, **options: Any) -> str:
    session_id: str = video.create_session(models.SessionOptions(**options)).session_id
    return session_id


def make_token(video: Any, session_id: str, **options: Any) -> str:
    options = {"session_id": session_id, **options}
    token: bytes = video.generate_client_token(models.TokenOptions(**options))
    return token.decode()


@pytest.fixture
def routed(video: Any) -> str:
    return create(video, media_mode="routed")


@pytest.fixture
def relayed(video: Any, server: Server) -> str:
    """A relayed session that a client has joined."""
    session_id = create(video, media_mode="relayed")
    join_with(server, session_id, make_token(video, session_id))
    return session_id


@pytest.fixture
def joined(video: Any, server: Server, routed: str) -> dict[str, str]:
    """The client that publishes in the session."""
    return join_with(server, routed, make_token(video, routed))


@pytest.fixture
def moderator(video: Any, live: str) -> str:
    return make_token(video, live, role="moderator")


# Sessions.


@pytest.mark.trap(42, 85)
def test_session_by_default_is_routed(video: Any, server: Server) -> None:
    # Without options the body is empty, and the service decides.
    session_id = video.create_session().session_id
    join_with(server, session_id, make_token(video, session_id))
    assert video.start_archive(models.CreateArchiveRequest(session_id=session_id)).id


@pytest.mark.trap(32)
def test_session_with_every_option(video: Any, server: Server) -> None:
    # The SDK sends its own field media_mode, too.
    session_id = create(
        video,
        media_mode="routed",
        archive_mode="always",
        location="203.0.113.7",
        e2ee=False,
    )
    join_with(server, session_id, make_token(video, session_id))
    assert len(video.list_archives()[0]) == 1


def test_session_with_end_to_end_encryption(video: Any) -> None:
    assert create(video, media_mode="routed", e2ee=True)
    with pytest.raises(errors.HttpRequestError, match=r"^400"):
        create(video, media_mode="relayed", e2ee=True)


@pytest.mark.trap(6)
def test_wrong_application_is_an_authentication_error(server: Server) -> None:
    with pytest.raises(errors.AuthenticationError), connect(server, UNKNOWN) as video:
        video.create_session()


# Tokens.


@pytest.mark.trap(19, 20)
def test_tokens_admit_clients_and_are_verified_here(
    server: Server, video: Any, routed: str
) -> None:
    options = {"connection_data": TEXT, "initial_layout_class_list": ["a", "b"]}
    token = make_token(video, routed, role="moderator", **options)
    stream_id = join_with(server, routed, token)["streamId"]
    assert video.get_stream(routed, stream_id).layout_class_list == ["a", "b"]
    signer = Signer.from_private_key(server.application_id, server.private_key)
    said = signer.verify(token, session_id=routed)
    assert (said.algorithm, said.role) == ("RS256", "moderator")
    assert (said.connection_data, said.initial_layout_class_list) == (TEXT, ("a", "b"))
    assert said.unknown["subject"] == "video"


@pytest.mark.trap(24)
def test_tokens_live_a_quarter_of_an_hour(video: Any, server: Server, routed: str) -> None:
    token = make_token(video, routed)
    longer = make_token(video, routed, exp=int(time.time()) + 3600)
    assert join_with(server, routed, token)
    control(server, "clock", {"advance": 16 * 60})
    with pytest.raises(HTTPError, match="403"):
        join_with(server, routed, token)
    assert join_with(server, routed, longer)


def test_our_tokens_are_read_by_the_library_of_the_sdk(
    server: Server, video: Any, routed: str, public_key: str
) -> None:
    signer = Signer.from_private_key(server.application_id, server.private_key)
    ours = jwt.decode(signer.session(routed).token(), public_key, ["RS256"])
    theirs = jwt.decode(make_token(video, routed), public_key, ["RS256"])
    for name in ("application_id", "session_id", "role", "scope", "acl"):
        assert ours[name] == theirs[name]


# Archives.


def start_archive(video: Any, session_id: str, **options: Any) -> Any:
    return video.start_archive(
        models.CreateArchiveRequest(session_id=session_id, **options)
    )


def test_archive_of_a_session_that_was_never_joined(video: Any, routed: str) -> None:
    with pytest.raises(errors.NotFoundError):
        start_archive(video, routed)


def test_archive_of_a_relayed_session(video: Any, relayed: str) -> None:
    with pytest.raises(errors.HttpRequestError, match="Only routed sessions"):
        start_archive(video, relayed)


def test_archive_from_start_to_deletion(server: Server, video: Any, live: str) -> None:
    archive = start_archive(video, live, name="weekly")
    assert (archive.status, archive.name, archive.session_id) == ("started", "weekly", live)
    assert archive.application_id == server.application_id
    with pytest.raises(errors.HttpRequestError, match=r"^409"):
        start_archive(video, live)
    with pytest.raises(video_errors.InvalidArchiveStateError):
        video.delete_archive(archive.id)
    assert video.stop_archive(archive.id).status == "stopped"
    control(server, "clock", {"advance": 3600})
    assert video.get_archive(archive.id).status == "available"
    with pytest.raises(video_errors.InvalidArchiveStateError):
        video.stop_archive(archive.id)
    video.delete_archive(archive.id)
    assert video.list_archives() == ([], 0, None)
    for call in (video.get_archive, video.stop_archive, video.delete_archive):
        with pytest.raises(errors.NotFoundError):
            call(UNKNOWN)


def test_archive_with_every_option(video: Any, live: str) -> None:
    archive = start_archive(
        video,
        live,
        has_audio=True,
        has_video=False,
        name="n",
        output_mode="composed",
        stream_mode="manual",
        resolution="1280x720",
        layout=models.ComposedLayout(type="bestFit", screenshare_type="pip"),
        multi_archive_tag="a",
        max_bitrate=400_000,
    )
    assert (archive.resolution, archive.max_bitrate) == ("1280x720", 400_000)
    assert (archive.has_video, archive.multi_archive_tag) == (False, "a")
    assert archive.streams == []


def test_individual_archive_with_a_transcription(video: Any, live: str) -> None:
    archive = start_archive(video, live, output_mode="individual", has_transcription=True)
    assert (archive.output_mode, archive.has_transcription) == ("individual", True)


def test_archive_by_quality(video: Any, live: str) -> None:
    assert (
        start_archive(video, live, quantization_parameter=25).quantization_parameter == 25
    )


@pytest.mark.trap(80)
def test_archives_are_listed_by_page_and_by_session(
    video: Any, server: Server, live: str
) -> None:
    other = create(video, media_mode="routed")
    join_with(server, other, make_token(video, other))
    start_archive(video, other)
    ids = [start_archive(video, live, multi_archive_tag=str(n)).id for n in range(2)]
    by_page = models.ListArchivesFilter(offset=1, page_size=1)
    # The SDK returns a page number as the next offset, and always the same one.
    assert pages(video.list_archives(by_page)) == ([ids[0]], 3, 1)
    # The filter goes out as session_id, where the service knows sessionId.
    by_session = models.ListArchivesFilter(session_id=live)
    assert pages(video.list_archives(by_session)) == ([*reversed(ids)], 2, None)


def pages(found: tuple[list[Any], int, int | None]) -> tuple[list[str], int, int | None]:
    items, total, following = found
    return [item.id for item in items], total, following


def test_layout_of_an_archive(video: Any, live: str) -> None:
    archive_id = start_archive(video, live).id
    for layout in (
        models.ComposedLayout(type="horizontalPresentation"),
        models.ComposedLayout(type="custom", stylesheet="stream{width:10px}"),
        models.ComposedLayout(type="bestFit", screenshare_type="pip"),
    ):
        # The SDK reads an archive from the answer.
        assert video.change_archive_layout(archive_id, layout).id == archive_id


def test_streams_of_an_archive(video: Any, live: str, stream_id: str) -> None:
    archive_id = start_archive(video, live, stream_mode="manual").id
    video.add_stream_to_archive(
        archive_id, models.AddStreamRequest(stream_id=stream_id, has_video=False)
    )
    (stream,) = video.get_archive(archive_id).streams
    assert (stream.stream_id, stream.has_audio, stream.has_video) == (
        stream_id,
        True,
        False,
    )
    video.remove_stream_from_archive(archive_id, stream_id)
    assert video.get_archive(archive_id).status == "paused"


def test_streams_of_an_automatic_archive(video: Any, live: str, stream_id: str) -> None:
    archive_id = start_archive(video, live).id
    with pytest.raises(errors.HttpRequestError, match=r"^405"):
        video.add_stream_to_archive(
            archive_id, models.AddStreamRequest(stream_id=stream_id)
        )


# Broadcasts.


def start_broadcast(video: Any, session_id: str, **options: Any) -> Any:
    options = {"outputs": {"hls": {}}, **options}
    return video.start_broadcast(
        models.CreateBroadcastRequest(session_id=session_id, **options)
    )


def test_broadcast_from_start_to_stop(server: Server, video: Any, live: str) -> None:
    broadcast = start_broadcast(
        video,
        live,
        outputs={
            "hls": {"dvr": True, "low_latency": False},
            "rtmp": [
                {
                    "id": "a",
                    "server_url": "rtmps://live.example.net/app",
                    "stream_name": "k",
                }
            ],
        },
        layout=models.ComposedLayout(type="custom", stylesheet="stream{width:10px}"),
        max_duration=5400,
        max_bitrate=1_000_000,
        resolution="1280x720",
        multi_broadcast_tag="b",
    )
    assert (broadcast.status, broadcast.session_id) == ("started", live)
    assert broadcast.application_id == server.application_id
    assert (broadcast.max_duration, broadcast.max_bitrate) == (5400, 1_000_000)
    assert broadcast.broadcast_urls.rtmp[0].stream_name == "k"
    assert broadcast.settings.hls.dvr
    assert video.get_broadcast(broadcast.id).resolution == "1280x720"
    stopped = video.stop_broadcast(broadcast.id)
    assert (stopped.status, stopped.broadcast_urls) == ("stopped", None)
    for call in (video.get_broadcast, video.stop_broadcast):
        with pytest.raises(errors.NotFoundError):
            call(UNKNOWN)


def test_second_broadcast_is_a_conflict(video: Any, live: str) -> None:
    start_broadcast(video, live)
    with pytest.raises(video_errors.InvalidBroadcastStateError):
        start_broadcast(video, live)


@pytest.mark.trap(80)
def test_broadcasts_are_listed_by_page_and_by_session(video: Any, live: str) -> None:
    ids = [start_broadcast(video, live, multi_broadcast_tag=str(n)).id for n in range(2)]
    by_page = models.ListBroadcastsFilter(offset=1, page_size=1, session_id=live)
    assert pages(video.list_broadcasts(by_page)) == ([ids[0]], 2, 1)
    by_session = models.ListBroadcastsFilter(session_id="other")
    assert pages(video.list_broadcasts(by_session)) == ([], 0, None)


def test_layout_of_a_broadcast(video: Any, live: str) -> None:
    broadcast_id = start_broadcast(video, live).id
    for layout in (
        models.ComposedLayout(type="verticalPresentation"),
        models.ComposedLayout(type="bestFit", screenshare_type="pip"),
    ):
        assert video.change_broadcast_layout(broadcast_id, layout).id == broadcast_id


def test_streams_of_a_broadcast(video: Any, live: str, stream_id: str) -> None:
    broadcast_id = start_broadcast(video, live, stream_mode="manual").id
    video.add_stream_to_broadcast(
        broadcast_id, models.AddStreamRequest(stream_id=stream_id, has_audio=False)
    )
    (stream,) = video.get_broadcast(broadcast_id).streams
    assert (stream.stream_id, stream.has_audio, stream.has_video) == (
        stream_id,
        False,
        True,
    )
    video.remove_stream_from_broadcast(broadcast_id, stream_id)
    assert video.get_broadcast(broadcast_id).streams == []


# Participants of a session.


def test_streams_of_a_session(video: Any, live: str, stream_id: str) -> None:
    (stream,) = video.list_streams(live)
    assert (stream.id, stream.video_type) == (stream_id, "camera")
    layout = models.StreamLayout(id=stream_id, layout_class_list=["full"])
    (changed,) = video.change_stream_layout(
        live, models.StreamLayoutOptions(items=[layout])
    )
    assert (changed.id, changed.layout_class_list) == (stream_id, ["full"])
    assert video.get_stream(live, stream_id).layout_class_list == ["full"]


def test_forced_disconnection(video: Any, live: str, joined: dict[str, str]) -> None:
    video.disconnect_client(live, joined["connectionId"])
    with pytest.raises(errors.NotFoundError):
        video.disconnect_client(live, joined["connectionId"])


def test_signals(server: Server, video: Any, live: str, joined: dict[str, str]) -> None:
    signal = models.SignalData(type="chat", data="hello")
    for to in ((), (joined["connectionId"],)):
        video.send_signal(live, signal, *to)
        (*_, message) = server.messages(kind="signal")
        assert message.content == {"type": "chat", "data": "hello"}
        assert message.recipients == (joined["connectionId"],)
    with pytest.raises(errors.NotFoundError):
        video.send_signal(live, signal, UNKNOWN)


def test_signal_that_the_sdk_accepts_is_too_long(video: Any, live: str) -> None:
    # It counts characters, where the service counts bytes.
    signal = models.SignalData(type="é" * 128, data="hello")
    with pytest.raises(errors.HttpRequestError, match=r"^413"):
        video.send_signal(live, signal)


@pytest.mark.trap(80, 96)
def test_muting(server: Server, video: Any, live: str, stream_id: str) -> None:
    other = join_with(server, live, make_token(video, live))["streamId"]
    # The SDK returns nothing, whatever the service answers.
    assert video.mute_stream(live, stream_id) is None
    video.mute_all_streams(live, [stream_id])
    video.disable_mute_all_streams(live)
    # Without exceptions it sends null.
    video.mute_all_streams(live)
    muted = [message.content["streamIds"] for message in server.messages(kind="mute")]
    assert muted == [[stream_id], [other], [stream_id, other]]
    with pytest.raises(errors.NotFoundError):
        video.mute_stream(live, UNKNOWN)


# Calls that join a session.


def dial(sdk: Any, session_id: str, token: str, /, **options: Any) -> Any:
    sip = models.SipOptions(uri=SIP_URI, **options)
    return sdk.initiate_sip_call(
        models.InitiateSipRequest(session_id=session_id, token=token, sip=sip)
    )


def test_sip_call(
    server: Server, video: Any, live: str, moderator: str, stream_id: str
) -> None:
    call = dial(
        video,
        live,
        moderator,
        from_="+14155550100@example.com",
        headers={"X-Room": "1"},
        auth=models.SipAuth(username="u", password="p"),
        secure=True,
        video=True,
        observe_force_mute=True,
    )
    assert (call.session_id, call.project_id) == (live, server.application_id)
    assert call.stream_id in {stream.id for stream in video.list_streams(live)}
    video.disconnect_client(live, call.connection_id)
    assert [stream.id for stream in video.list_streams(live)] == [stream_id]


def test_sip_call_of_a_relayed_session(video: Any, relayed: str) -> None:
    with pytest.raises(video_errors.RoutedSessionRequiredError):
        dial(video, relayed, make_token(video, relayed))


def test_tones(server: Server, video: Any, live: str, moderator: str) -> None:
    call = dial(video, live, moderator)
    video.play_dtmf(live, "1p2*#")
    video.play_dtmf(live, "0", call.connection_id)
    to_all, to_one = server.messages(kind="dtmf")
    assert to_all.content == {"digits": "1p2*#"}
    assert call.connection_id in to_all.recipients
    assert to_one.recipients == (call.connection_id,)
    with pytest.raises(errors.NotFoundError):
        video.play_dtmf(live, "0", UNKNOWN)


def test_captions(video: Any, live: str, moderator: str) -> None:
    options = models.CaptionsOptions(
        session_id=live,
        token=moderator,
        language_code="fr-FR",
        max_duration=1800,
        partial_captions=False,
        status_callback_url="http://127.0.0.1:9/captions",
    )
    captions = video.start_captions(options)
    with pytest.raises(errors.HttpRequestError, match=r"^409"):
        video.start_captions(options)
    video.stop_captions(captions)
    with pytest.raises(errors.NotFoundError):
        video.stop_captions(captions)


def test_render(server: Server, video: Any, live: str, moderator: str) -> None:
    options = {"session_id": live, "token": moderator, "url": PAGE}
    render = video.start_experience_composer(
        models.ExperienceComposerOptions(
            **options, max_duration=1800, resolution="640x480", properties={"name": "stage"}
        )
    )
    assert (render.status, render.name, render.resolution) == (
        "starting",
        "stage",
        "640x480",
    )
    assert render.application_id == server.application_id
    video.start_experience_composer(models.ExperienceComposerOptions(**options))
    by_page = models.ListExperienceComposersFilter(offset=1, page_size=1)
    assert pages(video.list_experience_composers(by_page)) == ([render.id], 2, 1)
    video.stop_experience_composer(render.id)
    assert video.get_experience_composer(render.id).status == "stopped"
    with pytest.raises(errors.NotFoundError):
        video.stop_experience_composer(render.id)


def connector(session_id: str, token: str, **options: Any) -> Any:
    socket = models.AudioConnectorWebSocket(uri="wss://audio.example.net/a", **options)
    return models.AudioConnectorOptions(
        session_id=session_id, token=token, websocket=socket
    )


def test_audio_connector(video: Any, live: str, moderator: str, stream_id: str) -> None:
    connected = video.start_audio_connector(
        connector(
            live,
            moderator,
            streams=[stream_id],
            headers={"room": "1"},
            audio_rate=16_000,
            bidirectional=True,
            audio_transport={"transport": "json", "encoding": "base64"},
        )
    )
    assert connected.id
    video.disconnect_client(live, connected.connection_id)


def test_audio_connector_of_a_relayed_session(video: Any, relayed: str) -> None:
    with pytest.raises(errors.HttpRequestError, match=r"^409"):
        video.start_audio_connector(connector(relayed, make_token(video, relayed)))
