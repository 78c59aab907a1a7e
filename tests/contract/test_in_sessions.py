"""The client against the emulator: what runs in sessions, in both environments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tokbox
from tests.support.contract import ENVIRONMENTS, client, control, join
from tokbox import AudioTransport, Hls, RtmpTarget, SipAuth, Tokbox, WebSocket, errors
from tokbox.emulator import Server, serve

UNKNOWN = "0b9f3c1e-6a7d-4c2b-9e88-5d1f2a3b4c5d"
PAGE = "https://app.example.org/view"
GATEWAY = "sip:user@gateway.example.org"
SOCKET = "wss://socket.example.org/sound"
TARGET = RtmpTarget("rtmp://live.example.net/app", "key", "yt")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture(params=ENVIRONMENTS)
def tb(request: pytest.FixtureRequest, server: Server) -> Iterator[Tokbox]:
    with client(server, request.param) as tb:
        yield tb


@pytest.fixture
def session(server: Server, tb: Tokbox) -> tokbox.Session:
    """A session with one publisher."""
    session = tb.new_session()
    join(server, session)
    return session


def advance(server: Server, seconds: int) -> None:
    control(server, "clock", {"advance": seconds})


# Broadcasts.


def test_a_broadcast_lives_from_start_to_stop(
    server: Server, tb: Tokbox, session: tokbox.Session
) -> None:
    started = tb.broadcasts.start(
        session.session_id, hls=True, rtmp=TARGET, multi_broadcast_tag="t"
    )
    assert (started.status, started.session_id) == ("started", session.session_id)
    assert started.urls.hls_status == "connecting"
    assert started.project_id == tb.project_id
    assert dict(started.unknown) == {}
    advance(server, 20)
    found = tb.broadcasts.get(started.id)
    assert (found.urls.hls_status, found.urls.rtmp[0].status) == ("live", "live")
    assert found.urls.rtmp[0].server_url == TARGET.server_url
    listed = tb.broadcasts.list(session_id=session.session_id)
    assert [broadcast.id for broadcast in listed] == [started.id]
    stopped = tb.broadcasts.stop(started.id)
    assert (stopped.status, stopped.urls.hls) == ("stopped", "")
    assert list(tb.broadcasts.iter(session.session_id)) == []
    with pytest.raises(errors.NotFoundError):
        tb.broadcasts.stop(started.id)


@pytest.mark.parametrize(
    "options",
    [
        {"has_audio": False},
        {"hls": Hls(dvr=True)},
        {"hls": Hls(low_latency=True)},
        {"hls": False, "rtmp": [RtmpTarget("rtmps://a.example.net/b", "key")] * 5},
        {"layout": "bestFit", "screenshare_type": "verticalPresentation"},
        {"layout": tokbox.Layout("custom", stylesheet="stream {}")},
        {"max_bitrate": 100_000, "max_duration": 36_000},
        {"resolution": "1080x1920", "stream_mode": "manual"},
    ],
)
def test_every_option_of_a_broadcast_is_understood(
    tb: Tokbox, session: tokbox.Session, options: dict[str, Any]
) -> None:
    broadcast = tb.broadcasts.start(session.session_id, **{"hls": True, **options})
    for name in ("has_audio", "max_bitrate", "max_duration", "resolution"):
        if name in options:
            assert getattr(broadcast, name) == options[name]
    hls = options.get("hls")
    if isinstance(hls, Hls):
        assert broadcast.settings.hls is not None
        assert broadcast.settings.hls.dvr == bool(hls.dvr)
        assert broadcast.settings.hls.low_latency == bool(hls.low_latency)


def test_layout_and_streams_of_a_broadcast_are_changed(
    tb: Tokbox, session: tokbox.Session
) -> None:
    stream = tb.streams.list(session.session_id)[0]
    broadcast = tb.broadcasts.start(session.session_id, hls=True, stream_mode="manual")
    tb.broadcasts.set_layout(broadcast.id, "pip")
    tb.broadcasts.add_stream(broadcast.id, stream.id, has_audio=False)
    (chosen,) = tb.broadcasts.get(broadcast.id).streams
    assert (chosen.stream_id, chosen.has_audio) == (stream.id, False)
    tb.broadcasts.remove_stream(broadcast.id, stream.id)
    assert tb.broadcasts.get(broadcast.id).streams == ()


def test_a_second_broadcast_without_a_tag_is_a_conflict(
    tb: Tokbox, session: tokbox.Session
) -> None:
    tb.broadcasts.start(session.session_id, hls=True)
    with pytest.raises(errors.ConflictError, match="already composed"):
        tb.broadcasts.start(session.session_id, hls=True)


# Renders.


def test_a_render_publishes_until_it_is_stopped(
    server: Server, tb: Tokbox, session: tokbox.Session
) -> None:
    started = tb.renders.start(
        session.session_id,
        PAGE,
        name="stage",
        resolution="1920x1080",
        max_duration=60,
        status_callback_url="http://127.0.0.1:9/render",
    )
    assert (started.status, started.name, started.url) == ("starting", "stage", PAGE)
    assert started.project_id == tb.project_id
    assert dict(started.unknown) == {}
    advance(server, 1)
    render = tb.renders.get(started.id)
    assert render.status == "started"
    assert tb.streams.get(session.session_id, render.stream_id).name == "stage"
    tb.renders.stop(started.id)
    assert tb.renders.get(started.id).reason == "Stop Requested."
    assert len(tb.streams.list(session.session_id)) == 1
    with pytest.raises(errors.NotFoundError, match="already stopped"):
        tb.renders.stop(started.id)


def test_iter_pages_through_renders(tb: Tokbox, session: tokbox.Session) -> None:
    ids = [tb.renders.start(session.session_id, PAGE).id for _ in range(5)]
    found = [render.id for render in tb.renders.iter(page_size=2)]
    assert found[:5] == ids[::-1]


def test_a_token_that_may_not_publish_is_refused(
    tb: Tokbox, session: tokbox.Session
) -> None:
    with pytest.raises(errors.APIError, match="may not publish") as caught:
        tb.renders.start(session.session_id, PAGE, token=session.token("subscriber"))
    assert caught.value.status == 403


# Captions.


def test_captions_run_until_they_are_stopped(
    server: Server, tb: Tokbox, session: tokbox.Session
) -> None:
    started = tb.captions.start(
        session.session_id, language_code="de-DE", max_duration=300, partial_captions=False
    )
    with pytest.raises(errors.ConflictError) as caught:
        tb.captions.start(session.session_id)
    assert caught.value.code == 60003
    advance(server, 12)
    with pytest.deprecated_call():
        captions = tb.captions.get(started.id)
    assert (captions.id, captions.status) == (started.id, "started")
    assert captions.language_code == "de-DE"
    assert captions.duration is not None
    assert captions.duration >= 12
    assert dict(captions.unknown) == {}
    tb.captions.stop(started.id)
    with pytest.raises(errors.NotFoundError):
        tb.captions.stop(started.id)


# Calls and connectors.


def test_a_call_ends_with_its_connection(tb: Tokbox, session: tokbox.Session) -> None:
    call = tb.sip.dial(
        session.session_id,
        GATEWAY,
        from_="15551234567@example.com",
        headers={"X-Answer": "42"},
        auth=SipAuth("u", "p"),
        secure=True,
        video=True,
        observe_force_mute=True,
        streams=[tb.streams.list(session.session_id)[0].id],
    )
    assert call.project_id == tb.project_id
    assert dict(call.unknown) == {}
    assert tb.streams.get(session.session_id, call.stream_id).id == call.stream_id
    tb.moderation.disconnect(session.session_id, call.connection_id)
    with pytest.raises(errors.NotFoundError):
        tb.streams.get(session.session_id, call.stream_id)


def test_an_audio_connector_ends_when_it_is_stopped(
    tb: Tokbox, session: tokbox.Session
) -> None:
    connector = tb.audio_connectors.start(
        session.session_id,
        WebSocket(
            SOCKET,
            streams=[tb.streams.list(session.session_id)[0].id],
            headers={"X-Answer": "42"},
            audio_rate=24_000,
            bidirectional=True,
            audio_transport=AudioTransport(
                transport="json",
                encoding="base64",
                audio_field="sound",
                receive_audio_field="answer",
                static_fields={"a": "1"},
            ),
        ),
    )
    connections = tb.connections.list(session.session_id)
    assert connector.connection_id in [connection.id for connection in connections]
    assert len(tb.streams.list(session.session_id)) == 2
    tb.audio_connectors.stop(session.session_id, connector.connection_id)
    assert len(tb.connections.list(session.session_id)) == 1
    with pytest.raises(errors.NotFoundError):
        tb.audio_connectors.stop(session.session_id, connector.connection_id)


def test_a_relayed_session_is_a_conflict_for_all_of_them(
    server: Server, tb: Tokbox
) -> None:
    session = tb.new_session(media_mode=tokbox.MediaMode.P2P)
    join(server, session)
    for start in (
        lambda: tb.broadcasts.start(session.session_id, hls=True),
        lambda: tb.renders.start(session.session_id, PAGE),
        lambda: tb.captions.start(session.session_id),
        lambda: tb.sip.dial(session.session_id, GATEWAY),
        lambda: tb.audio_connectors.start(session.session_id, SOCKET),
    ):
        with pytest.raises(errors.ConflictError, match="Only routed sessions"):
            start()
