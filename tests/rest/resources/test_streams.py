"""Streams: listed, looked at, and given their layout classes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, sent
from tokbox import errors
from tokbox.response_enums import VideoType
from tokbox.transport import Response

ROOT = f"/v2/project/{KEY}/session/{SESSION}/stream"
CAMERA = {"id": "5f3e", "videoType": "camera", "name": "", "layoutClassList": ["full"]}


def test_a_sessions_streams_are_listed(make: Make) -> None:
    tb, script = make(answers({"count": 1, "items": [CAMERA]}))
    (stream,) = page = tb.streams.list(SESSION)
    assert sent(script) == ("GET", ROOT, None)
    assert page.total == 1
    assert (stream.id, stream.name, stream.layout_classes) == ("5f3e", "", ("full",))
    assert stream.video_type is VideoType.CAMERA
    assert [*tb.streams.iter(SESSION)] == [*tb.session(SESSION).list_streams()] == [stream]


@pytest.mark.trap(57)
def test_one_stream_is_looked_at(make: Make) -> None:
    tb, script = make(answers(CAMERA))
    assert tb.streams.get(SESSION, "5f3e").id == "5f3e"
    assert sent(script) == ("GET", f"{ROOT}/5f3e", None)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [({}, ""), ({"videoType": None}, ""), ({"videoType": "hologram"}, "hologram")],
)
def test_a_stream_of_sound_has_no_kind_of_picture(
    properties: dict[str, Any], expected: str, make: Make
) -> None:
    tb, _ = make(answers({"id": "a", **properties}))
    assert tb.streams.get(SESSION, "a").video_type == expected


def test_unknown_fields_of_a_stream_are_kept(make: Make) -> None:
    tb, _ = make(answers({**CAMERA, "createdAt": 1, "duration": 2}))
    stream = tb.streams.get(SESSION, "5f3e")
    assert (stream.created_ms, dict(stream.unknown)) == (1, {"duration": 2})


@pytest.mark.trap(93)
def test_an_invalid_stream_id_is_status_408_and_is_not_retried(make: Make) -> None:
    tb, script = make(Response(408, {}, b'{"message":"Request timed out."}'))
    with pytest.raises(errors.APIError) as caught:
        tb.streams.get(SESSION, "nonsense")
    assert caught.value.status == 408
    assert len(script.requests) == 1


@pytest.mark.trap(90)
@pytest.mark.parametrize("body", [b"", b'{"count":1,"items":[{"id":"a"}]}'])
def test_layout_classes_are_set_and_the_response_is_ignored(
    body: bytes, make: Make
) -> None:
    tb, script = make(Response(200, {"content-type": "application/json"}, body))
    tb.session(SESSION).set_layout_classes({"a": ["full", "x"], "b": ()})
    items = [
        {"id": "a", "layoutClassList": ["full", "x"]},
        {"id": "b", "layoutClassList": []},
    ]
    assert sent(script) == ("PUT", ROOT, {"items": items})


@pytest.mark.parametrize(
    "classes", [{}, None, [("a", ["b"])], {"a": "full"}, {"a": [1]}, {"a": [""]}, {"": []}]
)
def test_invalid_classes_are_refused(classes: Any, make: Make) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.streams.set_layout_classes(SESSION, classes)
    assert caught.value.field == "classes"
    assert script.requests == []


def test_ids_are_checked_before_anything_is_sent(make: Make) -> None:
    tb, script = make()
    for session_id in (FOREIGN, "", None):
        with pytest.raises(errors.InvalidInputError) as caught:
            tb.streams.list(session_id)  # type: ignore[arg-type]
        assert caught.value.field == "session_id"
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.streams.get(SESSION, "..")
    assert caught.value.field == "stream_id"
    assert script.requests == []


@pytest.mark.parametrize("body", [[], [CAMERA], {}, {"items": {}}, {"items": [{}]}, None])
def test_an_answer_that_is_not_a_list_is_a_protocol_error(body: object, make: Make) -> None:
    with pytest.raises(errors.ProtocolError):
        make(answers(body))[0].streams.list(SESSION)
