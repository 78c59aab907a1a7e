"""The streams of sessions, and their layout classes."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.support.emulator import NOW, Api, t1_token
from tokbox.emulator import Clock, Rules, serve

UNKNOWN = str(uuid.UUID(int=1))


def test_streams_are_listed(api: Api, session_id: str) -> None:
    token = t1_token(session_id, initial_layout_class_list="focus small")
    answer = api.request(
        "POST",
        f"/_emulator/session/{session_id}/connection",
        {"token": token, "publish": True, "name": "stage", "videoType": "screen"},
    )
    stream_id = answer.json()["streamId"]
    stream = {
        "id": stream_id,
        "videoType": "screen",
        "name": "stage",
        "layoutClassList": ["focus", "small"],
    }
    path = f"/session/{session_id}/stream"
    assert api.project("GET", path).json() == {"count": 1, "items": [stream]}
    assert api.project("GET", f"{path}/{stream_id}").json() == stream


def test_session_outlives_its_clients(api: Api, session_id: str) -> None:
    api.leave(session_id, api.join(session_id))
    answer = api.project("GET", f"/session/{session_id}/stream")
    assert (answer.status, answer.json()) == (200, {"count": 0, "items": []})


@pytest.mark.parametrize("noun", ["stream", "connection", f"stream/{uuid.UUID(int=1)}"])
def test_session_that_was_never_joined_shows_no_streams(
    api: Api, session_id: str, noun: str
) -> None:
    assert api.project("GET", f"/session/{session_id}/{noun}").status == 404


@pytest.mark.parametrize("noun", ["stream", "connection", "stream/x"])
def test_malformed_session_id_is_refused(api: Api, noun: str) -> None:
    answer = api.project("GET", f"/session/nonsense/{noun}")
    assert (answer.status, answer.json()["code"]) == (400, 10101)


@pytest.mark.trap(93)
def test_malformed_stream_id_is_the_documented_408(api: Api, session_id: str) -> None:
    api.join(session_id)
    assert api.project("GET", f"/session/{session_id}/stream/x").status == 408
    unknown = uuid.UUID(int=1)
    assert api.project("GET", f"/session/{session_id}/stream/{unknown}").status == 404


def test_layout_classes_are_replaced(api: Api, session_id: str) -> None:
    stream_id = api.join(session_id)["streamId"]
    path = f"/session/{session_id}/stream"
    for classes in (["full", "big"], []):
        item = {"id": stream_id, "layoutClassList": classes}
        answer = api.project("PUT", path, {"items": [item]})
        assert answer.status == 200
        (shown,) = api.project("GET", path).json()["items"]
        assert shown["layoutClassList"] == classes


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": {}},
        {"items": ["x"]},
        {"items": [{"id": "STREAM", "layoutClassList": "full"}]},
        {"items": [{"id": "STREAM", "layoutClassList": [1]}]},
        {"items": [{"layoutClassList": []}]},
    ],
)
def test_malformed_layout_classes_are_refused(
    api: Api, session_id: str, body: dict[str, Any]
) -> None:
    api.join(session_id)
    assert api.project("PUT", f"/session/{session_id}/stream", body).status == 400


def test_layout_classes_change_for_all_streams_or_none(api: Api, session_id: str) -> None:
    stream_id = api.join(session_id)["streamId"]
    path = f"/session/{session_id}/stream"
    items = [
        {"id": stream_id, "layoutClassList": ["full"]},
        {"id": str(uuid.UUID(int=1)), "layoutClassList": []},
    ]
    assert api.project("PUT", path, {"items": items}).status == 404
    assert api.project("GET", path).json()["items"][0]["layoutClassList"] == []


def test_reply_contains_the_changed_streams(tenant: Api) -> None:
    session_id = tenant.create_session()
    stream_id = tenant.join(session_id)["streamId"]
    item = {"id": stream_id, "layoutClassList": ["full"]}
    answer = tenant.project("PUT", f"/session/{session_id}/stream", {"items": [item]})
    shown = {**item, "videoType": "camera", "name": ""}
    assert answer.json() == {"count": 1, "items": [shown]}


def test_layout_classes_of_one_stream_are_replaced(tenant: Api) -> None:
    session_id = tenant.create_session()
    stream_id = tenant.join(session_id)["streamId"]
    path = f"/session/{session_id}/stream/{stream_id}"
    answer = tenant.project("PUT", path, {"layoutClassList": ["focus", "small"]})
    assert answer.json()["layoutClassList"] == ["focus", "small"]
    assert tenant.project("GET", path).json() == answer.json()


@pytest.mark.parametrize(
    ("stream_id", "body", "status"),
    [
        ("STREAM", {"layoutClassList": "full"}, 400),
        ("STREAM", {"layoutClassList": [None]}, 400),
        ("STREAM", b"full", 400),
        ("x", {"layoutClassList": []}, 408),
        (UNKNOWN, {"layoutClassList": []}, 404),
    ],
)
def test_bad_layout_classes_of_one_stream_are_refused(
    api: Api, session_id: str, stream_id: str, body: object, status: int
) -> None:
    stream_id = stream_id.replace("STREAM", api.join(session_id)["streamId"])
    path = f"/session/{session_id}/stream/{stream_id}"
    assert api.project("PUT", path, body).status == status


@pytest.mark.trap(74)
def test_layout_classes_are_read_without_a_content_type(api: Api, session_id: str) -> None:
    stream_id = api.join(session_id)["streamId"]
    item = {"id": stream_id, "layoutClassList": ["full"]}
    answer = api.project(
        "PUT",
        f"/session/{session_id}/stream",
        json.dumps({"items": [item]}).encode(),
        headers={"Content-Type": "text/plain"},
    )
    assert answer.json()["items"][0]["layoutClassList"] == ["full"]


@pytest.mark.trap(84)
def test_names_of_one_sdk_that_are_not_in_camel_case_are_read(
    api: Api, session_id: str
) -> None:
    stream_id = api.join(session_id)["streamId"]
    item = {"id": stream_id, "layout_class_list": ["full"]}
    answer = api.project("PUT", f"/session/{session_id}/stream", {"items": [item]})
    assert answer.json()["items"][0]["layoutClassList"] == ["full"]


def test_strict_rules_refuse_such_names() -> None:
    rules = Rules(refuse_unknown_fields=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        item = {"id": api.join(session_id)["streamId"], "layoutClassList": []}
        item["layout_class_list"] = []
        answer = api.project("PUT", f"/session/{session_id}/stream", {"items": [item]})
    assert answer.status == 400
    assert "layout_class_list" in answer.json()["message"]


@pytest.mark.trap(90)
def test_empty_reply_can_have_the_content_type_json() -> None:
    rules = Rules(layout_reply="empty")
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        item = {"id": api.join(session_id)["streamId"], "layoutClassList": []}
        answer = api.project("PUT", f"/session/{session_id}/stream", {"items": [item]})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/json"


def test_streams_of_another_project_are_out_of_reach(api: Api, other: Api) -> None:
    session_id = other.create_session()
    stream_id = other.join(session_id)["streamId"]
    assert api.project("GET", f"/session/{session_id}/stream/{stream_id}").status == 404
