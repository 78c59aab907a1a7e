"""Where the service varies in archives, and what clients were seen to send for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.support import KEY, NOW, Answer, Api
from tokbox.emulator import Clock, Rules, serve


def start(rules: Rules, **options: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Start an archive by *rules*: what the reply shows, and what webhooks are told."""
    webhooks = {KEY: {"archive_status": "http://archives.example.org/"}}
    with serve(strict=rules, webhooks=webhooks, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        archive = api.start_archive(session_id, **options)
        return archive, json.loads(server.webhooks()[0].body)


@pytest.mark.trap(86)
@pytest.mark.parametrize(
    ("kind", "shown"), [("null", {"name": None}), ("empty", {"name": ""}), ("absent", {})]
)
def test_archive_without_a_name(kind: Any, shown: dict[str, Any]) -> None:
    for archive in start(Rules(unset_name=kind)):
        assert {key: archive[key] for key in ("name",) if key in archive} == shown


@pytest.mark.trap(86)
def test_name_that_is_set_is_always_shown() -> None:
    assert start(Rules(unset_name="absent"), name="")[0]["name"] == ""


@pytest.mark.trap(86)
def test_page_shows_archives_without_a_name() -> None:
    with serve(strict=Rules(unset_name="absent"), clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        api.start_archive(session_id)
        shown = api.request("GET", f"/_emulator/session/{session_id}").json()
    assert shown["archives"][0]["name"] is None


@pytest.mark.trap(87)
@pytest.mark.parametrize(("kind", "project"), [("number", int(KEY)), ("string", KEY)])
def test_project_is_a_number_or_text_and_partner_a_number(kind: Any, project: Any) -> None:
    for archive in start(Rules(project_id=kind)):
        assert (archive["projectId"], archive["partnerId"]) == (project, int(KEY))
        assert "applicationId" not in archive


@pytest.mark.trap(70, 73, 87)
def test_application_has_an_id_and_no_partner(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    archive = application.start_archive(session_id)
    assert archive["applicationId"] == application.key
    assert not {"projectId", "partnerId"} & archive.keys()


def test_individual_archive_of_an_application_is_made(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    archive_id = application.start_archive(session_id, outputMode="individual")["id"]
    application.stop_archive(archive_id)
    application.advance(2)
    archive = application.archive(archive_id)
    assert archive["status"] == "available"
    answer = application.request("GET", archive["url"].removeprefix(application.url))
    assert len(answer.body) == archive["size"]


@pytest.mark.trap(95)
@pytest.mark.parametrize("status", [400, 404])
def test_start_in_a_session_that_everybody_left(status: Any) -> None:
    with serve(strict=Rules(empty_session=status), clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.leave(session_id, api.join(session_id))
        answer = api.project("POST", "/archive", {"sessionId": session_id})
    assert answer.status == status
    assert "No clients are actively connected" in answer.json()["message"]


@pytest.mark.trap(90)
def test_reply_to_a_change_of_layout_can_be_empty() -> None:
    with serve(strict=Rules(layout_reply="empty"), clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        archive_id = api.start_archive(session_id)["id"]
        answer = api.project("PUT", f"/archive/{archive_id}/layout", {"type": "pip"})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("first_publish", "seconds", "status"),
    [(False, 61, "paused"), (True, 59, "paused"), (True, 61, "stopped")],
)
def test_archive_that_nobody_publishes_into(
    first_publish: bool, seconds: int, status: str
) -> None:
    rules = Rules(first_publish=first_publish)
    with serve(strict=rules, clock=Clock(lambda: NOW), processing_delay=9) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id, publish=False)
        archive_id = api.start_archive(session_id)["id"]
        api.advance(seconds)
        assert api.archive(archive_id)["status"] == status


def test_first_publish_saves_it_for_good() -> None:
    rules = Rules(first_publish=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id, publish=False)
        archive_id = api.start_archive(session_id)["id"]
        api.advance(59)
        joined = api.join(session_id)
        api.advance(10)
        api.leave(session_id, joined)
        api.advance(3000)
        assert api.archive(archive_id)["status"] == "paused"


# What clients send.


@pytest.mark.trap(58)
@pytest.mark.parametrize("body", [None, b"", {}])
@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_stop_needs_neither_a_body_nor_a_content_type(
    api: Api, live: str, body: object, content_type: str | None
) -> None:
    path = f"/archive/{api.start_archive(live)['id']}/stop"
    answer = api.project("POST", path, body, headers={"Content-Type": content_type})
    assert (answer.status, answer.json()["status"]) == (200, "stopped")


@pytest.mark.trap(58)
def test_start_says_started_even_if_nobody_publishes(api: Api, session_id: str) -> None:
    api.join(session_id, publish=False)
    assert api.start_archive(session_id)["status"] == "started"


@pytest.mark.trap(51, 64)
def test_odd_headers_of_a_read_are_no_matter(api: Api) -> None:
    headers: dict[str, str | None] = {
        "headers": "[object Object]",
        "Content-Type": "application/json",
    }
    assert api.project("GET", "/archive", headers=headers).status == 200


@pytest.mark.trap(72)
def test_count_that_is_left_out_is_fifty(api: Api, live: str) -> None:
    for tag in range(51):
        api.start_archive(live, multiArchiveTag=str(tag))
    page = api.archives("?offset=0&")
    assert (page["count"], len(page["items"])) == (51, 50)


@pytest.mark.trap(77)
def test_body_that_is_cut_off_is_refused_and_harms_nobody(api: Api, live: str) -> None:
    whole = json.dumps({"sessionId": live, "name": "caf\u00e9"}, ensure_ascii=False)
    # The length in characters, though bytes are counted.
    cut = whole.encode()[: len(whole)]
    assert api.project("POST", "/archive", cut).status == 400
    assert api.archives()["count"] == 0


# What strict rules refuse.


def refused(path: str, body: dict[str, Any], method: str = "POST") -> Answer:
    rules = Rules(refuse_unknown_fields=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        archive_id = api.start_archive(session_id, streamMode="manual")["id"]
        body = {
            key: session_id if value == "SESSION" else value for key, value in body.items()
        }
        return api.project(method, path.replace("ARCHIVE", archive_id), body)


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "/archive", {"sessionId": "SESSION", "action": "start"}, "action"),
        ("POST", "/archive", {"sessionId": "SESSION", "has_audio": True}, "has_audio"),
        (
            "POST",
            "/archive",
            {"sessionId": "SESSION", "layout": {"type": "pip", "colour": "red"}},
            "colour",
        ),
        (
            "POST",
            "/archive",
            {
                "sessionId": "SESSION",
                "hasTranscription": True,
                "transcriptionProperties": {"language": "de"},
            },
            "language",
        ),
        (
            "PUT",
            "/archive/ARCHIVE/layout",
            {"type": "bestFit", "screenshare_type": "pip"},
            "screenshare_type",
        ),
        ("PATCH", "/archive/ARCHIVE/streams", {"addStream": "x", "loud": True}, "loud"),
    ],
)
def test_undocumented_members_are_refused_by_name(
    method: str, path: str, body: dict[str, Any], named: str
) -> None:
    answer = refused(path, body, method)
    assert answer.status == 400
    assert answer.json()["message"] == f"Unknown members: {named}"
