"""Archives: what goes out, what is read back, and what is refused before it is sent."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import tokbox
from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, sent
from tokbox import Layout, TranscriptionProperties, errors
from tokbox.transport import Response
from tokbox.types import Archive, TranscriptionStatus

ROOT = f"/v2/project/{KEY}/archive"
ID = "0b9f3c1e-6a7d-4c2b-9e88-5d1f2a3b4c5d"
STARTED = {
    "id": ID,
    "status": "started",
    "name": "weekly",
    "reason": "",
    "event": "archive",
    "sessionId": SESSION,
    "projectId": 40000123,
    "partnerId": 40000123,
    "createdAt": 1700000200123,
    "updatedAt": 1700000200456,
    "size": 0,
    "duration": 0,
    "outputMode": "composed",
    "streamMode": "auto",
    "hasAudio": True,
    "hasVideo": True,
    "resolution": "640x480",
    "multiArchiveTag": "",
    "hasTranscription": False,
    "sha256sum": "",
    "password": "",
    "url": None,
}


@pytest.fixture
def make(make: Make) -> Make:
    return lambda *outcomes: make(*outcomes or [answers(STARTED)])


def test_a_plain_start_sends_the_defaults(make: Make) -> None:
    tb, script = make()
    tb.archives.start(SESSION)
    body = {
        "sessionId": SESSION,
        "hasAudio": True,
        "hasVideo": True,
        "outputMode": "composed",
        "streamMode": "auto",
    }
    assert sent(script) == ("POST", ROOT, body)


@pytest.mark.trap(71)
def test_every_option_of_a_start_is_sent_by_its_name(make: Make) -> None:
    tb, script = make()
    tb.session(SESSION).start_archive(
        name="weekly é",
        has_audio=False,
        resolution="1280x720",
        layout=Layout("bestFit", screenshare_type="pip"),
        stream_mode=tokbox.StreamMode.MANUAL,
        multi_archive_tag="b",
        quantization_parameter=40,
        has_transcription=True,
        transcription_properties=TranscriptionProperties(
            primary_language_code="en-US", has_summary=True
        ),
    )
    assert sent(script)[2] == {
        "sessionId": SESSION,
        "hasAudio": False,
        "hasVideo": True,
        "outputMode": "composed",
        "streamMode": "manual",
        "name": "weekly é",
        "multiArchiveTag": "b",
        "hasTranscription": True,
        "transcriptionProperties": {"primaryLanguageCode": "en-US", "hasSummary": True},
        "resolution": "1280x720",
        "layout": {"type": "bestFit", "screenshareType": "pip"},
        "quantizationParameter": 40,
    }


def test_a_layout_can_be_given_in_parts(make: Make) -> None:
    tb, script = make()
    tb.archives.start(SESSION, stylesheet="stream {}", max_bitrate=100_000)
    body = sent(script)[2]
    assert body["layout"] == {"type": "custom", "stylesheet": "stream {}"}
    assert body["maxBitrate"] == 100_000


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"session_id": ""}, "session_id"),
        ({"session_id": FOREIGN}, "session_id"),
        ({"session_id": None}, "session_id"),
        ({"has_audio": False, "has_video": False}, "has_video"),
        ({"has_audio": 1}, "has_audio"),
        ({"has_video": "false"}, "has_video"),
        ({"name": 5}, "name"),
        ({"name": "\udfff"}, "name"),
        ({"output_mode": "both"}, "output_mode"),
        ({"resolution": "1x1"}, "resolution"),
        ({"resolution": "640x480", "output_mode": "individual"}, "resolution"),
        ({"layout": "pip", "output_mode": "individual"}, "layout"),
        ({"max_bitrate": 200_000, "output_mode": "individual"}, "max_bitrate"),
        (
            {"quantization_parameter": 20, "output_mode": "individual"},
            "quantization_parameter",
        ),
        ({"layout": "tiles"}, "layout"),
        ({"layout": 5}, "layout"),
        ({"layout": "custom"}, "stylesheet"),
        ({"layout": "pip", "stylesheet": "x"}, "stylesheet"),
        ({"layout": "custom", "stylesheet": ""}, "stylesheet"),
        ({"layout": "pip", "screenshare_type": "pip"}, "screenshare_type"),
        ({"screenshare_type": "custom"}, "screenshare_type"),
        ({"layout": Layout("pip"), "stylesheet": "x"}, "layout"),
        ({"stream_mode": "all"}, "stream_mode"),
        ({"multi_archive_tag": ""}, "multi_archive_tag"),
        ({"max_bitrate": 99_999}, "max_bitrate"),
        ({"max_bitrate": 6_000_001}, "max_bitrate"),
        ({"max_bitrate": 1e6}, "max_bitrate"),
        ({"max_bitrate": True}, "max_bitrate"),
        ({"quantization_parameter": 14}, "quantization_parameter"),
        ({"quantization_parameter": 41}, "quantization_parameter"),
        ({"quantization_parameter": 20, "max_bitrate": 200_000}, "quantization_parameter"),
        ({"has_transcription": None}, "has_transcription"),
        ({"transcription_properties": {}}, "transcription_properties"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.archives.start(**{"session_id": SESSION, **options})
    assert caught.value.field == field
    assert script.requests == []


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda a: a.stop(ID), ("POST", f"{ROOT}/{ID}/stop", None)),
        (lambda a: a.get(ID), ("GET", f"{ROOT}/{ID}", None)),
        (lambda a: a.delete(ID), ("DELETE", f"{ROOT}/{ID}", None)),
    ],
)
def test_each_call_is_one_request(
    call: Callable[[Any], object], expected: tuple[str, str, Any], make: Make
) -> None:
    tb, script = make()
    call(tb.archives)
    assert sent(script) == expected


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense"])
def test_calls_without_a_result_do_not_read_the_answer(body: bytes, make: Make) -> None:
    tb, _ = make(Response(200, {}, body))
    tb.archives.set_layout(ID, "pip")
    tb.archives.delete(ID)


@pytest.mark.parametrize(
    ("archive_id", "part"),
    [
        ("a/b", "a%2Fb"),
        ("?x", "%3Fx"),
        ("é", "%C3%A9"),
        ("a b#", "a%20b%23"),
        ("...", "..."),
    ],
)
def test_ids_stay_within_their_part_of_the_path(
    archive_id: str, part: str, make: Make
) -> None:
    tb, script = make()
    tb.archives.get(archive_id)
    assert script.requests[0].path == f"{ROOT}/{part}"


@pytest.mark.parametrize(
    "archive_id",
    [
        *["", None, 5, b"x", "\ud800", "x" * 256],
        *[".", "..", "%2e%2e", "%2E", ".%2e", "%252e%252e", "a/../b", "a/..", "../b"],
        *["a%2f..", "..%2fb", "a\\..", "..%5cb", "..;a", "//b", "a\r\nb", "a\0", "a%00"],
    ],
)
def test_an_invalid_id_is_refused(archive_id: Any, make: Make) -> None:
    tb, script = make()
    for call in (tb.archives.get, tb.archives.stop, tb.archives.delete):
        with pytest.raises(errors.InvalidInputError) as caught:
            call(archive_id)
        assert caught.value.field == "archive_id"
    assert script.requests == []


def test_an_archive_is_read_completely(make: Make) -> None:
    archive = make()[0].archives.get(ID)
    assert (archive.id, archive.status, archive.name) == (ID, "started", "weekly")
    assert archive.session_id == SESSION
    assert archive.project_id == KEY
    assert archive.created_ms == 1700000200123
    assert archive.created_at == datetime(2023, 11, 14, 22, 16, 40, 123000, UTC)
    assert (archive.size, archive.duration) == (0, 0)
    assert (archive.has_audio, archive.has_video) == (True, True)
    assert archive.url == ""
    assert dict(archive.unknown) == {}


@pytest.mark.trap(73, 86, 87)
@pytest.mark.parametrize(
    ("properties", "field", "value"),
    [
        ({"name": None}, "name", ""),
        ({"name": ""}, "name", ""),
        ({"projectId": "40000123"}, "project_id", "40000123"),
        ({"projectId": None, "applicationId": "3f2b"}, "project_id", "3f2b"),
        ({"status": "hovering"}, "status", "hovering"),
        ({"createdAt": 1.7e12}, "created_ms", 1_700_000_000_000),
        ({"createdAt": "1700000000000"}, "created_ms", 1_700_000_000_000),
        ({"createdAt": 10**30}, "created_at", None),
        ({"size": None}, "size", None),
        ({"maxBitrate": 200_000}, "max_bitrate", 200_000),
        ({"streams": None}, "streams", ()),
        ({"transcription": None}, "transcription", None),
    ],
)
def test_the_services_moods_are_tolerated(
    properties: dict[str, Any], field: str, value: object
) -> None:
    archive = Archive.from_json({**STARTED, **properties})
    assert getattr(archive, field) == value
    assert dict(archive.unknown) == {}


@pytest.mark.parametrize(
    ("properties", "kept"),
    [
        ({"color": {"a": 1}}, {"color": {"a": 1}}),
        ({"size": "many"}, {"size": "many"}),
        ({"size": True}, {"size": True}),
        ({"hasAudio": "yes"}, {"hasAudio": "yes"}),
        ({"name": ["x"]}, {"name": ["x"]}),
        ({"streams": {"a": 1}}, {"streams": {"a": 1}}),
        ({"streams": [1]}, {"streams": [1]}),
        ({"transcription": "soon"}, {"transcription": "soon"}),
    ],
)
def test_unknown_values_are_kept(properties: dict[str, Any], kept: dict[str, Any]) -> None:
    assert dict(Archive.from_json({**STARTED, **properties}).unknown) == kept


def test_unknown_properties_cannot_be_changed() -> None:
    archive = Archive.from_json({**STARTED, "new": 1})
    with pytest.raises(TypeError):
        archive.unknown["new"] = 2  # type: ignore[index]


def test_streams_and_transcription_are_read() -> None:
    archive = Archive.from_json(
        {
            **STARTED,
            "streams": [{"streamId": "s", "hasAudio": True, "hasVideo": False, "x": 1}],
            "transcription": {"status": "completed", "url": "http://x", "hasSummary": True},
        }
    )
    (stream,) = archive.streams
    assert (stream.stream_id, stream.has_audio, stream.has_video) == ("s", True, False)
    assert dict(stream.unknown) == {"x": 1}
    assert archive.transcription is not None
    assert archive.transcription.status == "completed"
    assert archive.transcription.has_summary is True


@pytest.mark.trap(105)
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("requested", TranscriptionStatus.REQUESTED),
        ("started", TranscriptionStatus.STARTED),
        ("available", TranscriptionStatus.AVAILABLE),
        ("uploaded", TranscriptionStatus.UPLOADED),
        ("completed", TranscriptionStatus.COMPLETED),
        ("failed", TranscriptionStatus.FAILED),
        ("error", TranscriptionStatus.FAILED),
    ],
)
def test_the_status_of_a_transcription_is_a_member_by_each_of_its_names(
    said: str, status: TranscriptionStatus
) -> None:
    archive = Archive.from_json({**STARTED, "transcription": {"status": said}})
    assert archive.transcription is not None
    assert archive.transcription.status is status
    assert archive.raw["transcription"]["status"] == said


def test_an_archive_is_a_value() -> None:
    archive = Archive.from_json({**STARTED, "new": {"a": [1]}})
    assert pickle.loads(pickle.dumps(archive)) == archive
    assert copy.deepcopy(archive) == archive
    assert len({archive, Archive.from_json({**STARTED, "new": {"a": [1]}})}) == 1
    with pytest.raises(AttributeError):
        archive.name = "x"  # type: ignore[misc]


def test_an_archive_turns_into_json() -> None:
    source = {**STARTED, "url": "http://x", "streams": [{"streamId": "s"}], "new": {"a": 1}}
    data = json.loads(json.dumps(Archive.from_json(source).to_dict()))
    assert data["session_id"] == SESSION
    assert data["url"] == "http://x"
    assert data["streams"][0]["stream_id"] == "s"
    assert data["unknown"] == {"new": {"a": 1}}


def test_an_archive_password_is_not_in_the_repr() -> None:
    archive = Archive.from_json({**STARTED, "url": "http://canary", "password": "canary"})
    assert "canary" not in repr(archive)


@pytest.mark.parametrize(
    "body", [[], None, {}, {"id": ID}, {"status": "x"}, {"id": "", "status": ""}]
)
def test_an_answer_that_is_not_an_archive_is_a_protocol_error(
    body: object, make: Make
) -> None:
    with pytest.raises(errors.ProtocolError, match="not an archive"):
        make(answers(body))[0].archives.get(ID)


def test_a_list_sends_the_given_options(make: Make) -> None:
    tb, script = make(answers({"count": 137, "items": [STARTED]}))
    page = tb.archives.list(offset=10, count=20, session_id=SESSION)
    query = parse_qs(urlsplit(script.requests[0].url).query)
    assert query == {"offset": ["10"], "count": ["20"], "sessionId": [SESSION]}
    assert (page.total, page.offset, len(page)) == (137, 10, 1)
    assert page[0].id == ID
    assert [archive.id for archive in page[:1]] == [ID]
    assert script.requests[0].path == ROOT


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"offset": -1}, "offset"),
        ({"offset": None}, "offset"),
        ({"count": 1001}, "count"),
        ({"count": -1}, "count"),
        ({"count": "5"}, "count"),
        ({"session_id": FOREIGN}, "session_id"),
    ],
)
def test_a_bad_page_is_refused(options: dict[str, Any], field: str, make: Make) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.archives.list(**options)
    assert caught.value.field == field
    assert script.requests == []


@pytest.mark.parametrize("body", [[], {}, {"items": None}, {"items": [5]}, None])
def test_an_answer_that_is_not_a_list_is_a_protocol_error(body: object, make: Make) -> None:
    with pytest.raises(errors.ProtocolError):
        make(answers(body))[0].archives.list()
