"""Audio connectors: sessions connected with WebSockets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, claims, sent
from tokbox import AudioTransport, WebSocket, errors
from tokbox.transport import Response

ROOT = f"/v2/project/{KEY}/connect"
URI = "wss://ears.example/a"
CONNECTED = {"id": "9e8d", "connectionId": "7c6b"}


def test_a_uri_alone_will_do(make: Make) -> None:
    tb, script = make(answers(CONNECTED))
    connector = tb.audio_connectors.start(SESSION, URI, token="T1==abc")
    body = {"sessionId": SESSION, "token": "T1==abc", "websocket": {"uri": URI}}
    assert sent(script) == ("POST", ROOT, body)
    assert (connector.id, connector.connection_id) == ("9e8d", "7c6b")


def test_every_part_of_a_websocket_is_sent_by_its_name(make: Make) -> None:
    tb, script = make(answers(CONNECTED))
    socket = WebSocket(
        "ws://ears.example/a",
        streams=["a", "b"],
        headers={"room": "7"},
        audio_rate=24_000,
        bidirectional=True,
        audio_transport=AudioTransport(
            transport="json",
            encoding="base64",
            audio_field="audio",
            receive_audio_field="heard",
            static_fields={"v": "1"},
        ),
    )
    tb.session(SESSION).start_audio_connector(socket, token="T1==abc")
    assert sent(script)[2]["websocket"] == {
        "uri": "ws://ears.example/a",
        "streams": ["a", "b"],
        "headers": {"room": "7"},
        "audioRate": 24_000,
        "bidirectional": True,
        "audioTransport": {
            "transport": "json",
            "encoding": "base64",
            "audio_field": "audio",
            "receive_audio_field": "heard",
            "static_fields": {"v": "1"},
        },
    }


def test_without_a_token_one_is_signed_for_a_publisher_for_ten_minutes(make: Make) -> None:
    tb, script = make(answers(CONNECTED))
    tb.audio_connectors.start(SESSION, URI)
    assert claims(sent(script)[2]["token"]) == (SESSION, "publisher", 600)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"uri": "https://ears.example"}, "uri"),
        ({"uri": "wss:ears"}, "uri"),
        ({"uri": None}, "uri"),
        ({"streams": "abc"}, "streams"),
        ({"streams": [""]}, "streams"),
        ({"streams": [str(number) for number in range(51)]}, "streams"),
        ({"headers": {"a": "x" * 512}}, "headers"),
        ({"headers": {"a": "é" * 256}}, "headers"),
        ({"headers": {"a": 5}}, "headers"),
        ({"headers": {5: "a"}}, "headers"),
        ({"headers": [("a", "b")]}, "headers"),
        ({"audio_rate": 44_100}, "audio_rate"),
        ({"audio_rate": 16_001}, "audio_rate"),
        ({"audio_rate": 16_000.0}, "audio_rate"),
        ({"bidirectional": 1}, "bidirectional"),
        ({"audio_transport": {"transport": "json"}}, "audio_transport"),
    ],
)
def test_a_bad_websocket_cannot_be_made(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        WebSocket(**{"uri": URI, **parts})
    assert caught.value.field == field


@pytest.mark.trap(112)
@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"transport": "xml"}, "transport"),
        ({"encoding": "hex"}, "encoding"),
        ({"audio_field": ""}, "audio_field"),
        ({"receive_audio_field": 5}, "receive_audio_field"),
        ({"static_fields": [1]}, "static_fields"),
        ({"static_fields": {"v": 1}}, "static_fields"),
        ({"encoding": None}, "encoding"),
    ],
)
def test_a_bad_transport_cannot_be_made(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        AudioTransport(**{"transport": "json", "encoding": "base64", **parts})
    assert caught.value.field == field


def test_a_transport_without_a_name_is_left_to_the_service() -> None:
    assert AudioTransport()._to_json() == {}
    assert AudioTransport(encoding="base64")._to_json() == {"encoding": "base64"}


def test_bounds_belong_to_what_is_allowed() -> None:
    WebSocket(URI, streams=[str(number) for number in range(50)], audio_rate=8_000)
    WebSocket(URI, headers={"a": "x" * 511})


def test_validated_options_cannot_be_changed_afterwards() -> None:
    headers, streams = {"a": "b"}, ["s"]
    socket = WebSocket(URI, headers=headers, streams=streams)
    headers["c"] = "x" * 600
    streams.append("")
    assert socket._to_json() == {"uri": URI, "headers": {"a": "b"}, "streams": ["s"]}


def test_headers_are_not_in_the_repr() -> None:
    assert "canary" not in repr(WebSocket(URI, headers={"authorization": "canary"}))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"session_id": FOREIGN}, "session_id"),
        ({"websocket": {"uri": URI}}, "websocket"),
        ({"token": ""}, "token"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.audio_connectors.start(**{"session_id": SESSION, "websocket": URI, **options})
    assert caught.value.field == field
    assert script.requests == []


@pytest.mark.trap(79, 115)
def test_a_connector_is_stopped(make: Make) -> None:
    tb, script = make(Response(204, {}, b""))
    tb.audio_connectors.stop(SESSION, "7c6b")
    path = f"{ROOT.removesuffix('connect')}session/{SESSION}/connection/7c6b"
    assert sent(script) == ("DELETE", path, None)


@pytest.mark.trap(83)
def test_an_id_under_a_mistaken_name_is_understood(make: Make) -> None:
    tb, _ = make(answers({"captionsId": "9e8d", "connectionId": "7c6b"}))
    assert tb.audio_connectors.start(SESSION, URI).id == "9e8d"
