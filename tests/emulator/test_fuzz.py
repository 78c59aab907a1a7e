"""For any input, the emulator returns a deliberate status, never 500."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.emulator import KEY, NOW, Api, client_token, credentials, jwt
from tests.support.sizes import size
from tokbox.emulator import Server

FUZZ = settings(
    max_examples=size(20, 100),
    deadline=None,
    # The emulator is shared on purpose: no example may harm the next.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def bodies_of(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), VALUES, max_size=4)


@pytest.fixture
def joined(api: Api, session_id: str) -> str:
    api.join(session_id)
    return session_id


@FUZZ
@given(
    body=bodies_of(
        "hasAudio",
        "hasVideo",
        "name",
        "outputMode",
        "resolution",
        "layout",
        "streamMode",
        "multiArchiveTag",
        "maxBitrate",
        "quantizationParameter",
        "hasTranscription",
        "transcriptionProperties",
    )
)
def test_any_start_of_an_archive(api: Api, joined: str, body: dict[str, Any]) -> None:
    answer = api.project("POST", "/archive", {"sessionId": joined, **body})
    assert answer.status in (200, 400, 409)
    if answer.status == 200:
        assert api.archive(answer.json()["id"])["name"] == body.get("name")


#: The calls that start the other jobs of a session, with their options and the member that
#: contains nested ones.
STARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "broadcast": ("outputs", ("hls", "rtmp", "serverUrl", "streamName", "dvr")),
    "render": ("properties", ("url", "resolution", "maxDuration", "name")),
    "captions": ("", ("languageCode", "maxDuration", "partialCaptions")),
    "dial": ("sip", ("uri", "headers", "auth", "secure", "streams", "from")),
    "connect": ("websocket", ("uri", "headers", "streams", "audioRate", "audioTransport")),
}


@FUZZ
@given(data=st.data())
@pytest.mark.parametrize("noun", STARTS)
def test_any_start_of_what_runs_in_a_session(
    api: Api, joined: str, noun: str, data: st.DataObject
) -> None:
    inner, names = STARTS[noun]
    bodies = bodies_of(*names, "token", "multiBroadcastTag", "statusCallbackUrl")
    body = data.draw(bodies) | {inner: data.draw(bodies | VALUES)}
    token = api.token(joined, role="moderator")
    answer = api.project("POST", f"/{noun}", {"sessionId": joined, "token": token, **body})
    assert answer.status in (200, 202, 400, 403, 409)


@FUZZ
@given(address=st.text(max_size=20))
@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("broadcast", {"outputs": {"rtmp": {"serverUrl": "rtmp:", "streamName": "k"}}}),
        ("render", {"url": "https:"}),
        ("dial", {"sip": {"uri": "sip:"}}),
        ("connect", {"websocket": {"uri": "wss:"}}),
    ],
)
def test_any_address(api: Api, joined: str, noun: str, body: Any, address: str) -> None:
    token = api.token(joined, role="moderator")
    content = json.dumps(body).replace(':"', f':{json.dumps(address)[1:-1]}"')
    start = {"sessionId": joined, "token": token, **json.loads(content)}
    assert api.project("POST", f"/{noun}", start).status in (200, 202, 400, 409)
    api.advance(2)


@FUZZ
@given(body=bodies_of("type", "stylesheet", "screenshareType", "screensharetype"))
def test_any_layout(api: Api, joined: str, body: dict[str, Any]) -> None:
    answer = api.project("POST", "/archive", {"sessionId": joined, "layout": body})
    assert answer.status in (200, 400, 409)


@FUZZ
@given(body=st.binary(max_size=100) | VALUES.map(lambda value: json.dumps(value).encode()))
@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("POST", "/session/create", (200, 400)),
        ("POST", f"/v2/project/{KEY}/archive", (400,)),
        ("POST", f"/v2/project/{KEY}/broadcast", (400,)),
        ("POST", f"/v2/project/{KEY}/render", (400,)),
        ("POST", f"/v2/project/{KEY}/captions", (400,)),
        ("POST", f"/v2/project/{KEY}/dial", (400,)),
        ("POST", f"/v2/project/{KEY}/connect", (400,)),
        ("POST", "/_emulator/clock", (200, 400)),
        ("PUT", f"/v2/project/{KEY}/session/SESSION/stream", (400, 404)),
        ("POST", "/_emulator/session/SESSION/connection", (400, 403)),
        ("PUT", f"/v2/project/{KEY}/archive/storage", (400,)),
        ("POST", f"/v2/project/{KEY}/callback", (400,)),
        ("POST", f"/v2/project/{KEY}/session/SESSION/signal", (204, 400)),
        ("POST", f"/v2/project/{KEY}/session/SESSION/mute", (200, 400)),
        ("POST", f"/v2/project/{KEY}/session/SESSION/play-dtmf", (200, 400)),
    ],
)
def test_any_body(
    api: Api, joined: str, method: str, path: str, statuses: tuple[int, ...], body: bytes
) -> None:
    answer = api.request(method, path.replace("SESSION", joined), body)
    assert answer.status in statuses


@FUZZ
@given(query=st.text(max_size=30).map(lambda text: quote(text, safe="=&+%;?")))
def test_any_query(api: Api, query: str) -> None:
    for noun in ("archive", "broadcast", "render"):
        assert api.project("GET", f"/{noun}?{query}").status in (200, 400)


@FUZZ
@given(segments=st.lists(st.text(min_size=1, max_size=8), max_size=5))
def test_any_path(api: Api, segments: list[str]) -> None:
    path = "/".join(quote(segment, safe="") for segment in segments)
    for prefix in (
        f"/v2/project/{KEY}/archive/",
        f"/v2/project/{KEY}/broadcast/",
        f"/v2/project/{KEY}/render/",
        f"/v2/project/{KEY}/captions/",
        f"/v2/project/{KEY}/session/",
        "/_emulator/",
    ):
        assert api.request("GET", prefix + path).status in (200, 400, 404, 405)


@FUZZ
@given(claims=bodies_of("iss", "ist", "iat", "exp", "jti"))
def test_any_claims_of_credentials(api: Api, claims: dict[str, Any]) -> None:
    header = jwt({"iss": KEY, "iat": NOW, "exp": NOW + 9, **claims})
    answer = api.project("GET", "/archive", headers={"X-OPENTOK-AUTH": header})
    assert answer.status in (200, 403)


@FUZZ
@given(
    claims=bodies_of(
        "role",
        "scope",
        "connection_data",
        "data",
        "initial_layout_class_list",
        "iat",
        "exp",
        "session_id",
    )
)
def test_any_claims_of_a_client(api: Api, session_id: str, claims: dict[str, Any]) -> None:
    base = {"iss": KEY, "iat": NOW, "session_id": session_id}
    answer = api.join_with(session_id, jwt({**base, **claims}))
    assert answer.status in (201, 400, 403)


@FUZZ
@given(at=st.integers(0, 600), flip=st.integers(1, 255))
def test_no_altered_token_is_ever_accepted(
    api: Api, session_id: str, at: int, flip: int
) -> None:
    token = bytearray(client_token(session_id).encode())
    token[at % len(token)] ^= flip
    answer = api.join_with(session_id, token.decode("latin-1"))
    assert answer.status == 403


def test_emulator_is_in_one_piece_afterwards(server: Server) -> None:
    api = Api(server.url)
    assert api.request("GET", "/_emulator/").status == 200
    header = credentials()
    assert api.project("GET", "/archive", headers={"X-OPENTOK-AUTH": header}).status == 200
