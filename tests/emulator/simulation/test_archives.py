"""Archives over time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, Rules, serve

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@pytest.fixture
def live(api: Api, session_id: str) -> tuple[str, dict[str, Any], str]:
    """A session, its only client (which publishes), and its running archive."""
    joined = api.join(session_id)
    return session_id, joined, api.start_archive(session_id)["id"]


def state(api: Api, archive_id: str) -> tuple[str, str]:
    archive = api.archive(archive_id)
    return archive["status"], archive["reason"]


def test_stopped_archive_becomes_available(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    _, _, archive_id = live
    api.advance(90)
    api.stop_archive(archive_id)
    api.advance(1.999)
    assert api.archive(archive_id)["status"] == "stopped"
    api.advance(0.001)
    archive = api.archive(archive_id)
    assert (archive["status"], archive["duration"]) == ("available", 90)
    assert archive["size"] > 0
    assert archive["reason"] == "user initiated"
    assert archive["url"]


def test_time_that_passes_by_itself_counts_as_well() -> None:
    now = [float(NOW)]
    with serve(clock=Clock(lambda: now[0]), processing_delay=2) as server:
        api = Api(server.url)
        session_id = api.create_session()
        joined = api.join(session_id)
        archive_id = api.start_archive(session_id)["id"]
        now[0] += 30
        api.leave(session_id, joined)
        now[0] += 62
        assert state(api, archive_id) == ("available", "session ended")
        assert api.archive(archive_id)["duration"] == 30


def test_file_matches_the_archive(api: Api, live: tuple[str, dict[str, Any], str]) -> None:
    _, _, archive_id = live
    api.advance(3)
    api.stop_archive(archive_id)
    api.advance(2)
    archive = api.archive(archive_id)
    answer = api.request("GET", archive["url"].removeprefix(api.url))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert len(answer.body) == archive["size"]
    assert answer.body[4:8] == b"ftyp"


def test_link_is_good_for_ten_minutes(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    _, _, archive_id = live
    api.stop_archive(archive_id)
    api.advance(2)
    path = api.archive(archive_id)["url"].removeprefix(api.url)
    api.advance(599.999)
    assert api.request("GET", path).status == 200
    api.advance(0.001)
    assert api.request("GET", path).status == 403
    renewed = api.archive(archive_id)["url"].removeprefix(api.url)
    assert api.request("GET", renewed).status == 200


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("expires=1", "expires=2"),
        ("signature=", "signature=0"),
        ("?expires", "?x"),
        ("signature=", "signature=%C3%A9"),
    ],
)
def test_altered_link_is_refused(
    api: Api, live: tuple[str, dict[str, Any], str], old: str, new: str
) -> None:
    _, _, archive_id = live
    api.stop_archive(archive_id)
    api.advance(2)
    path = api.archive(archive_id)["url"].removeprefix(api.url)
    assert old in path
    assert api.request("GET", path.replace(old, new, 1)).status == 403


def test_link_dies_with_the_archive(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    _, _, archive_id = live
    api.stop_archive(archive_id)
    api.advance(2)
    path = api.archive(archive_id)["url"].removeprefix(api.url)
    api.project("DELETE", f"/archive/{archive_id}")
    assert api.request("GET", path).status == 404


def test_archive_waits_for_the_first_stream(api: Api, session_id: str) -> None:
    joined = api.join(session_id, publish=False)
    archive = api.start_archive(session_id)
    assert archive["status"] == "started"
    assert api.archive(archive["id"])["status"] == "paused"
    api.advance(30)
    path = f"/_emulator/session/{session_id}/connection/{joined['connectionId']}/stream"
    assert api.request("POST", path).status == 201
    begun = api.archive(archive["id"])
    assert begun["status"] == "started"
    assert begun["createdAt"] == (NOW + 30) * 1000


def test_archive_pauses_without_publishers(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    session_id, joined, archive_id = live
    path = f"/_emulator/session/{session_id}/connection/{joined['connectionId']}/stream"
    api.advance(10)
    assert api.request("DELETE", f"{path}/{joined['streamId']}").status == 204
    assert api.archive(archive_id)["status"] == "paused"
    api.advance(100)
    api.request("POST", path)
    assert api.archive(archive_id)["status"] == "started"
    api.advance(5)
    api.stop_archive(archive_id)
    api.advance(2)
    assert api.archive(archive_id)["duration"] == 15


def test_archive_ends_a_minute_after_everyone_left(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    session_id, joined, archive_id = live
    api.leave(session_id, joined)
    api.advance(59.999)
    assert state(api, archive_id) == ("paused", "")
    api.advance(0.001)
    assert state(api, archive_id) == ("stopped", "session ended")


def test_archive_goes_on_while_anyone_stays(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    session_id, joined, archive_id = live
    api.join(session_id, publish=False)
    api.leave(session_id, joined)
    api.advance(120)
    assert state(api, archive_id) == ("paused", "")
    assert api.start_archive(session_id, multiArchiveTag="another")["status"] == "started"


def test_coming_back_within_the_minute_saves_it(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    session_id, joined, archive_id = live
    api.leave(session_id, joined)
    api.advance(59)
    api.join(session_id, publish=False)
    api.advance(59 * 60)
    assert state(api, archive_id) == ("paused", "")
    # The hour of idleness runs since the last stream ended, not since the return.
    api.advance(2)
    assert state(api, archive_id) == ("stopped", "maximum idle time exceeded")


def test_recording_ends_after_four_hours(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    _, _, archive_id = live
    api.advance(4 * 3600)
    assert state(api, archive_id) == ("stopped", "maximum duration exceeded")
    api.advance(2)
    assert api.archive(archive_id)["duration"] == 4 * 3600


@pytest.mark.trap(98)
def test_file_expires_three_days_after_the_start(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    _, _, archive_id = live
    api.stop_archive(archive_id)
    api.advance(72 * 3600 - 1)
    assert api.archive(archive_id)["status"] == "available"
    api.advance(1)
    archive = api.archive(archive_id)
    assert (archive["status"], archive["url"]) == ("expired", None)
    assert api.archives()["items"] == [archive]
    answer = api.project("DELETE", f"/archive/{archive_id}")
    assert (answer.status, answer.json()["code"]) == (409, 15004)


def test_everything_due_happens_in_one_long_step(
    api: Api, live: tuple[str, dict[str, Any], str]
) -> None:
    _, _, archive_id = live
    api.advance(365 * 86_400)
    archive = api.archive(archive_id)
    assert (archive["status"], archive["duration"]) == ("expired", 4 * 3600)
    assert archive["updatedAt"] == (NOW + 72 * 3600) * 1000


# Sessions that archive themselves.


@pytest.fixture
def always(api: Api) -> str:
    return api.create_session(
        archiveMode="always", archiveName="a-b_c~d", archiveResolution="1280x720"
    )


def test_first_client_starts_the_archive(api: Api, always: str) -> None:
    assert api.archives()["count"] == 0
    api.join(always)
    (archive,) = api.archives()["items"]
    assert (archive["status"], archive["sessionId"]) == ("started", always)
    assert (archive["name"], archive["resolution"]) == ("a:b:c:d", "1280x720")


def test_further_clients_do_not_start_another(api: Api, always: str) -> None:
    api.join(always)
    api.join(always)
    assert api.archives()["count"] == 1


def test_automatic_archive_cannot_be_stopped_by_a_call(api: Api, always: str) -> None:
    api.join(always)
    (archive,) = api.archives()["items"]
    assert api.project("POST", f"/archive/{archive['id']}/stop").status == 409
    assert api.archive(archive["id"])["status"] == "started"


def test_manual_archive_beside_it_needs_a_tag(api: Api, always: str) -> None:
    api.join(always)
    answer = api.project("POST", "/archive", {"sessionId": always})
    assert answer.json()["code"] == 15001
    assert api.start_archive(always, multiArchiveTag="mine")["status"] == "started"


def test_long_session_is_archived_in_pieces(api: Api, always: str) -> None:
    api.join(always)
    api.advance(9 * 3600)
    items = api.archives()["items"]
    assert [item["status"] for item in items] == ["started", "available", "available"]
    starts = [(item["createdAt"] // 1000 - NOW) // 3600 for item in items]
    assert starts == [8, 4, 0]


def test_automatic_archive_ends_when_everyone_left_and_starts_again(
    api: Api, always: str
) -> None:
    api.leave(always, api.join(always))
    api.advance(62)
    (archive,) = api.archives()["items"]
    assert (archive["status"], archive["reason"]) == ("available", "session ended")
    api.join(always)
    assert [item["status"] for item in api.archives()["items"]] == ["started", "available"]


def test_relayed_session_never_archives_itself(api: Api) -> None:
    session_id = api.create_session(archiveMode="always", media="enabled")
    api.join(session_id)
    assert api.archives()["count"] == 0


def test_archive_at_its_maximum_length_is_not_continued_without_clients(
    api: Api, always: str
) -> None:
    joined = api.join(always, publish=False)
    path = f"/_emulator/session/{always}/connection/{joined['connectionId']}/stream"
    for _ in range(14):
        # Publish short streams, so that the archive is neither idle nor recording for long.
        api.advance(3000)
        assert api.request("POST", path).status == 201
        assert api.request("DELETE", path).status == 204
    api.advance(12 * 3600 - 14 * 3000 - 30)
    api.leave(always, joined)
    api.advance(40)
    (archive,) = api.archives()["items"]
    assert archive["reason"] == "maximum duration exceeded"


# Transcriptions.


def transcription(api: Api, archive_id: str) -> tuple[str, str]:
    shown = api.archive(archive_id)["transcription"]
    assert shown["url"] is None
    return shown["status"], shown["reason"]


@pytest.mark.trap(105)
@pytest.mark.parametrize(
    ("rule", "made", "stored"),
    [("available", "available", "uploaded"), ("completed", "completed", "completed")],
)
def test_transcription_is_made_with_the_file_of_the_archive(
    rule: str, made: str, stored: str
) -> None:
    rules = Rules(transcription_status=rule)  # type: ignore[arg-type]
    config = {"accessKey": "AK", "secretKey": "SK", "bucket": "b"}
    with serve(clock=Clock(lambda: NOW), processing_delay=2, strict=rules) as server:
        api = Api(server.url)
        for status in (made, stored):
            session_id = api.create_session()
            api.join(session_id)
            archive_id = api.start_archive(
                session_id, outputMode="individual", hasVideo=False, hasTranscription=True
            )["id"]
            assert transcription(api, archive_id) == ("requested", "")
            api.advance(5)
            api.stop_archive(archive_id)
            assert transcription(api, archive_id) == ("started", "")
            api.advance(2)
            assert transcription(api, archive_id) == (status, "")
            target = {"type": "s3", "config": config}
            assert api.project("PUT", "/archive/storage", target).status == 200
            api.advance(72 * 3600)
            assert transcription(api, archive_id) == (status, "")


@pytest.mark.trap(105)
def test_transcription_fails_with_its_archive(api: Api, session_id: str) -> None:
    api.join(session_id)
    archive_id = api.start_archive(
        session_id, outputMode="individual", hasTranscription=True
    )["id"]
    failure = {"id": archive_id, "reason": "no more disk"}
    path = f"/_emulator/session/{session_id}/failure"
    assert api.request("POST", path, failure).status == 204
    assert transcription(api, archive_id) == ("failed", "no more disk")
