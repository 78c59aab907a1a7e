"""The connections of sessions."""

from __future__ import annotations

import pytest

from tests.support.emulator import APPLICATION, KEY, NOW, Api


@pytest.mark.trap(68)
def test_connections_are_listed(api: Api, session_id: str) -> None:
    api.advance(0.25)
    one, two = api.join(session_id), api.join(session_id, publish=False)
    answer = api.project("GET", f"/session/{session_id}/connection/")
    assert answer.json() == {
        "count": 2,
        "projectId": KEY,
        "sessionId": session_id,
        "items": [
            {
                "connectionId": joined["connectionId"],
                "connectionState": "Connected",
                "createdAt": NOW * 1000 + 250,
            }
            for joined in (one, two)
        ],
    }


def test_application_is_named_as_such(application: Api) -> None:
    session_id = application.create_session()
    application.join(session_id)
    answer = application.project("GET", f"/session/{session_id}/connection").json()
    assert answer["applicationId"] == APPLICATION
    assert "projectId" not in answer
