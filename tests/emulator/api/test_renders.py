"""Renders: what they publish, how they end, and what clients send and wait for."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.emulator import KEY, NOW, Api

PAGE = "https://app.example.org/view"
UNKNOWN = str(uuid.UUID(int=7))


def start(api: Api, session_id: str, **options: object) -> dict[str, Any]:
    return api.start("render", session_id, **{"url": PAGE, **options})


def refused(api: Api, session_id: str, **options: object) -> tuple[int, Any]:
    token = api.token(session_id)
    body = {"sessionId": session_id, "token": token, "url": PAGE, **options}
    answer = api.project("POST", "/render", body)
    return answer.status, answer.json()


def get(api: Api, render: dict[str, Any]) -> dict[str, Any]:
    return api.read(f"/render/{render['id']}")


@pytest.fixture
def joined(tenant: Api) -> str:
    """A session of either environment with one publisher."""
    session_id = tenant.create_session()
    tenant.join(session_id)
    return session_id


# Start.


def test_start_reply_is_complete(api: Api, live: str) -> None:
    callback = "http://127.0.0.1:9/render"
    answer = api.project(
        "POST",
        "/render/",
        {
            "sessionId": live,
            "token": api.token(live),
            "url": PAGE,
            "properties": {"name": "stage"},
            "statusCallbackUrl": callback,
        },
    )
    assert answer.status == 202
    render = answer.json()
    assert uuid.UUID(render.pop("id"))
    assert render == {
        "sessionId": live,
        "projectId": KEY,
        "createdAt": NOW * 1000,
        "updatedAt": NOW * 1000,
        "url": PAGE,
        "resolution": "1280x720",
        "status": "starting",
        "name": "stage",
        "event": "render",
        "callbackUrl": callback,
    }


def test_application_is_named_instead_of_a_project(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    render = start(application, session_id)
    assert render["applicationId"] == application.key
    assert "projectId" not in render


@pytest.mark.parametrize(
    "options",
    [
        {"url": None},
        {"url": "https://a.b/c"},
        {"url": "ftp://app.example.org/view"},
        {"url": "https:///view/of/nothing"},
        {"url": "https://[app.example.org/view"},
        {"url": "https://app.example.org/" + "v" * 2048},
        {"resolution": "1x1"},
        {"properties": []},
        {"properties": {"name": ""}},
        {"properties": {"name": "n" * 201}},
        {"statusCallbackUrl": "https://a.b/c"},
        {"token": 7},
        {"token": None},
    ],
)
def test_invalid_option_is_refused(api: Api, live: str, options: dict[str, Any]) -> None:
    assert refused(api, live, **options)[0] == 400
    assert api.read("/render")["count"] == 0


@pytest.mark.parametrize("duration", [59, 36_001, "60", True])
def test_invalid_duration_has_a_code(api: Api, live: str, duration: object) -> None:
    status, error = refused(api, live, maxDuration=duration)
    assert (status, error["code"]) == (400, 50005)
    assert error["message"] == "Invalid maxDuration provided."


@pytest.mark.trap(66)
def test_start_without_a_body_is_refused(api: Api) -> None:
    assert api.project("POST", "/render", b"").status == 400


def test_token_is_verified_at_once(api: Api, live: str) -> None:
    other = api.create_session()
    for token in (
        "nonsense",
        api.token(other),
        api.token(live, role="subscriber"),
        api.token(live, exp=NOW - 1),
    ):
        status, error = refused(api, live, token=token)
        assert (status, error["code"]) == (403, 1004)
    assert len(api.connections(live)) == 1


def test_relayed_session_is_refused(api: Api) -> None:
    session_id = api.create_session(media="enabled")
    api.join(session_id)
    assert refused(api, session_id)[0] == 409


def test_session_that_was_never_joined_is_not_found(api: Api, session_id: str) -> None:
    assert refused(api, session_id)[0] == 404


# Life.


def test_render_publishes_by_a_connection_of_its_own(tenant: Api, joined: str) -> None:
    render = start(tenant, joined, properties={"name": "stage"})
    assert "streamId" not in render
    assert len(tenant.connections(joined)) == 2
    tenant.advance(1)
    render = get(tenant, render)
    assert (render["status"], render["updatedAt"]) == ("started", NOW * 1000 + 1000)
    (stream,) = (s for s in tenant.streams(joined) if s["id"] == render["streamId"])
    assert (stream["name"], stream["videoType"]) == ("stage", "custom")


def test_archive_takes_up_what_a_render_publishes(api: Api, session_id: str) -> None:
    api.join(session_id, publish=False)
    archive = api.start_archive(session_id)
    start(api, session_id)
    # After this time the archive would have ended without the publisher.
    api.advance(3601)
    shown = api.archive(archive["id"])
    assert (shown["status"], shown["createdAt"]) == ("started", NOW * 1000 + 1000)


@pytest.mark.trap(89)
def test_stop_takes_the_stream_away(tenant: Api, joined: str) -> None:
    render = start(tenant, joined)
    tenant.advance(1)
    answer = tenant.project("DELETE", f"/render/{render['id']}/")
    assert (answer.status, answer.body) == (204 if tenant.pem else 200, b"")
    stopped = get(tenant, render)
    assert (stopped["status"], stopped["reason"]) == ("stopped", "Stop Requested.")
    assert len(tenant.streams(joined)) == len(tenant.connections(joined)) == 1
    answer = tenant.project("DELETE", f"/render/{render['id']}")
    assert (answer.status, answer.json()["code"]) == (404, 404)
    assert "not found or it has already stopped" in answer.json()["message"]


def test_render_can_be_stopped_before_it_has_started(api: Api, live: str) -> None:
    render = start(api, live)
    assert api.project("DELETE", f"/render/{render['id']}").status == 200
    api.advance(5)
    assert get(api, render)["status"] == "stopped"
    assert len(api.streams(live)) == 1


@pytest.mark.parametrize(("options", "seconds"), [({"maxDuration": 60}, 60), ({}, 7200)])
def test_render_ends_after_its_longest_duration(
    api: Api, live: str, options: dict[str, Any], seconds: int
) -> None:
    render = start(api, live, **options)
    api.advance(seconds - 1)
    assert get(api, render)["status"] == "started"
    api.advance(5)
    ended = get(api, render)
    assert (ended["status"], ended["reason"]) == ("stopped", "Max Duration Exceeded.")
    assert ended["updatedAt"] == (NOW + seconds) * 1000
    assert len(api.connections(live)) == 1


def test_page_that_cannot_be_loaded_fails(api: Api, live: str) -> None:
    render = start(api, live, url="https://app.invalid/view")
    assert render["status"] == "starting"
    api.advance(1)
    failed = get(api, render)
    assert (failed["status"], failed["reason"]) == ("failed", "Could not load URL")
    assert "streamId" not in failed
    assert len(api.connections(live)) == 1


@pytest.mark.parametrize("seconds", [0, 1])
def test_render_ends_with_its_connection(api: Api, live: str, seconds: int) -> None:
    before = api.connections(live)
    render = start(api, live)
    api.advance(seconds)
    (connection_id,) = set(api.connections(live)) - set(before)
    api.project("DELETE", f"/session/{live}/connection/{connection_id}")
    assert get(api, render)["status"] == "stopped"
    api.advance(2)
    assert len(api.streams(live)) == 1


# Reads.


def test_list_is_newest_first_and_counts_all(tenant: Api, joined: str) -> None:
    ids = [start(tenant, joined)["id"] for _ in range(4)]
    tenant.project("DELETE", f"/render/{ids[0]}")
    page = tenant.read("/render?offset=1&count=2")
    assert (page["count"], [item["id"] for item in page["items"]]) == (4, [ids[2], ids[1]])


@pytest.mark.trap(66)
def test_render_may_be_read_by_post(api: Api, live: str) -> None:
    render = start(api, live)
    answer = api.project("POST", f"/render/{render['id']}/")
    assert (answer.status, answer.json()) == (200, render)


def test_unknown_render_is_not_found(api: Api, other: Api, live: str) -> None:
    render = start(api, live)
    for method in ("GET", "DELETE"):
        assert api.project(method, f"/render/{UNKNOWN}").status == 404
        assert other.project(method, f"/render/{render['id']}").status == 404
    assert other.read("/render")["count"] == 0
