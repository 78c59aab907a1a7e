"""The archive resource: what it answers and what it refuses."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.emulator import KEY, NOW, Api

NO_CLIENTS = {
    "message": "Not found. No clients are actively connected to the OpenTok session."
}


def refused(api: Api, session_id: object, **options: object) -> tuple[int, Any]:
    answer = api.project("POST", "/archive", {"sessionId": session_id, **options})
    return answer.status, answer.json()


# Start.


@pytest.mark.trap(49, 70)
def test_start_reply_is_complete(api: Api, live: str) -> None:
    archive = api.start_archive(live, name="weekly")
    assert uuid.UUID(archive.pop("id"))
    assert archive == {
        "status": "started",
        "name": "weekly",
        "reason": "",
        "event": "archive",
        "sessionId": live,
        "projectId": int(KEY),
        "partnerId": int(KEY),
        "createdAt": NOW * 1000,
        "updatedAt": NOW * 1000,
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


@pytest.mark.trap(94)
def test_start_reply_has_milliseconds_and_reads_whole_seconds(api: Api, live: str) -> None:
    api.advance(0.123)
    archive = api.start_archive(live)
    assert archive["createdAt"] == NOW * 1000 + 123
    assert api.archive(archive["id"])["createdAt"] == NOW * 1000


@pytest.mark.trap(47)
def test_explicit_nulls_count_as_absent(api: Api, live: str) -> None:
    names = ("name", "resolution", "multiArchiveTag", "maxBitrate", "layout", "streamMode")
    archive = api.start_archive(live, **dict.fromkeys(names))
    assert (archive["name"], archive["resolution"]) == (None, "640x480")


def test_unknown_members_are_ignored(api: Api, live: str) -> None:
    assert api.start_archive(live, action="start")["status"] == "started"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"hasVideo": False}, {"hasAudio": True, "hasVideo": False}),
        ({"resolution": "1080x1920"}, {"resolution": "1080x1920"}),
        ({"maxBitrate": 100_000}, {"maxBitrate": 100_000}),
        ({"quantizationParameter": 40}, {"quantizationParameter": 40}),
        ({"multiArchiveTag": "a"}, {"multiArchiveTag": "a"}),
        ({"streamMode": "manual"}, {"streamMode": "manual", "streams": []}),
        (
            {
                "hasTranscription": True,
                "transcriptionProperties": {"primaryLanguageCode": "de-DE"},
            },
            {
                "hasTranscription": True,
                "transcription": {
                    "status": "requested",
                    "reason": "",
                    "url": None,
                    "primaryLanguageCode": "de-DE",
                    "hasSummary": False,
                },
            },
        ),
        (
            {"hasTranscription": True, "hasVideo": False, "outputMode": "individual"},
            {
                "hasVideo": False,
                "transcription": {
                    "status": "requested",
                    "reason": "",
                    "url": None,
                    "primaryLanguageCode": "en-US",
                    "hasSummary": False,
                },
            },
        ),
    ],
)
def test_options_are_echoed(
    api: Api, live: str, options: dict[str, Any], shown: dict[str, Any]
) -> None:
    archive = api.start_archive(live, **options)
    assert {name: archive[name] for name in shown} == shown


@pytest.mark.trap(62)
@pytest.mark.parametrize("name", ["hasAudio", "hasVideo", "hasTranscription"])
@pytest.mark.parametrize(("sent", "read"), [("true", True), ("False", False)])
def test_a_boolean_may_be_written_as_text(
    api: Api, live: str, name: str, sent: str, read: bool
) -> None:
    options = {"hasAudio": True, "hasVideo": True, name: sent}
    assert api.start_archive(live, **options)[name] is read


def test_individual_archive_has_no_resolution(api: Api, live: str) -> None:
    assert "resolution" not in api.start_archive(live, outputMode="individual")


@pytest.mark.trap(61, 75)
@pytest.mark.parametrize(
    "layout",
    [
        {"type": "pip"},
        {"type": "custom", "stylesheet": "stream{width:10px}"},
        {"type": "bestFit", "screenshareType": "pip"},
        {"type": "bestFit", "screensharetype": "horizontalPresentation"},
        {"type": "bestFit", "screenShareType": "verticalPresentation"},
        {"type": "bestFit", "screenshare_type": "bestFit"},
        {"type": "bestFit", "stylesheet": None},
    ],
)
def test_layouts_are_accepted(api: Api, live: str, layout: dict[str, Any]) -> None:
    assert api.start_archive(live, layout=layout)["status"] == "started"


@pytest.mark.parametrize(
    "options",
    [
        {"hasAudio": False, "hasVideo": False},
        {"hasAudio": "yes"},
        {"name": 7},
        {"outputMode": "both"},
        {"outputMode": []},
        {"resolution": "640X480"},
        {"resolution": {}},
        {"streamMode": "all"},
        {"multiArchiveTag": 1},
        {"maxBitrate": 99_999},
        {"maxBitrate": 6_000_001},
        {"maxBitrate": 1e6},
        {"maxBitrate": True},
        {"quantizationParameter": 14},
        {"quantizationParameter": 41},
        {"quantizationParameter": 20, "maxBitrate": 200_000},
        {"outputMode": "individual", "resolution": "640x480"},
        {"outputMode": "individual", "layout": {"type": "pip"}},
        {"outputMode": "individual", "maxBitrate": 200_000},
        {"layout": "pip"},
        {"layout": {}},
        {"layout": {"type": "grid"}},
        {"layout": {"type": ["pip"]}},
        {"layout": {"type": "custom"}},
        {"layout": {"type": "pip", "stylesheet": "x"}},
        {"layout": {"type": "pip", "screenshareType": "pip"}},
        {"layout": {"type": "bestFit", "screenshareType": "custom"}},
        {"hasTranscription": True, "transcriptionProperties": []},
        {"hasTranscription": True, "transcriptionProperties": {"primaryLanguageCode": 1}},
        {"hasTranscription": True, "hasAudio": False},
        {"transcriptionProperties": {}},
    ],
)
def test_invalid_option_is_refused(api: Api, live: str, options: dict[str, Any]) -> None:
    status, error = refused(api, live, **options)
    assert (status, error["code"]) == (400, 400)


@pytest.mark.parametrize(
    "session_id", ["", "SESSIONID", None, 7, ["1_MX4"], "1_" + "A" * 300]
)
def test_malformed_session_id_is_refused(api: Api, session_id: object) -> None:
    assert refused(api, session_id) == (
        400,
        {
            "code": 10101,
            "message": "Invalid session id format",
            "description": "Invalid session id format",
        },
    )


@pytest.mark.trap(41)
def test_session_that_was_never_joined_is_unknown(api: Api, session_id: str) -> None:
    assert refused(api, session_id) == (404, NO_CLIENTS)


def test_session_that_was_never_created_is_unknown(api: Api) -> None:
    never = "2_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg"
    assert refused(api, never) == (404, NO_CLIENTS)


def test_session_of_another_project_is_unknown(api: Api, other: Api, live: str) -> None:
    assert refused(other, live) == (404, NO_CLIENTS)


def test_session_that_everyone_left_is_refused(api: Api, session_id: str) -> None:
    api.leave(session_id, api.join(session_id))
    assert refused(api, session_id) == (404, NO_CLIENTS)


def test_relayed_session_is_refused(api: Api) -> None:
    session_id = api.create_session(media="enabled")
    api.join(session_id)
    status, error = refused(api, session_id)
    assert (status, error["code"]) == (409, 15008)
    assert error["message"] == "Only routed sessions are allowed to initiate archives."


def test_second_archive_needs_another_tag(api: Api, live: str) -> None:
    api.start_archive(live)
    assert refused(api, live)[1]["code"] == 15001
    api.start_archive(live, multiArchiveTag="b")
    status, error = refused(api, live, multiArchiveTag="b")
    assert (status, error["code"], error["message"]) == (409, 15001, "HTTP 409 Conflict")


def test_stopped_archive_no_longer_occupies_its_tag(api: Api, live: str) -> None:
    api.stop_archive(api.start_archive(live)["id"])
    assert api.start_archive(live)["status"] == "started"


# Stop.


def test_stop_reply_is_stopped_without_a_file(api: Api, live: str) -> None:
    archive = api.start_archive(live)
    api.advance(60)
    stopped = api.stop_archive(archive["id"])
    names = ("status", "reason", "url", "size", "duration")
    assert [stopped[name] for name in names] == ["stopped", "user initiated", None, 0, 0]


@pytest.mark.trap(92)
def test_stopping_what_is_stopped_is_accepted(api: Api, live: str) -> None:
    archive = api.start_archive(live)
    first = api.stop_archive(archive["id"])
    api.advance(1)
    assert api.stop_archive(archive["id"]) == first


def test_stopping_what_is_available_is_refused(api: Api, live: str) -> None:
    archive = api.start_archive(live)
    api.stop_archive(archive["id"])
    api.advance(2)
    answer = api.project("POST", f"/archive/{archive['id']}/stop")
    assert (answer.status, answer.json()["code"]) == (409, 15002)


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/stop"),
        ("PUT", "/layout"),
        ("PATCH", "/streams"),
    ],
)
@pytest.mark.parametrize(
    "archive_id", [str(uuid.UUID(int=7)), "nonsense", "%00", "%E2%82%AC"]
)
def test_unknown_archive_is_not_found(
    api: Api, method: str, rest: str, archive_id: str
) -> None:
    answer = api.project(method, f"/archive/{archive_id}{rest}", {"type": "pip"})
    assert (answer.status, answer.json()["message"]) == (404, "Archive not found")


def test_archive_of_another_project_is_not_found(api: Api, other: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    assert other.project("GET", f"/archive/{archive_id}").status == 404
    assert other.project("POST", f"/archive/{archive_id}/stop").status == 404
    assert other.archives() == {"count": 0, "items": []}


# List.


@pytest.mark.trap(91)
def test_list_is_newest_first_and_counts_all(api: Api, live: str) -> None:
    ids = [api.start_archive(live, multiArchiveTag=str(n))["id"] for n in range(5)]
    page = api.archives("?offset=1&count=2")
    assert page["count"] == 5
    assert [archive["id"] for archive in page["items"]] == [ids[3], ids[2]]


@pytest.mark.trap(47, 72)
@pytest.mark.parametrize(
    "query",
    [
        "?",
        "?offset=",
        "?offset=0&",
        "?&&count=50",
        "?count=1000",
        "?unknown=1",
        "?sessionId=",
    ],
)
def test_query_is_read_leniently(api: Api, live: str, query: str) -> None:
    api.start_archive(live)
    assert api.archives(query)["count"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "offset=-1",
        "offset=x",
        "offset=1.5",
        "offset=%2B1",
        "count=-1",
        "count=1001",
        "count=9e9",
        "count=%D9%A1",
        "count=" + "1" * 5000,
        "offset=99999999999999999999",
        "count=%FF",
    ],
)
def test_invalid_page_is_refused(api: Api, query: str) -> None:
    assert api.project("GET", f"/archive?{query}").status == 400


def test_page_beyond_the_end_is_empty(api: Api, live: str) -> None:
    api.start_archive(live)
    assert api.archives("?offset=9223372036854775807") == {"count": 1, "items": []}
    assert api.archives("?count=0") == {"count": 1, "items": []}


@pytest.mark.trap(80)
@pytest.mark.parametrize("name", ["sessionId", "session_id"])
def test_list_of_one_session(api: Api, live: str, name: str) -> None:
    second = api.create_session()
    api.join(second)
    api.start_archive(live)
    wanted = api.start_archive(second)["id"]
    page = api.archives(f"?{name}={quote(second)}")
    assert (page["count"], page["items"][0]["id"]) == (1, wanted)


def test_list_of_an_unknown_session_is_empty(api: Api) -> None:
    assert api.archives("?sessionId=nothing") == {"count": 0, "items": []}


@pytest.mark.trap(35)
def test_trailing_slash_and_old_prefix_lead_to_the_same(api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    for path in (
        f"/v2/project/{KEY}/archive/{archive_id}/",
        f"/v2/partner/{KEY}/archive/{archive_id}",
        f"/v2/project/{KEY}/archive/{archive_id.replace('-', '%2D')}",
    ):
        assert api.request("GET", path).json()["id"] == archive_id


# Delete.


@pytest.mark.trap(98)
def test_available_archive_can_be_deleted(api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    api.stop_archive(archive_id)
    api.advance(2)
    answer = api.project("DELETE", f"/archive/{archive_id}")
    assert (answer.status, answer.body) == (204, b"")
    assert api.project("GET", f"/archive/{archive_id}").status == 404
    assert api.archives()["count"] == 0


def test_deleting_twice_is_accepted(api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    api.stop_archive(archive_id)
    api.advance(2)
    statuses = [api.project("DELETE", f"/archive/{archive_id}").status for _ in range(2)]
    assert statuses == [204, 204]


@pytest.mark.parametrize("stop", [False, True])
def test_archive_without_a_file_cannot_be_deleted(api: Api, live: str, stop: bool) -> None:
    archive_id = api.start_archive(live)["id"]
    if stop:
        api.stop_archive(archive_id)
    answer = api.project("DELETE", f"/archive/{archive_id}")
    assert (answer.status, answer.json()["code"]) == (409, 15004)
