"""Callbacks that a project registers, and what is sent to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.emulator import NOW, Api
from tests.support.receiver import Receiver, receiving
from tokbox.emulator import Server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def register(api: Api, group: str, event: str, url: str) -> dict[str, Any]:
    body = {"group": group, "event": event, "url": url}
    answer = api.project("POST", "/callback", body)
    assert answer.status == 200, answer.body
    callback: dict[str, Any] = answer.json()
    return callback


def test_callback_is_registered_listed_and_deleted(server: Server, api: Api) -> None:
    callback = register(api, "archive", "status", "https://hooks.example.org/a")
    assert uuid.UUID(callback["id"])
    assert callback == {
        "id": callback["id"],
        "group": "archive",
        "event": "status",
        "url": "https://hooks.example.org/a",
        "createdAt": NOW * 1000,
    }
    second = register(api, "stream", "created", "http://localhost/b")
    assert api.project("GET", "/callback").json() == [callback, second]
    answer = api.project("DELETE", f"/callback/{callback['id']}")
    assert (answer.status, answer.body) == (204, b"")
    assert api.project("GET", "/callback").json() == [second]
    assert len(server.requests(created=True)) == 2


def test_no_callbacks_are_an_empty_array(api: Api) -> None:
    assert api.project("GET", "/callback").json() == []


@pytest.mark.parametrize(
    ("group", "event"),
    [
        ("connection", "created"),
        ("connection", "destroyed"),
        ("stream", "created"),
        ("stream", "destroyed"),
        ("archive", "status"),
        ("sip_call", "created"),
        ("sip_call", "destroyed"),
    ],
)
def test_every_documented_event_can_be_registered(api: Api, group: str, event: str) -> None:
    assert register(api, group, event, "http://localhost/")["event"] == event


@pytest.mark.parametrize(
    "change",
    [
        {"group": "broadcast"},
        {"group": None},
        {"group": ["archive"]},
        {"event": "created"},
        {"event": None},
        {"event": 7},
        {"url": None},
        {"url": "hooks.example.org"},
        {"url": "ftp://example.org"},
        {"url": "http://"},
        {"url": "http://[x"},
        {"url": "http://a b"},
        {"url": 7},
    ],
)
def test_malformed_callback_is_refused(api: Api, change: dict[str, Any]) -> None:
    body = {"group": "archive", "event": "status", "url": "http://localhost/"}
    assert api.project("POST", "/callback", {**body, **change}).status == 400
    assert api.project("GET", "/callback").json() == []


def test_registered_url_receives_events_until_it_is_deleted(
    server: Server, api: Api, receiver: Receiver
) -> None:
    wanted = register(api, "connection", "created", receiver.url)
    register(api, "archive", "status", receiver.url)
    session_id = api.create_session()
    api.join(session_id)
    archive_id = api.start_archive(session_id)["id"]
    server.drain_webhooks()
    bodies = [one.json() for one in receiver.received]
    assert [body["event"] for body in bodies] == ["connectionCreated", "archive"]
    assert bodies[1]["id"] == archive_id
    assert api.project("DELETE", f"/callback/{wanted['id']}").status == 204
    api.join(session_id)
    server.drain_webhooks()
    assert len(receiver.received) == 2


def test_url_that_is_registered_twice_gets_each_event_once(
    server: Server, api: Api, receiver: Receiver
) -> None:
    for _ in range(2):
        register(api, "connection", "created", receiver.url)
    api.join(api.create_session())
    server.drain_webhooks()
    assert len(receiver.received) == 1


def test_callbacks_of_another_project_are_hidden_and_kept(api: Api, other: Api) -> None:
    callback = register(api, "archive", "status", "http://localhost/")
    assert other.project("GET", "/callback").json() == []
    assert other.project("DELETE", f"/callback/{callback['id']}").status == 404
    assert api.project("GET", "/callback").json() == [callback]


def test_application_has_no_callbacks(application: Api) -> None:
    body = {"group": "archive", "event": "status", "url": "http://localhost/"}
    for method, path in (("POST", ""), ("GET", ""), ("DELETE", "/x")):
        answer = application.project(method, f"/callback{path}", body)
        assert answer.status == 404
        assert "settings" in answer.json()["message"]
