"""Broadcasts: what goes out, what is read back, and what is refused before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import tokbox
from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, sent
from tokbox import Hls, Layout, RtmpTarget, errors
from tokbox.response_enums import BroadcastStatus, HlsStatus, RtmpStatus
from tokbox.types import Broadcast

ROOT = f"/v2/project/{KEY}/broadcast"
ID = "7d0c2f4e-1b3a-4d5c-8e6f-9a0b1c2d3e4f"
STARTED: dict[str, Any] = {
    "id": ID,
    "sessionId": SESSION,
    "projectId": 40000123,
    "partnerId": 40000123,
    "event": "broadcast",
    "createdAt": 1700000300000,
    "updatedAt": 1700000300500,
    "resolution": "640x480",
    "status": "started",
    "maxDuration": 14400,
    "maxBitrate": 2000000,
    "streamMode": "auto",
    "hasAudio": True,
    "hasVideo": True,
    "multiBroadcastTag": "b1",
    "settings": {"hls": {"lowLatency": False, "dvr": True}},
    "broadcastUrls": {
        "hls": "https://cdn.example.net/x/playlist.m3u8?DVR",
        "hlsStatus": "connecting",
        "rtmp": [
            {
                "id": "yt",
                "status": "live",
                "serverUrl": "rtmps://live.example.net/app",
                "streamName": "canary",
            }
        ],
    },
}
SERVER = RtmpTarget("rtmp://live.example.net/app", "key")


@pytest.fixture
def make(make: Make) -> Make:
    return lambda *outcomes: make(*outcomes or [answers(STARTED)])


def test_a_plain_start_sends_the_defaults(make: Make) -> None:
    tb, script = make()
    tb.broadcasts.start(SESSION, hls=True)
    body = {
        "sessionId": SESSION,
        "outputs": {"hls": {}},
        "hasAudio": True,
        "hasVideo": True,
        "streamMode": "auto",
    }
    assert sent(script) == ("POST", ROOT, body)


def test_every_option_of_a_start_is_sent_by_its_name(make: Make) -> None:
    tb, script = make()
    tb.session(SESSION).start_broadcast(
        hls=Hls(dvr=False, low_latency=True),
        rtmp=[RtmpTarget("RTMPS://a.example/x", "k1", id="a"), SERVER],
        max_duration=36_000,
        multi_broadcast_tag="t",
        has_video=False,
        stream_mode=tokbox.StreamMode.MANUAL,
        resolution="1920x1080",
        layout=Layout("pip"),
        max_bitrate=6_000_000,
    )
    assert sent(script)[2] == {
        "sessionId": SESSION,
        "outputs": {
            "hls": {"dvr": False, "lowLatency": True},
            "rtmp": [
                {"id": "a", "serverUrl": "RTMPS://a.example/x", "streamName": "k1"},
                {"serverUrl": "rtmp://live.example.net/app", "streamName": "key"},
            ],
        },
        "maxDuration": 36_000,
        "multiBroadcastTag": "t",
        "hasAudio": True,
        "hasVideo": False,
        "streamMode": "manual",
        "resolution": "1920x1080",
        "layout": {"type": "pip"},
        "maxBitrate": 6_000_000,
    }


def test_one_target_needs_no_list(make: Make) -> None:
    tb, script = make()
    tb.broadcasts.start(SESSION, rtmp=SERVER)
    assert [*sent(script)[2]["outputs"]] == ["rtmp"]


@pytest.mark.trap(76)
def test_five_targets_are_allowed(make: Make) -> None:
    tb, script = make()
    tb.broadcasts.start(SESSION, rtmp=[SERVER] * 5)
    assert len(sent(script)[2]["outputs"]["rtmp"]) == 5


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"session_id": FOREIGN}, "session_id"),
        ({"hls": False}, "hls"),
        ({"hls": False, "rtmp": []}, "hls"),
        ({"hls": {}}, "hls"),
        ({"hls": None}, "hls"),
        ({"rtmp": [SERVER] * 6}, "rtmp"),
        ({"rtmp": [RtmpTarget("rtmp://a", "k", id="x")] * 2}, "rtmp"),
        ({"rtmp": ["rtmp://canary"]}, "rtmp"),
        ({"rtmp": "rtmp://canary"}, "rtmp"),
        ({"rtmp": None}, "rtmp"),
        ({"max_duration": 59}, "max_duration"),
        ({"max_duration": 36_001}, "max_duration"),
        ({"max_duration": 60.0}, "max_duration"),
        ({"multi_broadcast_tag": ""}, "multi_broadcast_tag"),
        ({"max_bitrate": 99_999}, "max_bitrate"),
        ({"resolution": "1x1"}, "resolution"),
        ({"layout": "custom"}, "stylesheet"),
        ({"stream_mode": "some"}, "stream_mode"),
        ({"has_audio": False, "has_video": False}, "has_video"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.broadcasts.start(**{"session_id": SESSION, "hls": True, **options})
    assert caught.value.field == field
    assert "canary" not in str(caught.value)
    assert script.requests == []


def test_an_option_that_there_is_not_is_a_mistake(make: Make) -> None:
    with pytest.raises(TypeError, match="colour"):
        make()[0].broadcasts.start(SESSION, hls=True, colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: Hls(dvr=True, low_latency=True), "low_latency"),
        (lambda: Hls(dvr=1), "dvr"),  # type: ignore[arg-type]
        (lambda: Hls(low_latency="no"), "low_latency"),  # type: ignore[arg-type]
        (lambda: RtmpTarget("https://a", "canary"), "server_url"),
        (lambda: RtmpTarget("rtmp:/a", "canary"), "server_url"),
        (lambda: RtmpTarget("rtmp://a b", "canary"), "server_url"),
        (lambda: RtmpTarget("http://me:canary@a", "canary"), "server_url"),
        (lambda: RtmpTarget("rtmp://a", ""), "stream_name"),
        (lambda: RtmpTarget("rtmp://a", "canary", id=""), "id"),
    ],
)
def test_a_bad_output_cannot_be_made(build: Callable[[], object], field: str) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        build()
    assert caught.value.field == field
    assert "canary" not in f"{caught.value}{caught.value.value}"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda b: b.stop(ID), ("POST", f"{ROOT}/{ID}/stop", None)),
        (lambda b: b.get(ID), ("GET", f"{ROOT}/{ID}", None)),
    ],
)
def test_each_call_is_one_request(
    call: Callable[[Any], object], expected: tuple[str, str, Any], make: Make
) -> None:
    tb, script = make()
    call(tb.broadcasts)
    assert sent(script) == expected


@pytest.mark.parametrize("broadcast_id", ["", ".", None])
def test_an_invalid_id_is_refused_by_its_name(broadcast_id: Any, make: Make) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        make()[0].broadcasts.stop(broadcast_id)
    assert caught.value.field == "broadcast_id"


def test_a_broadcast_is_read_completely(make: Make) -> None:
    broadcast = make()[0].broadcasts.get(ID)
    assert (broadcast.id, broadcast.session_id) == (ID, SESSION)
    assert broadcast.status is BroadcastStatus.STARTED
    assert broadcast.project_id == KEY
    assert broadcast.created_at is not None
    assert broadcast.created_at.isoformat() == "2023-11-14T22:18:20+00:00"
    assert (broadcast.max_duration, broadcast.max_bitrate) == (14400, 2_000_000)
    assert broadcast.multi_broadcast_tag == "b1"
    assert broadcast.settings.hls is not None
    assert (broadcast.settings.hls.dvr, broadcast.settings.hls.low_latency) == (True, False)
    assert broadcast.urls.hls.endswith("?DVR")
    assert broadcast.urls.hls_status is HlsStatus.CONNECTING
    (output,) = broadcast.urls.rtmp
    assert (output.id, output.status) == ("yt", RtmpStatus.LIVE)
    assert output.server_url == "rtmps://live.example.net/app"
    assert output.stream_name == "canary"
    assert dict(broadcast.unknown) == {}


def test_a_stream_key_is_not_in_the_repr() -> None:
    assert "canary" not in repr(Broadcast.from_json(STARTED))
    assert "canary" not in repr(RtmpTarget("rtmp://a", "canary"))


@pytest.mark.trap(88)
@pytest.mark.parametrize(
    "properties", [{"broadcastUrls": None, "status": "stopped"}, {"broadcastUrls": {}}]
)
def test_a_stopped_broadcast_has_no_urls(properties: dict[str, Any]) -> None:
    broadcast = Broadcast.from_json({**STARTED, **properties})
    assert (broadcast.urls.hls, broadcast.urls.hls_status, broadcast.urls.rtmp) == (
        "",
        "",
        (),
    )
    assert dict(broadcast.unknown) == {}


@pytest.mark.trap(88)
def test_rtmp_may_be_an_object_by_id() -> None:
    rtmp = {"yt": {"serverUrl": "rtmp://a", "streamName": "k"}}
    broadcast = Broadcast.from_json({**STARTED, "broadcastUrls": {"rtmp": rtmp}})
    (output,) = broadcast.urls.rtmp
    assert (output.id, output.server_url, output.status) == ("yt", "rtmp://a", "")


@pytest.mark.trap(87)
@pytest.mark.parametrize(
    ("properties", "field", "value"),
    [
        ({"maxBitrate": None, "maxBitRate": 5}, "max_bitrate", None),
        ({"projectId": "40000123"}, "project_id", "40000123"),
        ({"projectId": None, "applicationId": "3f2b"}, "project_id", "3f2b"),
        ({"status": "hovering"}, "status", "hovering"),
        (
            {"streams": [{"streamId": "s"}]},
            "streams",
            (tokbox.types.ChosenStream(stream_id="s"),),
        ),
        ({"settings": None}, "settings", tokbox.types.BroadcastSettings()),
    ],
)
def test_the_services_moods_are_tolerated(
    properties: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(Broadcast.from_json({**STARTED, **properties}), field) == value


@pytest.mark.trap(69, 78)
def test_the_bit_rate_is_read_in_its_other_spelling() -> None:
    source = {name: value for name, value in STARTED.items() if name != "maxBitrate"}
    assert Broadcast.from_json({**source, "maxBitRate": 5}).max_bitrate == 5


@pytest.mark.trap(48, 92)
def test_a_stopped_one_that_is_stopped_again_is_not_found(make: Make) -> None:
    tb, _ = make(tokbox.transport.Response(404, {}, b"{}"))
    with pytest.raises(errors.NotFoundError):
        tb.broadcasts.stop(ID)


def test_a_list_sends_the_given_options(make: Make) -> None:
    tb, script = make(answers({"count": 2, "items": [STARTED]}))
    page = tb.broadcasts.list(offset=1, count=20, session_id=SESSION)
    query = parse_qs(urlsplit(script.requests[0].url).query)
    assert query == {"offset": ["1"], "count": ["20"], "sessionId": [SESSION]}
    assert (page.total, page.offset, [each.id for each in page]) == (2, 1, [ID])


def test_iter_reads_every_page(make: Make) -> None:
    tb, script = make(
        answers({"count": 2, "items": [STARTED]}),
        answers({"count": 2, "items": [{**STARTED, "id": "b"}]}),
    )
    assert [each.id for each in tb.broadcasts.iter(SESSION, page_size=1)] == [ID, "b"]
    assert len(script.requests) == 2


@pytest.mark.parametrize("body", [[], None, {}, {"id": ID}, {"status": "x"}])
def test_an_answer_that_is_not_a_broadcast_is_a_protocol_error(
    body: object, make: Make
) -> None:
    with pytest.raises(errors.ProtocolError, match="not a broadcast"):
        make(answers(body))[0].broadcasts.get(ID)
