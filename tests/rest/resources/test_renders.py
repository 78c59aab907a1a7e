"""Renders: Experience Composers started, found and stopped."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, claims, sent
from tokbox import errors
from tokbox.response_enums import RenderStatus
from tokbox.transport import Request, Response
from tokbox.types import Render

ROOT = f"/v2/project/{KEY}/render"
ID = "4a5b6c7d"
PAGE = "https://app.example.org/view"
STARTING: dict[str, Any] = {
    "id": ID,
    "sessionId": SESSION,
    "projectId": KEY,
    "createdAt": 1700000400000,
    "updatedAt": 1700000400000,
    "url": PAGE,
    "resolution": "1280x720",
    "status": "starting",
    "name": "stage",
    "event": "render",
}


def test_a_plain_start_leaves_the_defaults_to_the_service(make: Make) -> None:
    tb, script = make(Response(202, {}, answers(STARTING).body))
    render = tb.renders.start(SESSION, PAGE, token="T1==abc")
    body = {"sessionId": SESSION, "token": "T1==abc", "url": PAGE}
    assert sent(script) == ("POST", ROOT, body)
    assert (render.id, render.session_id, render.project_id) == (ID, SESSION, KEY)
    assert render.status is RenderStatus.STARTING
    assert (render.name, render.url, render.resolution) == ("stage", PAGE, "1280x720")
    assert dict(render.unknown) == {}


@pytest.mark.trap(53)
def test_every_option_of_a_start_is_sent_by_its_name(make: Make) -> None:
    tb, script = make(answers(STARTING))
    tb.session(SESSION).start_render(
        PAGE,
        token="T1==abc",
        name="stage",
        resolution="1920x1080",
        max_duration=36_000,
        status_callback_url="https://hooks.example/r",
    )
    assert sent(script)[2] == {
        "sessionId": SESSION,
        "token": "T1==abc",
        "url": PAGE,
        "maxDuration": 36_000,
        "resolution": "1920x1080",
        "statusCallbackUrl": "https://hooks.example/r",
        "properties": {"name": "stage"},
    }


def test_without_a_token_one_is_signed_for_a_publisher_for_ten_minutes(make: Make) -> None:
    tb, script = make(answers(STARTING))
    tb.renders.start(SESSION, PAGE)
    assert claims(sent(script)[2]["token"]) == (SESSION, "publisher", 600)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"session_id": FOREIGN}, "session_id"),
        ({"token": 5}, "token"),
        ({"url": "https://a.bcde"}, "url"),
        ({"url": "https://" + "a" * 2041}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://a.example/ b"}, "url"),
        ({"url": None}, "url"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"resolution": "1x1"}, "resolution"),
        ({"max_duration": 59}, "max_duration"),
        ({"max_duration": 36_001}, "max_duration"),
        ({"status_callback_url": "x"}, "status_callback_url"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.renders.start(**{"session_id": SESSION, "url": PAGE, **options})
    assert caught.value.field == field
    assert script.requests == []


def test_a_url_with_a_query_is_not_shown_when_it_is_refused(make: Make) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        make()[0].renders.start(SESSION, "ftp://a.example/?token=canary")
    assert "canary" not in f"{caught.value}{caught.value.value}"


@pytest.mark.trap(63, 89)
@pytest.mark.parametrize("status", [200, 204])
def test_a_render_stops_with_either_status(status: int, make: Make) -> None:
    tb, script = make(Response(status, {}, b""))
    tb.renders.stop(ID)
    assert sent(script) == ("DELETE", f"{ROOT}/{ID}", None)


def test_one_that_has_stopped_is_not_found(make: Make) -> None:
    body = b'{"code":404,"message":"not found or it has already stopped."}'
    with pytest.raises(errors.NotFoundError, match="already stopped"):
        make(Response(404, {}, body))[0].renders.stop(ID)


def test_one_render_is_looked_at(make: Make) -> None:
    properties = {
        "status": "stopped",
        "reason": "Max duration exceeded.",
        "streamId": "s",
        "callbackUrl": "https://hooks.example/r",
    }
    tb, script = make(answers({**STARTING, **properties}))
    render = tb.renders.get(ID)
    assert sent(script) == ("GET", f"{ROOT}/{ID}", None)
    assert (render.status, render.reason) == ("stopped", "Max duration exceeded.")
    assert (render.stream_id, render.callback_url) == ("s", "https://hooks.example/r")


def test_a_status_that_is_new_is_its_word() -> None:
    assert Render.from_json({**STARTING, "status": "hovering"}).status == "hovering"


def test_a_list_sends_the_given_options(make: Make) -> None:
    tb, script = make(answers({"count": 1, "items": [STARTING]}))
    page = tb.renders.list(offset=5, count=10)
    query = parse_qs(urlsplit(script.requests[0].url).query)
    assert query == {"offset": ["5"], "count": ["10"]}
    assert (page.total, page.offset, [each.id for each in page]) == (1, 5, [ID])


@pytest.mark.trap(91)
@pytest.mark.parametrize("counts_all", [True, False])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
def test_iter_reads_every_page_for_any_reported_count(
    count: int, counts_all: bool, make: Make
) -> None:
    ids = [f"r{number}" for number in range(count)]

    def serve(request: Request) -> Response:
        query = parse_qs(urlsplit(request.url).query)
        offset, size = int(query["offset"][0]), int(query["count"][0])
        items = [{**STARTING, "id": each} for each in ids[offset : offset + size]]
        return answers({"count": count if counts_all else len(items), "items": items})

    tb, _ = make(serve)
    assert [each.id for each in tb.renders.iter(page_size=10)] == ids


def test_iter_checks_its_argument_at_once(make: Make) -> None:
    with pytest.raises(errors.InvalidInputError):
        make()[0].renders.iter(page_size=1001)
