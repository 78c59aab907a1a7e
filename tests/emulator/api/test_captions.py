"""Live captions: one at a time per session, paused without publishers."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.emulator import KEY, NOW, Api

UNKNOWN = str(uuid.UUID(int=7))


def refused(api: Api, session_id: str, **options: object) -> tuple[int, Any]:
    token = api.token(session_id, role="moderator")
    body = {"sessionId": session_id, "token": token, **options}
    answer = api.project("POST", "/captions", body)
    return answer.status, answer.json()


def start(api: Api, session_id: str, **options: object) -> str:
    return str(api.start("captions", session_id, **options)["captionsId"])


def stop(api: Api, captions_id: str, method: str = "POST") -> int:
    return api.project(method, f"/captions/{captions_id}/stop").status


# Start.


@pytest.mark.trap(89)
def test_start_answers_an_id_and_nothing_else(api: Api, live: str) -> None:
    body = {"sessionId": live, "token": api.token(live, role="moderator")}
    answer = api.project("POST", "/captions", body)
    assert answer.status == 202
    assert list(answer.json()) == ["captionsId"]
    assert uuid.UUID(answer.json()["captionsId"])


def test_read_returns_every_field(api: Api, live: str) -> None:
    captions_id = start(api, live)
    api.advance(120.5)
    assert api.read(f"/captions/{captions_id}") == {
        "captionId": captions_id,
        "projectId": KEY,
        "sessionId": live,
        "status": "started",
        "createdAt": NOW * 1000,
        "updatedAt": NOW * 1000,
        "duration": 120,
        "languageCode": "en-US",
        "provider": "aws-transcribe",
        "reason": "",
    }


def test_application_is_named_instead_of_a_project(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    shown = application.read(f"/captions/{start(application, session_id)}")
    assert shown["applicationId"] == application.key
    assert "projectId" not in shown


@pytest.mark.trap(82)
@pytest.mark.parametrize("value", [True, False, "true", "false"])
def test_partial_captions_may_be_written_as_text(
    api: Api, live: str, value: object
) -> None:
    start(api, live, partialCaptions=value)


@pytest.mark.parametrize("language", ["de-DE", "fil-PH", "zh-HK"])
def test_languages_are_taken(api: Api, live: str, language: str) -> None:
    captions_id = start(api, live, languageCode=language)
    assert api.read(f"/captions/{captions_id}")["languageCode"] == language


@pytest.mark.parametrize(
    "options",
    [
        {"languageCode": "english"},
        {"languageCode": 7},
        {"maxDuration": 299},
        {"maxDuration": 14_401},
        {"partialCaptions": "yes"},
        {"partialCaptions": 1},
        {"statusCallbackUrl": "http://a.b/c"},
        {"token": None},
    ],
)
def test_invalid_option_is_refused(api: Api, live: str, options: dict[str, Any]) -> None:
    assert refused(api, live, **options)[0] == 400


@pytest.mark.trap(111)
def test_maximum_duration_in_minutes_is_refused_by_its_limits(api: Api, live: str) -> None:
    status, error = refused(api, live, maxDuration=240)
    assert status == 400
    assert "maxDuration must be a whole number from 300 to 14400" in error["message"]


@pytest.mark.parametrize("role", ["publisher", "subscriber", "publisheronly", None])
def test_token_must_be_a_moderators(api: Api, live: str, role: str | None) -> None:
    status, error = refused(api, live, token=api.token(live, role=role))
    assert status == 403
    assert "moderator" in error["message"]


def test_token_must_be_of_this_session(api: Api, live: str) -> None:
    other = api.create_session()
    assert refused(api, live, token=api.token(other, role="moderator"))[0] == 403


def test_relayed_session_is_refused(api: Api) -> None:
    session_id = api.create_session(media="enabled")
    api.join(session_id)
    assert refused(api, session_id)[0] == 409


def test_captions_are_enabled_once(api: Api, live: str) -> None:
    first = start(api, live)
    status, error = refused(api, live)
    assert (status, error["code"]) == (409, 60003)
    assert error["message"] == "Audio captioning is already enabled"
    stop(api, first)
    start(api, live)


# Life.


@pytest.mark.trap(83)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_stop(api: Api, live: str, method: str) -> None:
    captions_id = start(api, live)
    api.advance(7)
    answer = api.project(method, f"/captions/{captions_id}/stop")
    assert (answer.status, answer.body) == (202, b"")
    api.advance(10)
    shown = api.read(f"/captions/{captions_id}")
    assert (shown["status"], shown["duration"]) == ("stopped", 7)
    assert stop(api, captions_id, method) == 404


def test_captions_pause_without_publishers(api: Api, session_id: str) -> None:
    first = api.join(session_id)
    captions_id = start(api, session_id)
    seen = []
    for act in (
        lambda: api.leave(session_id, first),
        lambda: api.join(session_id, publish=False),
        lambda: api.join(session_id),
    ):
        api.advance(10)
        act()
        shown = api.read(f"/captions/{captions_id}")
        seen.append((shown["status"], shown["duration"]))
    assert seen == [("paused", 10), ("paused", 10), ("started", 10)]
    api.advance(5)
    assert api.read(f"/captions/{captions_id}")["duration"] == 15


def test_captions_begin_paused_without_publishers(api: Api, session_id: str) -> None:
    api.join(session_id, publish=False)
    captions_id = start(api, session_id)
    assert api.read(f"/captions/{captions_id}")["status"] == "paused"


@pytest.mark.parametrize("publish", [True, False])
def test_captions_end_after_their_longest_duration(
    api: Api, session_id: str, publish: bool
) -> None:
    api.join(session_id, publish=publish)
    captions_id = start(api, session_id, maxDuration=300)
    api.advance(400)
    shown = api.read(f"/captions/{captions_id}")
    assert (shown["status"], shown["reason"]) == ("stopped", "maximum duration exceeded")
    assert shown["duration"] == (300 if publish else 0)


def test_unknown_captions_are_not_found(api: Api, other: Api, live: str) -> None:
    captions_id = start(api, live)
    assert stop(api, UNKNOWN) == stop(other, captions_id) == 404
    assert api.project("GET", f"/captions/{UNKNOWN}").status == 404
    assert other.project("GET", f"/captions/{captions_id}").status == 404
