"""Connections: who is connected to a session."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, sent
from tokbox import errors
from tokbox.response_enums import ConnectionState

ID = "8c1d2e3f-4a5b-4c6d-8e9f-0a1b2c3d4e5f"
CONNECTED = {
    "connectionId": ID,
    "connectionState": "Connected",
    "createdAt": 1700000150000,
}
LIST = {"count": 1, "projectId": KEY, "sessionId": SESSION, "items": [CONNECTED]}


def test_a_sessions_connections_are_listed(make: Make) -> None:
    tb, script = make(answers(LIST))
    (connection,) = page = tb.connections.list(SESSION)
    path = f"/v2/project/{KEY}/session/{SESSION}/connection"
    assert sent(script) == ("GET", path, None)
    assert (page.total, len(page)) == (1, 1)
    assert (connection.id, connection.created_ms) == (ID, 1700000150000)
    assert connection.state is ConnectionState.CONNECTED
    assert dict(connection.unknown) == {}
    assert [*tb.connections.iter(SESSION)] == [connection]
    assert [*tb.session(SESSION).list_connections()] == [connection]


@pytest.mark.trap(102)
@pytest.mark.parametrize("tenant", [{"projectId": KEY}, {"applicationId": "3f2b"}])
def test_unknown_fields_of_the_list_are_kept(tenant: dict[str, str], make: Make) -> None:
    tb, _ = make(answers({"count": 0, "items": [], **tenant}))
    assert dict(tb.connections.list(SESSION).unknown) == tenant


@pytest.mark.parametrize(
    ("properties", "field", "value"),
    [
        ({"createdAt": "1700000150000"}, "created_ms", 1700000150000),
        ({"connectionState": "Hovering"}, "state", "Hovering"),
        ({"connectionState": None}, "state", ""),
    ],
)
def test_the_services_moods_are_tolerated(
    properties: dict[str, Any], field: str, value: object, make: Make
) -> None:
    tb, _ = make(answers({"count": 1, "items": [{**CONNECTED, **properties}]}))
    assert getattr(tb.connections.list(SESSION)[0], field) == value


def test_a_list_without_a_count_counts_itself(make: Make) -> None:
    tb, _ = make(answers({"items": [CONNECTED]}))
    assert tb.connections.list(SESSION).total == 1


def test_a_foreign_session_is_refused(make: Make) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.connections.iter(FOREIGN)
    assert caught.value.field == "session_id"
    assert script.requests == []
