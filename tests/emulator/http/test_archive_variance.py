"""Archives: what clients were seen to send, and what depends on rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.emulator import NOW, Api
from tokbox.emulator import Clock, Rules, serve


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


@pytest.mark.parametrize(
    ("first_publish", "seconds", "status"),
    [(False, 61, "paused"), (True, 59, "paused"), (True, 61, "stopped")],
)
def test_archive_without_publishers(first_publish: bool, seconds: int, status: str) -> None:
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


# Requests as clients send them.


@pytest.mark.trap(58)
@pytest.mark.parametrize("body", [None, b"", {}])
@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_stop_needs_no_body_and_no_content_type(
    api: Api, live: str, body: object, content_type: str | None
) -> None:
    path = f"/archive/{api.start_archive(live)['id']}/stop"
    answer = api.project("POST", path, body, headers={"Content-Type": content_type})
    assert (answer.status, answer.json()["status"]) == (200, "stopped")


@pytest.mark.trap(58)
def test_start_returns_started_even_without_publishers(api: Api, session_id: str) -> None:
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
def test_truncated_body_is_refused_and_harmless(api: Api, live: str) -> None:
    whole = json.dumps({"sessionId": live, "name": "caf\u00e9"}, ensure_ascii=False)
    # The length in characters, though bytes are counted.
    cut = whole.encode()[: len(whole)]
    assert api.project("POST", "/archive", cut).status == 400
    assert api.archives()["count"] == 0


# Requests that strict rules refuse.


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "layout", {"type": "bestFit", "screenshare_type": "pip"}),
        ("PATCH", "streams", {"removeStream": "x", "hasAudio": True}),
    ],
)
def test_undocumented_members_of_changes_are_refused(
    method: str, path: str, body: dict[str, Any]
) -> None:
    rules = Rules(refuse_unknown_fields=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        session_id = api.create_session()
        api.join(session_id)
        archive_id = api.start_archive(session_id, streamMode="manual")["id"]
        answer = api.project(method, f"/archive/{archive_id}/{path}", body)
    assert answer.status == 400
    assert answer.json()["message"] == f"Unknown members: {list(body)[-1]}"
