"""Rotation of sessions to other servers, with and without migration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.emulator import Api, events_of
from tokbox.emulator import Server
from tokbox.errors import ConflictError, InvalidInputError, NotFoundError

HOUR = 3600
#: Jobs that a rotation stops, and how they are started.
STOPPING: dict[str, dict[str, Any]] = {
    "archive": {},
    "broadcast": {"outputs": {"hls": {}}},
    "captions": {},
    "render": {"url": "https://app.example.org/view"},
}
#: Jobs that migrate with the clients, and how they are started.
MIGRATING: dict[str, dict[str, Any]] = {
    "dial": {"sip": {"uri": "sip:user@gateway.example.org"}},
    "connect": {"websocket": {"uri": "wss://media.example.org/in"}},
}

Rotate = Callable[..., None]


@pytest.fixture(params=["python", "http"])
def rotate(request: pytest.FixtureRequest, server: Server) -> Rotate:
    """Rotate a session by either control."""

    def by_http(session_id: str, **options: object) -> None:
        path = f"/_emulator/session/{session_id}/rotation"
        answer = Api(server.url).request("POST", path, options or None)
        assert answer.status == 204, answer.body

    return server.rotate_session if request.param == "python" else by_http


def start_all(api: Api, session_id: str, kinds: dict[str, dict[str, Any]]) -> None:
    for noun, options in kinds.items():
        api.start(noun, session_id, **options)


def running(server: Server, session_id: str) -> list[str]:
    """The kinds of jobs that run in a session."""
    with server._store.transaction():
        return sorted(job.kind for job in server._emulator.jobs.running(session_id))


@pytest.mark.trap(109)
def test_rotation_without_migration_disconnects_all_and_destroys_the_session(
    server: Server, tenant: Api, rotate: Rotate
) -> None:
    session_id = tenant.create_session()
    tenant.join(session_id)
    start_all(tenant, session_id, STOPPING | MIGRATING)
    sessions, connections = events_of(server, "session"), events_of(server, "connection")
    calls, archives = events_of(server, "sip_call"), events_of(server, "archive")
    rotate(session_id)
    assert running(server, session_id) == []
    assert tenant.connections(session_id) == []
    assert [(one.name, one.payload["reason"]) for one in sessions] == [
        ("destroyed", "serverRotation")
    ]
    assert {one.payload["reason"] for one in connections[-1:]} == {"forceDisconnected"}
    assert [one.name for one in calls] == ["destroyed"]
    assert [(one.payload["status"], one.payload["reason"]) for one in archives] == [
        ("stopped", "session ended")
    ]
    # The ID remains valid.
    tenant.join(session_id)
    assert [one.name for one in sessions] == ["destroyed", "created"]


@pytest.mark.trap(109)
def test_rotation_with_migration_keeps_clients_calls_and_connectors(
    server: Server, tenant: Api, rotate: Rotate
) -> None:
    session_id = tenant.create_session()
    tenant.join(session_id)
    start_all(tenant, session_id, MIGRATING)
    before = tenant.connections(session_id), tenant.streams(session_id)
    start_all(tenant, session_id, STOPPING)
    sessions = events_of(server, "session")
    rotate(session_id, migrate=True)
    assert running(server, session_id) == ["call", "connector"]
    assert (tenant.connections(session_id), tenant.streams(session_id)) == before
    assert sessions == []
    # The application starts them again, in the same session.
    start_all(tenant, session_id, STOPPING)
    assert running(server, session_id) == sorted(
        ["archive", "broadcast", "call", "captions", "connector", "render"]
    )


@pytest.mark.trap(109)
@pytest.mark.parametrize("migrate", [False, True])
def test_notifications_precede_a_rotation_by_four_hours_and_by_one(
    server: Server, api: Api, rotate: Rotate, migrate: bool
) -> None:
    session_id = api.create_session()
    joined = api.join(session_id)
    told = events_of(server, "session")
    rotate(session_id, migrate=migrate, after=5 * HOUR)
    begin_ms, seen = server.clock.now_ms(), []
    for _ in range(5):
        api.advance(HOUR)
        seen.append([one.name for one in told])
    last = [] if migrate else ["destroyed"]
    assert seen[:4] == [["notification"]] * 3 + [["notification"] * 2]
    assert seen[4] == ["notification", "notification", *last]
    for one, hours in zip(told, (1, 4, 5), strict=False):
        assert one.payload["reason"] == "serverRotation"
        assert one.at_ms == begin_ms + hours * HOUR * 1000
    assert api.connections(session_id) == ([joined["connectionId"]] if migrate else [])


@pytest.mark.parametrize(
    ("after", "notices"),
    [(0, 0), (HOUR - 1, 0), (HOUR, 1), (4 * HOUR - 1, 1), (4 * HOUR, 2)],
)
def test_only_notifications_that_are_still_possible_are_sent(
    server: Server, api: Api, rotate: Rotate, after: int, notices: int
) -> None:
    session_id = api.create_session()
    api.join(session_id)
    told = events_of(server, "session")
    rotate(session_id, after=after)
    api.advance(after)
    assert [one.name for one in told] == ["notification"] * notices + ["destroyed"]


def test_later_rotation_replaces_an_earlier_one(
    server: Server, api: Api, rotate: Rotate
) -> None:
    session_id = api.create_session()
    api.join(session_id)
    told = events_of(server, "session")
    rotate(session_id, after=5 * HOUR)
    rotate(session_id, after=600, migrate=True)
    api.advance(6 * HOUR)
    assert told == []
    assert len(api.connections(session_id)) == 1


def test_session_that_ended_is_not_rotated(
    server: Server, api: Api, rotate: Rotate
) -> None:
    session_id = api.create_session()
    joined = api.join(session_id)
    rotate(session_id, after=2 * HOUR)
    api.leave(session_id, joined)
    api.advance(61)
    api.join(session_id)
    told = events_of(server, "session")
    api.advance(3 * HOUR)
    assert told == []


def test_automatic_archive_continues_after_a_migration(api: Api, rotate: Rotate) -> None:
    session_id = api.create_session(archiveMode="always")
    api.join(session_id)
    api.advance(10)
    rotate(session_id, migrate=True)
    api.advance(2)
    second, first = api.archives()["items"]
    assert (first["status"], first["reason"]) == ("available", "session ended")
    assert second["status"] == "started"


def test_rotation_of_a_session_without_clients_is_refused(server: Server, api: Api) -> None:
    relayed = api.create_session(media="enabled")
    api.join(relayed)
    for session_id in (api.create_session(), relayed):
        with pytest.raises(ConflictError, match="not active on a media router"):
            server.rotate_session(session_id)
        path = f"/_emulator/session/{session_id}/rotation"
        assert api.request("POST", path).status == 409
    with pytest.raises(NotFoundError):
        server.rotate_session("1_none")
    assert api.request("POST", "/_emulator/session/1_none/rotation").status == 404


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"migrate": 1}, "migrate"),
        ({"migrate": "true"}, "migrate"),
        ({"after": -1}, "after"),
        ({"after": True}, "after"),
        ({"after": "1"}, "after"),
        ({"after": 365 * 86_400 + 1}, "after"),
    ],
)
def test_invalid_options_of_a_rotation_are_refused(
    server: Server, api: Api, live: str, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        server.rotate_session(live, **options)
    assert caught.value.field == named
    path = f"/_emulator/session/{live}/rotation"
    answer = api.request("POST", path, options)
    assert answer.status == 400
    assert named in answer.json()["message"]


def test_unknown_option_of_a_rotation_is_refused(api: Api, live: str) -> None:
    path = f"/_emulator/session/{live}/rotation"
    answer = api.request("POST", path, {"migrates": True})
    assert (answer.status, "'migrates'" in answer.json()["message"]) == (400, True)
