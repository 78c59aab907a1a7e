"""The switches of ``rules.py``, carried out: where the service varies, and strictness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.emulator import (
    APPLICATION,
    KEY,
    NOW,
    Api,
    application_credentials,
)
from tokbox.emulator import Clock, Rules, serve

RTMP = {"id": "yt", "serverUrl": "rtmp://live.example.net/app", "streamName": "key"}
OUTPUTS = {"hls": {}, "rtmp": [RTMP]}
PAGE = "https://app.example.org/view"
SIP = {"uri": "sip:user@gateway.example.org"}

Ruled = Callable[..., tuple[Api, str]]


@pytest.fixture
def ruled() -> Iterator[Ruled]:
    """Make an emulator with other rules; return a client, and a session with one in it."""
    with ExitStack() as stack:

        def make(strict: bool = False, **rules: Any) -> tuple[Api, str]:
            server = stack.enter_context(
                serve(
                    clock=Clock(lambda: NOW),
                    strict=Rules.strict() if strict else Rules(**rules),
                )
            )
            api = Api(server.url)
            session_id = api.create_session()
            api.join(session_id)
            return api, session_id

        yield make


# Variants of the service.


@pytest.mark.trap(95)
def test_empty_session_may_be_a_bad_request(ruled: Ruled) -> None:
    api, session_id = ruled(empty_session=400)
    (connection_id,) = api.connections(session_id)
    api.project("DELETE", f"/session/{session_id}/connection/{connection_id}")
    answer = api.project("POST", "/archive", {"sessionId": session_id})
    assert answer.status == 400
    assert "No clients" in answer.json()["message"]


@pytest.mark.trap(48)
def test_stopped_broadcast_may_be_a_conflict(ruled: Ruled) -> None:
    api, session_id = ruled(stopped_broadcast=409)
    path = f"/broadcast/{api.start('broadcast', session_id, outputs=OUTPUTS)['id']}/stop"
    assert [api.project("POST", path).status for _ in range(2)] == [200, 409]


@pytest.mark.trap(89)
def test_captions_may_start_with_200(ruled: Ruled) -> None:
    api, session_id = ruled(captions_start=200)
    body = {"sessionId": session_id, "token": api.token(session_id, role="moderator")}
    assert api.project("POST", "/captions", body).status == 200


@pytest.mark.trap(63, 89)
@pytest.mark.parametrize("status", [200, 204])
def test_render_may_stop_with_either_status(ruled: Ruled, status: int) -> None:
    api, session_id = ruled(render_stop=status)
    render = api.start("render", session_id, url=PAGE)
    assert api.project("DELETE", f"/render/{render['id']}").status == status


@pytest.mark.trap(90)
@pytest.mark.parametrize("noun", ["archive", "broadcast"])
def test_reply_to_a_layout_may_be_empty(ruled: Ruled, noun: str) -> None:
    api, session_id = ruled(layout_reply="empty")
    thing = api.start(
        noun, session_id, **({} if noun == "archive" else {"outputs": OUTPUTS})
    )
    answer = api.project("PUT", f"/{noun}/{thing['id']}/layout", {"type": "pip"})
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.trap(87)
def test_project_may_be_a_string(ruled: Ruled) -> None:
    api, session_id = ruled(project_id="string")
    archive = api.start("archive", session_id)
    broadcast = api.start("broadcast", session_id, outputs=OUTPUTS)
    for shown in (archive, api.archive(archive["id"]), broadcast):
        assert (shown["projectId"], shown["partnerId"]) == (KEY, int(KEY))


@pytest.mark.trap(86)
@pytest.mark.parametrize(
    ("unset", "shown"), [("null", {"name": None}), ("empty", {"name": ""}), ("absent", {})]
)
def test_name_that_was_not_given(ruled: Ruled, unset: str, shown: dict[str, Any]) -> None:
    api, session_id = ruled(unset_name=unset)
    archive = api.start("archive", session_id)
    render = api.start("render", session_id, url=PAGE)
    for thing in (archive, render, api.archive(archive["id"])):
        assert {name: thing[name] for name in thing if name == "name"} == shown
    assert api.start("archive", session_id, name="a", multiArchiveTag="b")["name"] == "a"
    # The page shows one by its kind and id, whatever the rule is.
    state = api.request("GET", "/_emulator/state").json()
    assert [archive["name"] or "" for archive in state["sessions"][0]["archives"]] == [
        "a",
        "",
    ]


@pytest.mark.trap(88)
def test_stopped_broadcast_may_keep_its_addresses(ruled: Ruled) -> None:
    api, session_id = ruled(keep_broadcast_urls=True)
    broadcast = api.start("broadcast", session_id, outputs=OUTPUTS)
    stopped = api.project("POST", f"/broadcast/{broadcast['id']}/stop").json()
    urls = stopped["broadcastUrls"]
    assert urls["hls"] == broadcast["broadcastUrls"]["hls"]
    assert (urls["hlsStatus"], urls["rtmp"][0]["status"]) == ("ended", "offline")


@pytest.mark.trap(88)
def test_targets_may_be_an_object(ruled: Ruled) -> None:
    api, session_id = ruled(rtmp="object")
    broadcast = api.start("broadcast", session_id, outputs=OUTPUTS)
    assert broadcast["broadcastUrls"]["rtmp"] == {"yt": {**RTMP, "status": "connecting"}}


@pytest.mark.trap(91)
def test_count_of_renders_may_be_the_length_of_the_page(ruled: Ruled) -> None:
    api, session_id = ruled(render_count="page")
    for _ in range(3):
        api.start("render", session_id, url=PAGE)
    assert [api.read(f"/render?count={n}")["count"] for n in (2, 50)] == [2, 3]


@pytest.mark.trap(97)
def test_broadcast_may_last_two_hours(ruled: Ruled) -> None:
    api, session_id = ruled(broadcast_duration=7200)
    broadcast = api.start("broadcast", session_id, outputs=OUTPUTS)
    assert broadcast["maxDuration"] == 7200
    api.advance(7200)
    assert api.read(f"/broadcast/{broadcast['id']}")["status"] == "stopped"


# Applications that do not ask for JSON.


@pytest.fixture(params=["bearer", "x-opentok-auth"])
def application_headers(request: pytest.FixtureRequest) -> Callable[[Api], dict[str, Any]]:
    """Return the headers of an application without an Accept header."""

    def make(api: Api) -> dict[str, Any]:
        assert api.pem is not None
        token = application_credentials(api.pem)
        if request.param == "bearer":
            return {"Accept": None, "Authorization": f"Bearer {token}"}
        return {"Accept": None, "Authorization": None, "X-OPENTOK-AUTH": token}

    return make


@pytest.mark.trap(101)
def test_errors_of_applications_are_json_without_accept(
    application: Api, application_headers: Callable[[Api], dict[str, Any]]
) -> None:
    headers = application_headers(application)
    session_id = application.create_session()
    for method, path, body in (
        ("POST", f"/session/{session_id}/signal", {"type": "a", "data": "b"}),
        ("GET", "/archive/none", None),
        ("POST", "/session/x/play-dtmf", {"digits": "1"}),
    ):
        answer = application.project(method, path, body, headers=headers)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["message"]
    answer = application.request("POST", "/session/create", b"e2ee=x", headers=headers)
    assert (answer.status, answer.json()["code"]) == (400, 400)
    answer = application.request("POST", "/session/create", b"", headers=headers)
    assert answer.json()[0]["partner_id"] == APPLICATION


@pytest.mark.trap(101)
def test_unknown_paths_of_applications_are_json_without_accept(application: Api) -> None:
    answer = application.project("GET", "/nowhere", headers={"Accept": None})
    assert (answer.status, answer.json()["code"]) == (404, 404)


@pytest.mark.trap(101)
def test_errors_of_applications_can_be_xml_by_a_rule(
    application_headers: Callable[[Api], dict[str, Any]],
) -> None:
    with serve(strict=Rules(application_format="xml"), clock=Clock(lambda: NOW)) as server:
        api = Api(server.url, APPLICATION, pem=server.private_key)
        headers = application_headers(api)
        answer = api.project("GET", "/archive/none", headers=headers)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/xml")
        answer = api.request("POST", "/session/create", b"", headers=headers)
        assert answer.headers["Content-Type"] == "text/xml"
        answer = api.project(
            "GET", "/archive/none", headers={**headers, "Accept": "application/json"}
        )
        assert answer.headers["Content-Type"] == "application/json"


# Strictness.


@pytest.mark.trap(106)
def test_transcription_of_a_composed_archive_is_accepted_or_refused(ruled: Ruled) -> None:
    for strict, status in ((False, 200), (True, 400)):
        api, session_id = ruled(strict)
        body = {"sessionId": session_id, "hasTranscription": True}
        assert api.project("POST", "/archive", body).status == status


@pytest.mark.trap(103)
def test_stream_without_layout_classes_is_cleared_or_refused(ruled: Ruled) -> None:
    for strict in (False, True):
        api, session_id = ruled(strict)
        (stream,) = api.streams(session_id)
        item = {"id": stream["id"], "layoutClassList": ["full"]}
        path = f"/session/{session_id}/stream"
        assert api.project("PUT", path, {"items": [item]}).status == 200
        answers = [
            api.project("PUT", path, {"items": [{"id": stream["id"]}]}).status,
            api.project("PUT", f"{path}/{stream['id']}", {}).status,
        ]
        assert answers == ([400, 400] if strict else [200, 200])
        (stream,) = api.streams(session_id)
        assert stream["layoutClassList"] == (["full"] if strict else [])


@pytest.mark.parametrize(
    ("noun", "options"),
    [
        ("archive", {"action": "start"}),
        ("archive", {"layout": {"type": "bestFit", "screenshare_type": "pip"}}),
        (
            "archive",
            {
                "outputMode": "individual",
                "hasTranscription": True,
                "transcriptionProperties": {"x": 1},
            },
        ),
        ("broadcast", {"outputs": OUTPUTS, "maxBitRate": 2_000_000}),
        ("broadcast", {"outputs": {"hls": {"low_latency": True}}}),
        ("broadcast", {"outputs": {"rtmp": [{**RTMP, "key": "x"}]}}),
        ("broadcast", {"outputs": {**OUTPUTS, "dash": {}}}),
        ("render", {"url": PAGE, "name": "stage"}),
        ("render", {"url": PAGE, "properties": {"title": "stage"}}),
        ("captions", {"language": "en-US"}),
        ("dial", {"sip": {**SIP, "sips": True}}),
        ("dial", {"sip": SIP, "session": "x"}),
        (
            "dial",
            {"sip": {**SIP, "auth": {"username": "u", "password": "p", "realm": "r"}}},
        ),
        ("connect", {"websocket": {"uri": "wss://a.b/", "audio_rate": 8000}}),
        ("connect", {"websocket": {"uri": "wss://a.b/"}, "streams": []}),
        (
            "connect",
            {"websocket": {"uri": "wss://a.b/", "audioTransport": {"codec": "opus"}}},
        ),
    ],
)
def test_unknown_members_are_ignored_or_refused(
    ruled: Ruled, noun: str, options: dict[str, Any]
) -> None:
    api, session_id = ruled()
    api.start(noun, session_id, **options)
    api, session_id = ruled(strict=True)
    token = {"token": api.token(session_id, role="moderator")}
    body = {"sessionId": session_id, **options}
    body |= {} if noun in ("archive", "broadcast") else token
    answer = api.project("POST", f"/{noun}", body)
    assert answer.status == 400
    assert "Unknown members" in answer.json()["message"]


def test_documented_requests_pass_strict_rules(ruled: Ruled) -> None:
    api, session_id = ruled(strict=True)
    layout = {"type": "bestFit", "screenshareType": "pip"}
    api.start(
        "archive",
        session_id,
        name="n",
        layout=layout,
        maxBitrate=100_000,
    )
    api.start(
        "archive",
        session_id,
        outputMode="individual",
        multiArchiveTag="transcribed",
        hasTranscription=True,
        transcriptionProperties={"primaryLanguageCode": "en-US", "hasSummary": True},
    )
    outputs = {"hls": {"dvr": False, "lowLatency": True}, "rtmp": [RTMP]}
    broadcast = api.start("broadcast", session_id, outputs=outputs, layout=layout)
    path = f"/broadcast/{broadcast['id']}"
    assert api.project("PUT", f"{path}/layout", layout).status == 200
    changes = {"addStream": "x", "hasAudio": True, "hasVideo": True}
    assert api.project("PATCH", f"{path}/streams", changes).status == 405
    api.start("render", session_id, url=PAGE, properties={"name": "n"}, maxDuration=60)
    api.start("captions", session_id, languageCode="de-DE", partialCaptions=False)
    sip = {**SIP, "from": "1@b.c", "headers": {"X-A": "b"}, "secure": True, "video": True}
    api.start("dial", session_id, sip={**sip, "observeForceMute": True, "streams": []})
    socket = {"uri": "wss://a.b/", "streams": [], "headers": {"a": "b"}, "audioRate": 8000}
    api.start("connect", session_id, websocket={**socket, "bidirectional": True})


@pytest.mark.trap(65, 66, 81, 83, 114, 115)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/broadcast/x/layout", 405),
        ("PUT", "/broadcast/x/streams", 405),
        ("POST", "/render/x", 405),
        ("DELETE", "/captions/x/stop", 405),
        ("GET", "/captions/x", 404),
        ("POST", "/connect/x/stop", 404),
        ("POST", "/call", 404),
    ],
)
def test_lenient_routes_do_not_exist_with_strict_rules(
    ruled: Ruled, method: str, path: str, status: int
) -> None:
    api, _ = ruled()
    answer = api.project(method, path, {})
    assert answer.status in (400, 404)
    assert answer.json()["message"] != "Not Found"
    api, _ = ruled(strict=True)
    assert api.project(method, path, {}).status == status
