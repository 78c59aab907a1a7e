"""The official Node SDK (``opentok`` on npm) against the emulator, in both its modes.

Its faults are worked with, and named where they show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.node import Node, Sdk, SdkError, node_process
from tests.support.contract import PAGE, SIP_URI, TEXT, UNKNOWN, control, join_with
from tokbox.emulator import Server
from tokbox.tokens.signer import Signer


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    yield from node_process("opentok_node.mjs")


@pytest.fixture
def project(node: Node, server: Server) -> Sdk:
    return Sdk(node, server.api_key, server.secret, server.url)


@pytest.fixture
def application(node: Node, server: Server) -> Sdk:
    return Sdk(node, server.application_id, server.private_key, server.url)


@pytest.fixture(params=["project", "application"])
def sdk(request: pytest.FixtureRequest) -> Sdk:
    chosen: Sdk = request.getfixturevalue(request.param)
    return chosen


def create(sdk: Sdk, **options: object) -> str:
    session_id: str = sdk("createSession", options)["sessionId"]
    return session_id


@pytest.fixture
def routed(sdk: Sdk) -> str:
    return create(sdk, mediaMode="routed")


@pytest.fixture
def relayed(sdk: Sdk, server: Server) -> str:
    """A relayed session that a client has joined."""
    session_id = create(sdk)
    join_with(server, session_id, sdk.token(session_id))
    return session_id


@pytest.fixture
def joined(sdk: Sdk, server: Server, routed: str) -> dict[str, str]:
    """The client that publishes in the session."""
    return join_with(server, routed, sdk.token(routed))


@pytest.fixture
def moderator(sdk: Sdk, live: str) -> str:
    return sdk.token(live, {"role": "moderator"})


def refused(
    kind: str, sdk: Sdk, method: str, *args: object, match: str | None = None
) -> None:
    with pytest.raises(SdkError, match=match) as caught:
        sdk(method, *args)
    assert caught.value.kind == kind


# Sessions.


@pytest.mark.trap(51)
def test_session_by_default(sdk: Sdk) -> None:
    session = sdk("createSession")
    assert (session["mediaMode"], session["archiveMode"]) == ("relayed", "manual")


@pytest.mark.trap(33)
def test_session_with_every_option_and_some_more(sdk: Sdk, server: Server) -> None:
    # The SDK sends every option that the caller passes, even those it should drop.
    session_id = create(
        sdk,
        mediaMode="routed",
        archiveMode="always",
        archiveName="weekly",
        archiveResolution="1920x1080",
        location="203.0.113.7",
        e2ee="false",
        hoursOfSleep=8,
    )
    join_with(server, session_id, sdk.token(session_id))
    (archive,) = sdk("listArchives", {"sessionId": session_id})
    assert (archive["name"], archive["resolution"]) == ("weekly", "1920x1080")


@pytest.mark.trap(3, 6, 59)
def test_wrong_secret_is_an_authentication_error(node: Node, server: Server) -> None:
    sdk = Sdk(node, server.api_key, "wrong", server.url)
    refused("AuthError", sdk, "getArchive", UNKNOWN)
    # The SDK has a plain error for this one.
    refused("Error", sdk, "createSession", match="Failed to createSession")


def test_wrong_key_of_an_application_is_an_authentication_error(
    node: Node, server: Server
) -> None:
    other = Sdk(node, UNKNOWN, server.private_key, server.url)
    refused("AuthError", other, "getArchive", UNKNOWN)


# Tokens.


@pytest.mark.trap(9)
@pytest.mark.parametrize("t1", [True, False])
def test_tokens_of_a_project_admit_clients_and_are_verified_here(
    server: Server, project: Sdk, t1: bool
) -> None:
    session_id = create(project)
    options = {"role": "moderator", "data": TEXT, "initialLayoutClassList": ["a", "b"]}
    token = project.token(session_id, options, t1)
    stream_id = join_with(server, session_id, token)["streamId"]
    assert project("listStreams", session_id)[0]["layoutClassList"] == ["a", "b"]
    assert project("listStreams", session_id)[0]["id"] == stream_id
    said = Signer(server.api_key, server.secret).verify(token, session_id=session_id)
    assert (said.kind, said.role) == ("t1" if t1 else "jwt", "moderator")
    assert (said.connection_data, said.initial_layout_class_list) == (TEXT, ("a", "b"))
    # The nonce is a fraction.
    assert "." in said.nonce


def test_tokens_of_an_application_admit_clients_and_are_verified_here(
    server: Server, application: Sdk
) -> None:
    session_id = create(application)
    options = {"role": "moderator", "data": TEXT, "initialLayoutClassList": ["a", "b"]}
    token = application.token(session_id, options)
    assert join_with(server, session_id, token)
    signer = Signer.from_private_key(server.application_id, server.private_key)
    said = signer.verify(token, session_id=session_id)
    assert (said.algorithm, said.role) == ("RS256", "moderator")
    assert (said.connection_data, said.initial_layout_class_list) == (TEXT, ("a", "b"))


@pytest.mark.trap(22)
def test_expiry_of_an_applications_token_goes_by_another_name(
    server: Server, application: Sdk
) -> None:
    session_id = create(application)
    signer = Signer.from_private_key(server.application_id, server.private_key)
    in_an_hour = int(time.time()) + 3600
    # The SDK ignores the documented name, so the token is valid for a day.
    said = signer.verify(application.token(session_id, {"expireTime": in_an_hour}))
    assert said.end_time > in_an_hour + 3600
    said = signer.verify(application.token(session_id, {"expire_time": in_an_hour}))
    assert said.end_time == in_an_hour


@pytest.mark.trap(14)
def test_our_t1_tokens_are_read_by_the_library_of_the_sdk(
    node: Node, server: Server, project: Sdk
) -> None:
    session_id = create(project)
    session = Signer(server.api_key, server.secret).session(session_id)
    # The SDK splits headers at every colon, so tokbox sends none with a colon.
    token = session.token("moderator", "name=Zoe: a&b", kind="t1")
    assert node.ask("opentok-token", "verifyTokenSignature", token, server.secret)
    said = node.ask("opentok-token", "decodeToken", token)
    assert (said["partner_id"], said["session_id"]) == (server.api_key, session_id)
    assert (said["role"], said["connection_data"]) == ("moderator", "name=Zoe: a&b")


def test_our_jwts_are_read_by_the_library_of_the_sdk(
    node: Node, server: Server, project: Sdk
) -> None:
    session_id = create(project)
    session = Signer(server.api_key, server.secret).session(session_id)
    ours, theirs = (
        node.ask("jsonwebtoken", "verify", token, server.secret)
        for token in (
            session.token("moderator", TEXT, kind="jwt"),
            project.token(session_id),
        )
    )
    assert (ours["role"], ours["connection_data"]) == ("moderator", TEXT)
    for name in ("iss", "ist", "session_id", "scope"):
        assert ours[name] == theirs[name]


def test_our_rs256_tokens_are_read_by_the_library_of_the_sdk(
    node: Node, server: Server, application: Sdk, public_key: str
) -> None:
    session_id = create(application)
    signer = Signer.from_private_key(server.application_id, server.private_key)
    ours, theirs = (
        node.ask("jsonwebtoken", "verify", token, public_key, {"algorithms": ["RS256"]})
        for token in (
            signer.session(session_id).token("moderator", TEXT),
            application.token(session_id),
        )
    )
    assert (ours["role"], ours["connection_data"]) == ("moderator", TEXT)
    for name in ("application_id", "session_id", "scope", "sub", "acl"):
        assert ours[name] == theirs[name]


# Archives.


def test_archive_of_a_session_that_was_never_joined(sdk: Sdk, routed: str) -> None:
    refused("ArchiveError", sdk, "startArchive", routed, {}, match="Session not found")


def test_archive_of_a_relayed_session(sdk: Sdk, relayed: str) -> None:
    refused("RequestError", sdk, "startArchive", relayed, {}, match="Only routed sessions")


@pytest.mark.trap(58)
def test_archive_from_start_to_deletion(sdk: Sdk, server: Server, live: str) -> None:
    # Anything but "started" in the answer would be an error to the SDK.
    archive = sdk("startArchive", live, {"name": "weekly"})
    assert (archive["name"], archive["sessionId"]) == ("weekly", live)
    refused("RequestError", sdk, "startArchive", live, {}, match="409")
    # The body of this call is an empty object.
    assert sdk("stopArchive", archive["id"])["status"] == "stopped"
    control(server, "clock", {"advance": 3600})
    assert sdk("getArchive", archive["id"])["status"] == "available"
    refused("ArchiveError", sdk, "stopArchive", archive["id"])
    sdk("deleteArchive", archive["id"])
    assert sdk.all("listArchives") == [[], 0]
    refused("NotFoundError", sdk, "getArchive", archive["id"], match="Archive not found")


def test_archive_with_every_option(sdk: Sdk, live: str) -> None:
    options = {
        "name": "n",
        "hasVideo": False,
        "outputMode": "composed",
        "streamMode": "manual",
        "resolution": "1280x720",
        "multiArchiveTag": "a",
        "maxBitrate": 400_000,
    }
    layout = {"layout": {"type": "bestFit", "screenshareType": "pip"}}
    archive = sdk("startArchive", live, options | layout)
    assert archive.items() >= options.items()


def test_archive_by_quality_with_a_transcription(sdk: Sdk, live: str) -> None:
    options = {"quantizationParameter": 25, "hasTranscription": True}
    assert sdk("startArchive", live, options).items() >= options.items()


@pytest.mark.trap(58)
def test_archives_are_listed_by_page_and_by_session(sdk: Sdk, live: str) -> None:
    ids = [sdk("startArchive", live, {"multiArchiveTag": str(n)})["id"] for n in range(3)]
    page, total = sdk.all("listArchives", {"offset": 1, "count": 1})
    assert (total, [archive["id"] for archive in page]) == (3, [ids[1]])
    # An offset of 0 is left out.
    page, _ = sdk.all("listArchives", {"offset": 0, "count": 1})
    assert [archive["id"] for archive in page] == [ids[2]]
    assert sdk.all("listArchives", {"sessionId": live})[1] == 3
    assert sdk.all("listArchives", {"sessionId": "other"}) == [[], 0]


def test_unknown_archive(sdk: Sdk) -> None:
    refused("NotFoundError", sdk, "getArchive", UNKNOWN)
    for method in ("stopArchive", "deleteArchive"):
        refused("ArchiveError", sdk, method, UNKNOWN, match="Archive not found")


def test_layout_of_an_archive(sdk: Sdk, live: str) -> None:
    archive_id = sdk("startArchive", live, {})["id"]
    sdk("setArchiveLayout", archive_id, "horizontalPresentation", None, None)
    sdk("setArchiveLayout", archive_id, "custom", "stream{width:10px}", None)
    sdk("setArchiveLayout", archive_id, "bestFit", None, "pip")
    refused("RequestError", sdk, "setArchiveLayout", archive_id, "grid", None, None)


def test_streams_of_an_archive(sdk: Sdk, live: str, stream_id: str) -> None:
    archive_id = sdk("startArchive", live, {"streamMode": "manual"})["id"]
    sdk("addArchiveStream", archive_id, stream_id, {"hasVideo": False})
    assert sdk("getArchive", archive_id)["streams"] == [
        {"streamId": stream_id, "hasAudio": True, "hasVideo": False}
    ]
    sdk("removeArchiveStream", archive_id, stream_id)
    assert sdk("getArchive", archive_id)["status"] == "paused"
    refused("ArchiveError", sdk, "addArchiveStream", archive_id, UNKNOWN, {})


def test_streams_of_an_automatic_archive(sdk: Sdk, live: str, stream_id: str) -> None:
    archive_id = sdk("startArchive", live, {})["id"]
    call = ("addArchiveStream", archive_id, stream_id, {})
    refused("ArchiveError", sdk, *call, match="Unsupported Stream Mode")


# Broadcasts.


HLS: dict[str, Any] = {"outputs": {"hls": {}}}


def test_broadcast_from_start_to_stop(sdk: Sdk, live: str) -> None:
    target = {"id": "a", "serverUrl": "rtmps://live.example.net/app", "streamName": "key"}
    options = {"maxDuration": 5400, "maxBitrate": 1_000_000, "resolution": "1280x720"}
    outputs = {"hls": {"dvr": True, "lowLatency": False}, "rtmp": [target]}
    layout = {"type": "custom", "stylesheet": "stream{width:10px}"}
    broadcast = sdk(
        "startBroadcast",
        live,
        {**options, "outputs": outputs, "layout": layout, "multiBroadcastTag": "b"},
    )
    assert broadcast.items() >= options.items()
    assert broadcast["broadcastUrls"]["rtmp"][0].items() >= target.items()
    assert sdk("getBroadcast", broadcast["id"])["status"] == "started"
    assert sdk.all("listBroadcasts", {"sessionId": live})[1] == 1
    stopped = sdk("stopBroadcast", broadcast["id"])
    assert (stopped["status"], stopped["broadcastUrls"]) == ("stopped", None)
    assert sdk.all("listBroadcasts", {"sessionId": live}) == [[], 0]
    for method in ("stopBroadcast", "getBroadcast"):
        refused("Error", sdk, method, UNKNOWN)


def test_one_target_of_a_broadcast_needs_no_list(sdk: Sdk, live: str) -> None:
    target = {"serverUrl": "rtmp://live.example.net/app", "streamName": "key"}
    broadcast = sdk("startBroadcast", live, {"outputs": {"rtmp": target}})
    assert len(broadcast["broadcastUrls"]["rtmp"]) == 1


@pytest.mark.trap(55)
def test_bad_broadcast_is_blamed_on_sip(sdk: Sdk, live: str) -> None:
    options = {**HLS, "maxDuration": 1}
    refused("Error", sdk, "startBroadcast", live, options, match="SIP")


def test_layout_of_a_broadcast(sdk: Sdk, live: str) -> None:
    broadcast_id = sdk("startBroadcast", live, HLS)["id"]
    sdk("setBroadcastLayout", broadcast_id, "verticalPresentation", None, None)
    sdk("setBroadcastLayout", broadcast_id, "custom", "stream{width:10px}", None)
    sdk("setBroadcastLayout", broadcast_id, "bestFit", None, "pip")
    refused("RequestError", sdk, "setBroadcastLayout", broadcast_id, "grid", None, None)


@pytest.mark.trap(54)
def test_streams_of_a_broadcast(sdk: Sdk, live: str, stream_id: str) -> None:
    broadcast_id = sdk("startBroadcast", live, {**HLS, "streamMode": "manual"})["id"]
    # The SDK cannot request sound without a picture.
    sdk("addBroadcastStream", broadcast_id, stream_id, {"hasVideo": False})
    assert sdk("getBroadcast", broadcast_id)["streams"] == [
        {"streamId": stream_id, "hasAudio": True, "hasVideo": True}
    ]
    sdk("removeBroadcastStream", broadcast_id, stream_id)
    assert sdk("getBroadcast", broadcast_id)["streams"] == []


# Participants of a session.


@pytest.mark.trap(57)
def test_streams_of_a_session(sdk: Sdk, live: str, stream_id: str) -> None:
    (stream,) = sdk("listStreams", live)
    assert (stream["id"], stream["videoType"]) == (stream_id, "camera")
    classes = [{"id": stream_id, "layoutClassList": ["full"]}]
    sdk("setStreamClassLists", live, classes)
    assert sdk("listStreams", live)[0]["layoutClassList"] == ["full"]
    # The SDK parses JSON a second time that it has parsed already.
    refused("SyntaxError", sdk, "getStream", live, stream_id, match="JSON")


def test_forced_disconnection(sdk: Sdk, live: str, joined: dict[str, str]) -> None:
    sdk("forceDisconnect", live, joined["connectionId"])
    refused("ForceDisconnectError", sdk, "forceDisconnect", live, joined["connectionId"])


def test_signals(server: Server, sdk: Sdk, live: str, joined: dict[str, str]) -> None:
    signal = {"type": "chat", "data": "hello"}
    for to in (None, joined["connectionId"]):
        sdk("signal", live, to, signal)
        (*_, message) = server.messages(kind="signal")
        assert (message.content, message.recipients) == (signal, (joined["connectionId"],))
    refused("SignalError", sdk, "signal", live, UNKNOWN, signal)
    refused("RequestError", sdk, "signal", live, None, {"type": "chat"})


@pytest.mark.trap(57, 96)
def test_muting(server: Server, sdk: Sdk, live: str, stream_id: str) -> None:
    other = join_with(server, live, sdk.token(live))["streamId"]
    sdk("forceMuteStream", live, stream_id)
    sdk("forceMuteAll", live, {"excludedStreamIds": [stream_id]})
    sdk("disableForceMute", live)
    sdk("forceMuteAll", live, {})
    muted = [message.content["streamIds"] for message in server.messages(kind="mute")]
    assert muted == [[stream_id], [other], [stream_id, other]]
    # Checked by a name that is misspelt, and so not at all by its own.
    refused("Error", sdk, "forceMuteAll", live, {"excudedStreamIds": stream_id})
    refused("RequestError", sdk, "forceMuteAll", live, {"excludedStreamIds": stream_id})
    refused("NotFoundError", sdk, "forceMuteStream", live, UNKNOWN)


# Calls that join a session.


def test_sip_call(sdk: Sdk, live: str, moderator: str, stream_id: str) -> None:
    options = {
        "from": "+14155550100@example.com",
        "headers": {"X-Room": "1"},
        "auth": {"username": "u", "password": "p"},
        "secure": True,
        "video": True,
        "observeForceMute": True,
        "streams": [stream_id],
    }
    call = sdk("dial", live, moderator, SIP_URI, options)
    assert call["streamId"] in {stream["id"] for stream in sdk("listStreams", live)}
    sdk("forceDisconnect", live, call["connectionId"])
    assert [stream["id"] for stream in sdk("listStreams", live)] == [stream_id]


def test_sip_call_of_a_relayed_session(sdk: Sdk, relayed: str) -> None:
    call = ("dial", relayed, sdk.token(relayed), SIP_URI, {})
    refused("Error", sdk, *call, match="Failed to dial endpoint")


def test_tones(server: Server, sdk: Sdk, live: str, moderator: str) -> None:
    call = sdk("dial", live, moderator, SIP_URI, {})
    sdk("playDTMF", live, None, "1p2*#")
    sdk("playDTMF", live, call["connectionId"], "0")
    to_all, to_one = server.messages(kind="dtmf")
    assert to_all.content == {"digits": "1p2*#"}
    assert call["connectionId"] in to_all.recipients
    assert to_one.recipients == (call["connectionId"],)
    refused("RequestError", sdk, "playDTMF", live, None, "x")


def test_captions(sdk: Sdk, live: str, moderator: str) -> None:
    captions_id = sdk("startCaptions", live, moderator, {"maxDuration": 1800})
    refused("CaptionsError", sdk, "startCaptions", live, moderator, {})
    assert sdk("stopCaptions", captions_id) is True
    refused("NotFoundError", sdk, "stopCaptions", captions_id)


@pytest.mark.trap(53)
def test_render(sdk: Sdk, live: str, moderator: str) -> None:
    options = {"sessionId": live, "token": moderator, "url": PAGE}
    # The properties are not sent.
    render = sdk("startRender", {**options, "properties": {"name": "stage"}})
    assert (render["status"], render["url"]) == ("starting", PAGE)
    assert sdk("getRender", render["id"])["name"] != "stage"
    sdk("startRender", options)
    # A request without a method is a GET.
    page = sdk("listRenders", {"offset": 1, "count": 1})
    assert (page["count"], [item["id"] for item in page["items"]]) == (2, [render["id"]])
    sdk("stopRender", render["id"])
    assert sdk("getRender", render["id"])["status"] == "stopped"


def test_audio_connector(sdk: Sdk, live: str, moderator: str, stream_id: str) -> None:
    options = {"streams": [stream_id], "headers": {"room": "1"}, "bidirectional": True}
    uri = "wss://audio.example.net/socket"
    connector = sdk("websocketConnect", live, moderator, uri, options)
    assert connector["id"]
    sdk("forceDisconnect", live, connector["connectionId"])


def test_audio_connector_of_a_relayed_session(sdk: Sdk, relayed: str) -> None:
    call = ("websocketConnect", relayed, sdk.token(relayed), "wss://audio.example.net", {})
    refused("Error", sdk, *call, match="Error connecting to websocket")


# Callbacks.


def test_callbacks(project: Sdk) -> None:
    options = {"group": "archive", "event": "status", "url": "http://127.0.0.1:9/hook"}
    callback = project("registerCallback", options)
    assert callback.items() >= options.items()
    assert [listed["id"] for listed in project("listCallbacks")] == [callback["id"]]
    project("unregisterCallback", callback["id"])
    assert project("listCallbacks") == []
