"""Layout and streams of broadcasts."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.emulator import Api

UNKNOWN = str(uuid.UUID(int=7))


def start(api: Api, session_id: str, **options: object) -> dict[str, Any]:
    return api.start("broadcast", session_id, **{"outputs": {"hls": {}}, **options})


def get(api: Api, broadcast: dict[str, Any]) -> dict[str, Any]:
    return api.read(f"/broadcast/{broadcast['id']}")


def call(api: Api, method: str, broadcast: dict[str, Any], rest: str, body: object) -> int:
    return api.project(method, f"/broadcast/{broadcast['id']}{rest}", body).status


# Layout.


@pytest.mark.trap(81, 83)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_layout_changes(api: Api, live: str, method: str) -> None:
    broadcast = start(api, live)
    path = f"/broadcast/{broadcast['id']}/layout"
    answer = api.project(method, path, {"type": "custom", "stylesheet": "stream{}"})
    assert (answer.status, answer.json()["id"]) == (200, broadcast["id"])
    for body in ({"type": "grid"}, {}, b"", [], {"type": "custom"}):
        assert api.project(method, path, body).status == 400


# Streams.


@pytest.fixture
def manual(api: Api, live: str) -> tuple[dict[str, Any], str]:
    """A broadcast whose streams are chosen by calls, and a stream of its session."""
    return start(api, live, streamMode="manual"), api.streams(live)[0]["id"]


@pytest.mark.trap(82)
def test_stream_is_added_changed_and_removed(
    api: Api, manual: tuple[dict[str, Any], str]
) -> None:
    broadcast, stream_id = manual
    # One client names the broadcast in the body as well.
    add = {"addStream": stream_id, "broadcastId": broadcast["id"]}
    shown = {"streamId": stream_id, "hasAudio": True, "hasVideo": True}
    assert call(api, "PATCH", broadcast, "/streams", add) == 204
    assert get(api, broadcast)["streams"] == [shown]
    assert call(api, "PATCH", broadcast, "/streams", {**add, "hasVideo": False}) == 204
    assert get(api, broadcast)["streams"] == [{**shown, "hasVideo": False}]
    remove = {"removeStream": stream_id}
    assert call(api, "PATCH", broadcast, "/streams", remove) == 204
    assert get(api, broadcast)["streams"] == []
    assert call(api, "PATCH", broadcast, "/streams", remove) == 404


@pytest.mark.trap(81)
def test_stream_may_be_removed_by_put(api: Api, manual: tuple[dict[str, Any], str]) -> None:
    broadcast, stream_id = manual
    call(api, "PATCH", broadcast, "/streams", {"addStream": stream_id})
    assert call(api, "PUT", broadcast, "/streams", {"removeStream": stream_id}) == 204
    assert get(api, broadcast)["streams"] == []


@pytest.mark.trap(67)
def test_broadcast_is_not_an_archive(api: Api, manual: tuple[dict[str, Any], str]) -> None:
    broadcast, stream_id = manual
    path = f"/archive/{broadcast['id']}/streams"
    assert api.project("PATCH", path, {"removeStream": stream_id}).status == 404


def test_streams_of_an_automatic_choice_cannot_be_changed(api: Api, live: str) -> None:
    add = {"addStream": api.streams(live)[0]["id"]}
    assert call(api, "PATCH", start(api, live), "/streams", add) == 405


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"addStream": "a", "removeStream": "a"}, 400),
        ({"addStream": 7}, 400),
        ({"addStream": "a", "hasAudio": False, "hasVideo": False}, 400),
        ({"addStream": UNKNOWN}, 404),
    ],
)
def test_invalid_change_of_streams_is_refused(
    api: Api, manual: tuple[dict[str, Any], str], body: object, status: int
) -> None:
    assert call(api, "PATCH", manual[0], "/streams", body) == status


def test_stopped_broadcast_cannot_be_changed(
    api: Api, manual: tuple[dict[str, Any], str]
) -> None:
    broadcast, stream_id = manual
    call(api, "POST", broadcast, "/stop", None)
    assert call(api, "PUT", broadcast, "/layout", {"type": "pip"}) == 404
    assert call(api, "PATCH", broadcast, "/streams", {"addStream": stream_id}) == 404
    assert "streams" not in get(api, broadcast)
