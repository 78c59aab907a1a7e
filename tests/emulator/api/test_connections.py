"""The connections of sessions."""

from __future__ import annotations

import pytest

from tests.support.emulator import APPLICATION, KEY, NOW, Api
from tokbox.emulator import Clock, Rules, serve


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


@pytest.mark.trap(102)
@pytest.mark.parametrize("name", ["projectId", "applicationId"])
def test_name_of_an_applications_id_varies_by_a_rule(name: str) -> None:
    rules = Rules() if name == "projectId" else Rules(connection_owner=name)  # type: ignore[arg-type]
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        application = Api(server.url, APPLICATION, pem=server.private_key)
        project = Api(server.url)
        shown = []
        for api in (application, project):
            session_id = api.create_session()
            api.join(session_id)
            answer = api.project("GET", f"/session/{session_id}/connection").json()
            shown.append({key: answer[key] for key in answer if key.endswith("ctId")})
            shown[-1] |= {key: answer[key] for key in answer if key == "applicationId"}
    assert shown == [{name: APPLICATION}, {"projectId": KEY}]
