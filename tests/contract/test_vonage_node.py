"""The official Vonage SDK for Node (``@vonage/video`` on npm) against the emulator.

It is for applications only. Tests name the faults of the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from tests.contract.node import Node, SdkError, node_process
from tests.support.contract import PAGE, SIP_URI, UNKNOWN
from tokbox.emulator import Server
from tokbox.tokens.signer import Signer

Call = Callable[..., Any]
#: The SDK sends the value of ``mediaMode`` as ``p2p.preference``.
ROUTED, RELAYED = "disabled", "enabled"


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    yield from node_process("vonage_node.mjs")


@pytest.fixture
def call(node: Node, server: Server) -> Call:
    """Call a method of the SDK, and return its result."""
    credentials = server.application_id, server.private_key, server.url

    def call(method: str, *args: object) -> Any:
        return node.ask("", method, *args, credentials=credentials)

    return call


@pytest.fixture
def routed(call: Call) -> str:
    session_id: str = call("createSession", {"mediaMode": ROUTED})["sessionId"]
    return session_id


@pytest.fixture
def publisher(call: Call, server: Server, routed: str) -> Any:
    """The client that publishes in the session, with a token of the SDK."""
    return server.connect(call("generateClientToken", routed), publish=True)


def assert_refused(call: Call, status: int, method: str, *args: object) -> None:
    with pytest.raises(SdkError) as caught:
        call(method, *args)
    assert caught.value.status == status


def test_sessions_are_routed_by_default(call: Call, server: Server) -> None:
    session_id = call("createSession")["sessionId"]
    assert Signer.from_private_key(server.application_id, server.private_key).session(
        session_id
    )
    assert call("createSession", {"mediaMode": RELAYED})["mediaMode"] == RELAYED
    always = call("createSession", {"mediaMode": ROUTED, "archiveMode": "always"})
    assert always["archiveMode"] == "always"


def test_tokens_of_the_sdk_verify_here(call: Call, server: Server, routed: str) -> None:
    options = {
        "role": "moderator",
        "data": "name=Ada",
        "initialLayoutClassList": ["a", "b"],
    }
    signer = Signer.from_private_key(server.application_id, server.private_key)
    token = signer.verify(call("generateClientToken", routed, options))
    assert (token.role, token.connection_data) == ("moderator", "name=Ada")
    assert token.session_id == routed
    assert token.initial_layout_class_list == ("a", "b")


def test_our_tokens_have_the_claims_of_the_sdk(
    call: Call, server: Server, routed: str, public_key: str
) -> None:
    signer = Signer.from_private_key(server.application_id, server.private_key)
    ours = jwt.decode(signer.session(routed).token(), public_key, ["RS256"])
    theirs = jwt.decode(call("generateClientToken", routed), public_key, ["RS256"])
    for name in ("application_id", "session_id", "role", "scope", "sub"):
        assert ours.get(name) == theirs.get(name), name
    assert set(theirs["acl"]["paths"]) <= set(ours["acl"]["paths"])


def test_streams(call: Call, routed: str, publisher: Any) -> None:
    stream = publisher.stream_id
    call("setStreamClassLists", routed, [{"id": stream, "layoutClassList": ["focus"]}])
    assert call("getStreamInfo", routed, stream)["layoutClassList"] == ["focus"]
    assert [one["id"] for one in call("getStreamInfo", routed)["items"]] == [stream]


def test_archive(call: Call, server: Server, routed: str, publisher: Any) -> None:
    options = {"name": "lesson", "outputMode": "composed", "streamMode": "manual"}
    archive = call("startArchive", routed, options)["id"]
    assert_refused(call, 409, "startArchive", routed, options)
    call("addArchiveStream", archive, publisher.stream_id)
    call("removeArchiveStream", archive, publisher.stream_id)
    call("updateArchiveLayout", archive, {"type": "pip"})
    assert call("stopArchive", archive)["status"] == "stopped"
    server.advance(4000)
    assert call("getArchive", archive)["status"] == "available"
    found = call("searchArchives", {"sessionId": routed})
    assert [one["id"] for one in found["items"]] == [archive]
    call("deleteArchive", archive)
    assert_refused(call, 404, "getArchive", UNKNOWN)


@pytest.mark.usefixtures("publisher")
def test_broadcast(call: Call, routed: str) -> None:
    broadcast = call("startBroadcast", routed, {"outputs": {"hls": {}}})["id"]
    assert call("getBroadcast", broadcast)["status"] == "started"
    found = call("searchBroadcasts", {"sessionId": routed})
    assert [one["id"] for one in found["items"]] == [broadcast]
    assert call("stopBroadcast", broadcast)["status"] == "stopped"


def test_signals_and_moderation(
    call: Call, server: Server, routed: str, publisher: Any
) -> None:
    connection = publisher.connection_id
    call("sendSignal", {"type": "chat", "data": "to all"}, routed)
    call("sendSignal", {"type": "chat", "data": "to one"}, routed, connection)
    assert [one.data for one in server.signals(routed)] == ["to all", "to one"]
    call("muteStream", routed, publisher.stream_id)
    call("forceMuteAll", routed)
    call("disableForceMute", routed)
    call("playDTMF", routed, "12#", connection)
    call("disconnectClient", routed, connection)
    assert_refused(call, 404, "disconnectClient", routed, connection)


@pytest.mark.usefixtures("publisher")
def test_jobs_that_join_the_session(call: Call, routed: str) -> None:
    token = call("generateClientToken", routed, {"role": "moderator"})
    captions = call("enableCaptions", routed, token)["captionsId"]
    assert_refused(call, 409, "enableCaptions", routed, token)
    call("disableCaptions", captions)
    assert call("connectToWebsocket", routed, token, {"uri": "wss://bot.example/audio"})[
        "id"
    ]
    sip = {"token": token, "sip": {"uri": SIP_URI}}
    assert call("initiateSIPCall", routed, sip)["connectionId"]
    render = call("startExperienceComposerRender", routed, token, {"url": PAGE})["id"]
    assert call("getExperienceComposerRender", render)["id"] == render
    assert call("listExperienceComposerRenders", {})["count"] == 1
    call("stopExperienceComposerRender", render)


def test_errors_have_the_status_of_the_service(call: Call, server: Server) -> None:
    assert_refused(call, 404, "stopArchive", UNKNOWN)
    server.fail_next({"status": 503})
    assert_refused(call, 503, "getBroadcast", UNKNOWN)
