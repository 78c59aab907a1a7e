"""Broadcasts: what they answer, what they refuse, and how they end."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.emulator import KEY, NOW, Api

HLS: dict[str, Any] = {"hls": {}}
TARGET = {"id": "yt", "serverUrl": "rtmp://live.example.net/app", "streamName": "key"}
UNKNOWN = str(uuid.UUID(int=7))


def start(api: Api, session_id: str, **options: object) -> dict[str, Any]:
    return api.start("broadcast", session_id, **{"outputs": HLS, **options})


def refused(api: Api, session_id: object, **options: object) -> tuple[int, Any]:
    body = {"sessionId": session_id, "outputs": HLS, **options}
    answer = api.project("POST", "/broadcast", body)
    return answer.status, answer.json()


def get(api: Api, broadcast: dict[str, Any]) -> dict[str, Any]:
    return api.read(f"/broadcast/{broadcast['id']}")


def call(api: Api, method: str, broadcast: dict[str, Any], rest: str, body: object) -> int:
    return api.project(method, f"/broadcast/{broadcast['id']}{rest}", body).status


@pytest.fixture
def joined(tenant: Api) -> str:
    """A session of either environment with one publisher."""
    session_id = tenant.create_session()
    tenant.join(session_id)
    return session_id


# Start.


def test_start_reply_is_complete(api: Api, live: str) -> None:
    broadcast = start(api, live, outputs={**HLS, "rtmp": [TARGET]}, multiBroadcastTag="b1")
    assert uuid.UUID(broadcast.pop("id"))
    urls = broadcast.pop("broadcastUrls")
    assert urls.pop("hls").startswith(f"{api.url}/_emulator/broadcast/{KEY}/")
    assert urls == {
        "hlsStatus": "connecting",
        "rtmp": [{**TARGET, "status": "connecting"}],
    }
    assert broadcast == {
        "sessionId": live,
        "projectId": int(KEY),
        "partnerId": int(KEY),
        "event": "broadcast",
        "createdAt": NOW * 1000,
        "updatedAt": NOW * 1000,
        "resolution": "640x480",
        "status": "started",
        "maxDuration": 14400,
        "maxBitrate": 2_000_000,
        "streamMode": "auto",
        "hasAudio": True,
        "hasVideo": True,
        "multiBroadcastTag": "b1",
        "settings": {"hls": {"lowLatency": False, "dvr": False}},
    }


@pytest.mark.trap(87)
def test_application_is_named_instead_of_a_project(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    broadcast = start(application, session_id)
    assert broadcast["applicationId"] == application.key
    assert {"projectId", "partnerId"}.isdisjoint(broadcast)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"hasVideo": False}, {"hasVideo": False}),
        ({"resolution": "1080x1920"}, {"resolution": "1080x1920"}),
        ({"maxDuration": 60}, {"maxDuration": 60}),
        ({"maxDuration": 36_000}, {"maxDuration": 36_000}),
        ({"maxBitrate": 100_000}, {"maxBitrate": 100_000}),
        ({"streamMode": "manual"}, {"streamMode": "manual", "streams": []}),
        (
            {"outputs": {"hls": {"dvr": True}}},
            {"settings": {"hls": {"lowLatency": False, "dvr": True}}},
        ),
        ({"outputs": {"rtmp": [TARGET]}}, {"settings": {}}),
    ],
)
def test_options_are_echoed(
    api: Api, live: str, options: dict[str, Any], shown: dict[str, Any]
) -> None:
    broadcast = start(api, live, **options)
    assert {name: broadcast[name] for name in shown} == shown


@pytest.mark.trap(69)
def test_bit_rate_may_be_spelled_with_a_capital_r(api: Api, live: str) -> None:
    assert start(api, live, maxBitRate=700_000)["maxBitrate"] == 700_000


@pytest.mark.trap(61)
def test_low_latency_may_be_written_in_snake_case(api: Api, live: str) -> None:
    outputs = {"hls": {"low_latency": True}}
    assert start(api, live, outputs=outputs)["settings"]["hls"]["lowLatency"]


@pytest.mark.trap(61, 75)
@pytest.mark.parametrize(
    "name", ["screenshareType", "screensharetype", "screenShareType", "screenshare_type"]
)
def test_layout_of_screens_has_many_spellings(api: Api, live: str, name: str) -> None:
    broadcast = start(api, live, layout={"type": "bestFit", name: "pip"})
    assert call(api, "PUT", broadcast, "/layout", {"type": "bestFit", name: "pip"}) == 200
    # It is read, not just ignored.
    wrong = {"type": "bestFit", name: "custom"}
    assert refused(api, live, multiBroadcastTag="b", layout=wrong)[0] == 400
    assert call(api, "PUT", broadcast, "/layout", wrong) == 400


@pytest.mark.trap(74)
def test_array_of_targets_may_be_empty_beside_hls(api: Api, live: str) -> None:
    urls = start(api, live, outputs={**HLS, "rtmp": []})["broadcastUrls"]
    assert "rtmp" not in urls


def test_single_target_needs_no_array(api: Api, live: str) -> None:
    urls = start(api, live, outputs={"rtmp": TARGET})["broadcastUrls"]
    assert urls == {"rtmp": [{**TARGET, "status": "connecting"}]}


@pytest.mark.trap(76)
def test_five_targets_are_taken_and_get_ids(api: Api, live: str) -> None:
    targets = [{**TARGET, "id": None} for _ in range(5)]
    urls = start(api, live, outputs={"rtmp": targets})["broadcastUrls"]
    assert len({target["id"] for target in urls["rtmp"]}) == 5


def test_explicit_nulls_count_as_absent(api: Api, live: str) -> None:
    names = ("layout", "maxDuration", "maxBitrate", "resolution", "multiBroadcastTag")
    outputs = {"hls": None, "rtmp": [TARGET]}
    broadcast = start(api, live, outputs=outputs, **dict.fromkeys(names))
    assert (broadcast["resolution"], broadcast["settings"]) == ("640x480", {})


@pytest.mark.parametrize(
    "options",
    [
        {"outputs": None},
        {"outputs": {}},
        {"outputs": {"rtmp": []}},
        {"outputs": []},
        {"outputs": {"hls": True}},
        {"outputs": {"hls": {"dvr": True, "lowLatency": True}}},
        {"outputs": {"hls": {"dvr": "yes"}}},
        {"outputs": {"rtmp": "rtmp://a/b"}},
        {"outputs": {"rtmp": ["rtmp://a/b"]}},
        {"outputs": {"rtmp": [{**TARGET, "id": str(number)} for number in range(6)]}},
        {"outputs": {"rtmp": [TARGET, TARGET]}},
        {"outputs": {"rtmp": [{"serverUrl": "rtmp://a/b"}]}},
        {"outputs": {"rtmp": [{"streamName": "k"}]}},
        {"outputs": {"rtmp": [{**TARGET, "serverUrl": "https://a/b"}]}},
        {"outputs": {"rtmp": [{**TARGET, "serverUrl": "rtmp://"}]}},
        {"outputs": {"rtmp": [{**TARGET, "serverUrl": "rtmp://["}]}},
        {"hasAudio": False, "hasVideo": False},
        {"maxDuration": 59},
        {"maxDuration": 36_001},
        {"maxDuration": "60"},
        {"maxBitrate": 99_999},
        {"maxBitrate": 6_000_001},
        {"resolution": "1x1"},
        {"streamMode": "all"},
        {"multiBroadcastTag": 7},
        {"layout": {"type": "grid"}},
        {"layout": "pip"},
    ],
)
def test_invalid_option_is_refused(api: Api, live: str, options: dict[str, Any]) -> None:
    status, error = refused(api, live, **options)
    assert (status, error["code"]) == (400, 400)


def test_session_without_clients_is_not_found(api: Api, session_id: str) -> None:
    assert refused(api, "nonsense")[1]["code"] == 10101
    missing = refused(api, session_id)
    assert missing[0] == 404
    assert list(missing[1]) == ["message"]
    api.leave(session_id, api.join(session_id))
    assert refused(api, session_id) == missing


def test_relayed_session_is_refused(api: Api) -> None:
    session_id = api.create_session(media="enabled")
    api.join(session_id)
    status, error = refused(api, session_id)
    assert status == 409
    assert "Only routed sessions" in error["message"]


def test_second_broadcast_needs_another_tag(api: Api, live: str) -> None:
    first = start(api, live)
    message = "Session is already composed for given tag with code 409"
    assert refused(api, live) == (409, {"message": message})
    start(api, live, multiBroadcastTag="b")
    assert refused(api, live, multiBroadcastTag="b")[0] == 409
    assert call(api, "POST", first, "/stop", None) == 200
    start(api, live)


# Outputs.


def test_outputs_go_live_in_time(api: Api, live: str) -> None:
    lost = {**TARGET, "id": "lost", "serverUrl": "rtmp://live.invalid/app"}
    broadcast = start(api, live, outputs={**HLS, "rtmp": [TARGET, lost]})
    seen = []
    for seconds in (4, 1, 9, 1):
        api.advance(seconds)
        urls = get(api, broadcast)["broadcastUrls"]
        seen.append((urls["hlsStatus"], *(target["status"] for target in urls["rtmp"])))
    assert seen == [
        ("connecting", "connecting", "connecting"),
        ("ready", "live", "error"),
        ("ready", "live", "error"),
        ("live", "live", "error"),
    ]


def test_low_latency_is_live_sooner(api: Api, live: str) -> None:
    broadcast = start(api, live, outputs={"hls": {"lowLatency": True}})
    api.advance(5)
    assert get(api, broadcast)["broadcastUrls"]["hlsStatus"] == "live"


def test_playlist_is_there_while_the_output_is(api: Api, live: str) -> None:
    broadcast = start(api, live, outputs={"hls": {"dvr": True}})
    url = broadcast["broadcastUrls"]["hls"]
    assert url.endswith("/playlist.m3u8?DVR")
    path = url.removeprefix(api.url)
    assert api.request("GET", path).status == 404
    api.advance(5)
    answer = api.request("GET", path)
    assert (answer.status, answer.body[:7]) == (200, b"#EXTM3U")
    call(api, "POST", broadcast, "/stop", None)
    assert api.request("GET", path).status == 404
    assert api.request("GET", path.replace(broadcast["id"], UNKNOWN)).status == 404


# Ends.


@pytest.mark.trap(88)
def test_stopped_broadcast_has_no_addresses(tenant: Api, joined: str) -> None:
    broadcast = start(tenant, joined)
    tenant.advance(20)
    answer = tenant.project("POST", f"/broadcast/{broadcast['id']}/stop")
    assert answer.status == 200
    stopped = answer.json()
    assert stopped == get(tenant, broadcast)
    assert (stopped["status"], stopped["broadcastUrls"]) == ("stopped", None)
    assert stopped["updatedAt"] == NOW * 1000 + 20_000


@pytest.mark.trap(48, 92)
def test_stopping_twice_is_not_found(api: Api, live: str) -> None:
    broadcast = start(api, live)
    assert call(api, "POST", broadcast, "/stop", {}) == 200
    assert call(api, "POST", broadcast, "/stop", {}) == 404


def test_broadcast_ends_after_its_longest_duration(api: Api, live: str) -> None:
    broadcast = start(api, live, maxDuration=100)
    api.advance(99)
    assert get(api, broadcast)["status"] == "started"
    api.advance(50)
    stopped = get(api, broadcast)
    assert (stopped["status"], stopped["updatedAt"]) == ("stopped", NOW * 1000 + 100_000)


def test_broadcast_ends_a_minute_after_the_last_client_left(
    api: Api, session_id: str
) -> None:
    first, second = api.join(session_id), api.join(session_id, publish=False)
    broadcast = start(api, session_id)
    api.leave(session_id, first)
    api.advance(100)
    api.leave(session_id, second)
    api.advance(59)
    api.join(session_id)
    api.advance(100)
    assert get(api, broadcast)["status"] == "started"
    for connection_id in api.connections(session_id):
        api.project("DELETE", f"/session/{session_id}/connection/{connection_id}")
    api.advance(60)
    assert get(api, broadcast)["status"] == "stopped"


# List.


def test_list_contains_broadcasts_in_progress(tenant: Api, joined: str) -> None:
    ids = [start(tenant, joined, multiBroadcastTag=str(n))["id"] for n in range(4)]
    tenant.project("POST", f"/broadcast/{ids[3]}/stop")
    page = tenant.read("/broadcast?offset=1&count=1")
    assert (page["count"], [item["id"] for item in page["items"]]) == (3, [ids[1]])


@pytest.mark.trap(80, 82)
@pytest.mark.parametrize("query", ["?sessionId=", "/?sessionId=", "?session_id="])
def test_list_of_one_session(api: Api, live: str, query: str) -> None:
    other = api.create_session()
    api.join(other)
    start(api, live)
    wanted = start(api, other)["id"]
    page = api.read(f"/broadcast{query}{quote(other)}")
    assert [item["id"] for item in page["items"]] == [wanted]


@pytest.mark.trap(72)
@pytest.mark.parametrize("query", ["?", "?offset=0&", "?&&count=1000", "?offset="])
def test_query_is_read_leniently(api: Api, live: str, query: str) -> None:
    start(api, live)
    assert api.read(f"/broadcast{query}")["count"] == 1


@pytest.mark.parametrize("query", ["offset=-1", "count=1001", "count=x"])
def test_invalid_page_is_refused(api: Api, query: str) -> None:
    assert api.project("GET", f"/broadcast?{query}").status == 400


def test_others_see_nothing(api: Api, other: Api, live: str) -> None:
    broadcast = start(api, live)
    assert other.read("/broadcast") == {"count": 0, "items": []}
    assert call(other, "GET", broadcast, "", None) == 404
    assert call(other, "POST", broadcast, "/stop", None) == 404


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("POST", "/stop", None),
        ("PUT", "/layout", {"type": "pip"}),
        ("PATCH", "/streams", {"addStream": UNKNOWN}),
    ],
)
def test_unknown_broadcast_is_not_found(
    api: Api, method: str, rest: str, body: object
) -> None:
    assert call(api, method, {"id": UNKNOWN}, rest, body) == 404
