"""Layout and streams of archives."""

from __future__ import annotations

import uuid

import pytest

from tests.support.emulator import Api

# Layout.


def test_layout_of_a_running_archive_changes(api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    answer = api.project("PUT", f"/archive/{archive_id}/layout", {"type": "pip"})
    assert (answer.status, answer.json()["id"]) == (200, archive_id)


@pytest.mark.parametrize("body", [{"type": "grid"}, {}, [], "pip", b"{", b""])
def test_invalid_layout_is_refused(api: Api, live: str, body: object) -> None:
    archive_id = api.start_archive(live)["id"]
    assert api.project("PUT", f"/archive/{archive_id}/layout", body).status == 400


def test_individual_archive_has_no_layout(api: Api, live: str) -> None:
    archive_id = api.start_archive(live, outputMode="individual")["id"]
    answer = api.project("PUT", f"/archive/{archive_id}/layout", {"type": "pip"})
    assert answer.status == 400


def test_layout_of_a_stopped_archive_is_refused(api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    api.stop_archive(archive_id)
    answer = api.project("PUT", f"/archive/{archive_id}/layout", {"type": "pip"})
    assert answer.status == 409


# Streams.


@pytest.fixture
def manual(api: Api, session_id: str) -> tuple[str, str]:
    """An archive whose streams are chosen by calls, and a stream of its session."""
    stream_id = api.join(session_id)["streamId"]
    return api.start_archive(session_id, streamMode="manual")["id"], stream_id


def patch(api: Api, archive_id: str, body: object) -> int:
    return api.project("PATCH", f"/archive/{archive_id}/streams", body).status


def test_added_stream_is_recorded_and_shown(api: Api, manual: tuple[str, str]) -> None:
    archive_id, stream_id = manual
    assert api.archive(archive_id)["status"] == "paused"
    assert patch(api, archive_id, {"addStream": stream_id}) == 204
    archive = api.archive(archive_id)
    assert archive["status"] == "started"
    assert archive["streams"] == [
        {"streamId": stream_id, "hasAudio": True, "hasVideo": True}
    ]


def test_adding_again_changes_the_flags(api: Api, manual: tuple[str, str]) -> None:
    archive_id, stream_id = manual
    patch(api, archive_id, {"addStream": stream_id})
    assert patch(api, archive_id, {"addStream": stream_id, "hasVideo": False}) == 204
    assert api.archive(archive_id)["streams"] == [
        {"streamId": stream_id, "hasAudio": True, "hasVideo": False}
    ]


def test_recording_of_a_removed_stream_ends(api: Api, manual: tuple[str, str]) -> None:
    archive_id, stream_id = manual
    patch(api, archive_id, {"addStream": stream_id})
    assert patch(api, archive_id, {"removeStream": stream_id}) == 204
    archive = api.archive(archive_id)
    assert archive["status"] == "paused"
    assert "streams" not in archive


def test_streams_of_an_automatic_choice_cannot_be_changed(
    api: Api, session_id: str
) -> None:
    stream_id = api.join(session_id)["streamId"]
    archive_id = api.start_archive(session_id)["id"]
    assert patch(api, archive_id, {"addStream": stream_id}) == 405


def test_unknown_stream_is_not_found(api: Api, manual: tuple[str, str]) -> None:
    archive_id, _ = manual
    assert patch(api, archive_id, {"addStream": str(uuid.UUID(int=7))}) == 404
    assert patch(api, archive_id, {"removeStream": str(uuid.UUID(int=7))}) == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"addStream": "a", "removeStream": "a"},
        {"addStream": 7},
        {"addStream": "a", "hasAudio": False, "hasVideo": False},
        {"addStream": "a", "hasAudio": "yes"},
        [],
        b"nonsense",
    ],
)
def test_invalid_change_of_streams_is_refused(
    api: Api, manual: tuple[str, str], body: object
) -> None:
    assert patch(api, manual[0], body) == 400


def test_streams_of_a_stopped_archive_cannot_be_changed(
    api: Api, manual: tuple[str, str]
) -> None:
    archive_id, stream_id = manual
    api.stop_archive(archive_id)
    assert patch(api, archive_id, {"addStream": stream_id}) == 409


def test_missing_archives_and_streams_are_not_found(api: Api) -> None:
    assert api.project("GET", "/archives").status == 404
