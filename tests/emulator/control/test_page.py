"""The page without a browser: its files, its state, and what it may ask for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.emulator import (
    APPLICATION,
    KEY,
    NOW,
    OTHER_KEY,
    SECRET,
    Api,
    client_token,
    jwt,
    t1_token,
)
from tokbox.emulator import Server

NOTHING: dict[str, str | None] = {"X-OPENTOK-AUTH": None, "Accept": "*/*"}


def get(api: Api, path: str, **headers: str | None) -> Any:
    return api.request("GET", path, headers={**NOTHING, **headers})


# Files.


def test_page_is_there_and_allows_nothing_from_elsewhere(api: Api) -> None:
    answer = get(api, "/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def links(text: str) -> set[str]:
    """The paths that a file of the page refers to."""
    found = re.findall(r'(?:src|href)="([^"#]+)"|(?:from|import) "\./([\w.]+)"', text)
    return {path or f"/_emulator/page/{name}" for path, name in found}


def test_all_resources_of_the_page_exist_on_the_emulator(api: Api) -> None:
    seen: set[str] = set()
    waiting = {"/"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = get(api, path)
        assert answer.status == 200, path
        text = answer.body.decode()
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text
        waiting |= links(text) - seen
    assert {"/_emulator/page/sessions.js", "/_emulator/page/style.css"} <= seen
    assert len(seen) >= 9


def test_text_becomes_markup_nowhere(api: Api) -> None:
    for name in ("main", "sessions", "log", "inspector", "dom"):
        text = get(api, f"/_emulator/page/{name}.js").body.decode()
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ):
            assert way not in text


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Fpage.py", "%2e%2e/page.py", "__init__.py", ""]
)
def test_no_other_file_is_there(api: Api, name: str) -> None:
    assert get(api, f"/_emulator/page/{name}").status == 404


# State.


def state(api: Api, query: str = "") -> dict[str, Any]:
    answer = get(api, f"/_emulator/state{query}")
    assert answer.status == 200
    content: dict[str, Any] = answer.json()
    return content


def test_state_lists_clients_and_streams(api: Api) -> None:
    session_id = api.create_session(archiveMode="always")
    api.join(session_id, connection_data="name=Ada")
    archive_id = api.start_archive(session_id, name="weekly", multiArchiveTag="b")["id"]
    content = state(api)
    (session,) = content["sessions"]
    assert (session["sessionId"], session["projectId"]) == (session_id, KEY)
    assert session["alwaysArchived"]
    (connection,) = session["connections"]
    assert (connection["data"], len(connection["streams"])) == ("name=Ada", 1)
    by_call, automatic = session["archives"]
    assert (by_call["name"], by_call["status"]) == ("weekly", "started")
    assert by_call["stop"] == {"method": "POST", "path": f"/archive/{archive_id}/stop"}
    # An automatic archive cannot be stopped.
    assert automatic["stop"] is None
    assert content["now"] == NOW * 1000
    assert [tenant["id"] for tenant in content["projects"]] == [KEY, OTHER_KEY, APPLICATION]


def test_state_lists_jobs_and_how_to_stop_them(api: Api, live: str) -> None:
    target = {"serverUrl": "rtmp://live.example.net/app", "streamName": "example0key"}
    page, socket = "https://app.example.org/view", {"uri": "wss://socket.example.org/"}
    api.start("broadcast", live, outputs={"hls": {}, "rtmp": target})
    api.start("render", live, url=page, properties={"name": "stage"})
    api.start("captions", live)
    api.start("dial", live, sip={"uri": "sip:user@example.org"})
    api.start("connect", live, websocket=socket)
    (session,) = state(api)["sessions"]
    jobs = {job["kind"]: job for job in reversed(session["jobs"])}
    assert {kind: job["status"] for kind, job in jobs.items()} == {
        "broadcast": "started",
        "render": "starting",
        "captions": "started",
        "call": "DIALING",
        "connector": "connected",
    }
    assert jobs["render"]["name"] == "stage"
    assert jobs["broadcast"]["outputs"] == ["HLS connecting", "RTMP connecting"]
    assert "example0key" not in get(api, "/_emulator/state").body.decode()
    for job in jobs.values():
        stop = job["stop"]
        path = f"/_emulator/as/{KEY}/v2/project/{KEY}{stop['path']}"
        assert api.request(stop["method"], path, headers=NOTHING).status in (200, 202, 204)
    (session,) = state(api)["sessions"]
    assert len(session["connections"]) == 1
    assert [job["stop"] for job in session["jobs"]] == [None] * 5
    assert session["jobs"][-1]["outputs"] == ["HLS ended", "RTMP offline"]


def test_state_shows_the_newest_sessions_first_and_counts_all(api: Api) -> None:
    ids = [api.create_session() for _ in range(53)]
    content = state(api)
    assert content["sessionCount"] == 53
    assert [session["sessionId"] for session in content["sessions"]] == ids[:2:-1]


def test_state_has_the_calls_after_a_number(api: Api) -> None:
    api.create_session()
    api.archives()
    content = state(api)
    assert [call["method"] for call in content["calls"]] == ["POST", "GET"]
    assert content["count"] == 2
    assert content["lastNumber"] == content["calls"][-1]["number"]
    assert state(api, f"?after={content['lastNumber']}")["calls"] == []
    api.create_session()
    (call,) = state(api, f"?after={content['lastNumber']}")["calls"]
    assert call["method"] == "POST"
    # A number from before a fresh start.
    assert len(state(api, "?after=999999999")["calls"]) == 3
    assert get(api, "/_emulator/state?after=x").status == 400


def test_state_contains_no_secrets(server: Server, api: Api, live: str) -> None:
    body = get(api, "/_emulator/state").body.decode()
    assert SECRET not in body
    assert "PRIVATE" not in body
    assert "eyJ" not in body


# Requests on behalf of a project.


def test_page_calls_the_service_for_a_tenant(api: Api, server: Server) -> None:
    answer = api.request(
        "POST", f"/_emulator/as/{KEY}/session/create", headers={"X-OPENTOK-AUTH": None}
    )
    session_id = answer.json()[0]["session_id"]
    api.join(session_id)
    answer = api.request(
        "POST",
        f"/_emulator/as/{KEY}/v2/project/{KEY}/archive",
        {"sessionId": session_id},
        headers={"X-OPENTOK-AUTH": None},
    )
    assert answer.json()["status"] == "started"
    assert [(entry.project_id, entry.created) for entry in server.requests()] == [
        (KEY, True)
    ] * 2


@pytest.mark.parametrize(
    ("tenant", "project", "status"), [("999", "999", 404), (KEY, OTHER_KEY, 403)]
)
def test_calls_for_an_unknown_tenant_are_refused(
    api: Api, tenant: str, project: str, status: int
) -> None:
    path = f"/_emulator/as/{tenant}/v2/project/{project}/archive"
    assert get(api, path).status == status


def test_clients_can_join_without_a_token(api: Api, session_id: str) -> None:
    path = f"/_emulator/session/{session_id}/client"
    answer = api.request("POST", path, {"role": "moderator", "data": "x", "publish": True})
    assert answer.status == 201
    assert answer.json()["streamId"]
    assert api.request("POST", path).status == 201
    connections = state(api)["sessions"][0]["connections"]
    assert [(one["role"], one["data"]) for one in connections] == [
        ("moderator", "x"),
        ("publisher", ""),
    ]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"role": "king"}, 400, "role"),
        ({"data": 1}, 400, "data"),
        ({"publish": 1}, 400, "publish"),
        ({"role": "subscriber", "publish": True}, 403, "subscriber"),
    ],
)
def test_client_that_cannot_join_gets_the_reason(
    api: Api, session_id: str, body: Any, status: int, named: str
) -> None:
    answer = api.request("POST", f"/_emulator/session/{session_id}/client", body)
    assert answer.status == status
    assert named in answer.json()["message"]
    assert state(api)["sessions"][0]["connections"] == []


# The inspector.


def inspect(api: Api, token: str) -> dict[str, Any]:
    answer = api.request("POST", "/_emulator/inspect", {"token": token}, headers=NOTHING)
    assert answer.status == 200, answer.body
    content: dict[str, Any] = answer.json()
    return content


@pytest.mark.parametrize("make", [client_token, t1_token])
def test_good_token_is_accepted(api: Api, session_id: str, make: Any) -> None:
    found = inspect(api, f"  {make(session_id)}\n")
    assert found["result"] == "accepted"
    assert found["reason"] == "Accepted: its holder joins the session as a publisher."
    assert found["claims"]["session"] == session_id
    assert found["expires"] > found["now"] == NOW * 1000


def test_expired_token_is_refused_in_a_sentence(api: Api, session_id: str) -> None:
    token = client_token(session_id, exp=NOW + 60)
    assert inspect(api, token)["result"] == "accepted"
    api.advance(240)
    found = inspect(api, token)
    assert found["result"] == "refused"
    assert found["reason"].startswith("Refused with client error 1004: the token expired")
    assert (found["expires"] - found["now"]) / 1000 == -180


@pytest.mark.parametrize(
    ("token", "result", "word"),
    [
        ("nonsense", "refused", "no token"),
        ("T1==abc", "refused", "no token"),
        (jwt({"iss": KEY, "role": "king"}), "refused", "no token"),
    ],
)
def test_an_invalid_token_is_reported_as_invalid(
    api: Api, token: str, result: str, word: str
) -> None:
    found = inspect(api, token)
    assert found["result"] == result
    assert word in found["reason"]


def test_wrong_secret_is_found(api: Api, session_id: str) -> None:
    found = inspect(api, client_token(session_id, secret="another0secret"))
    assert found["result"] == "refused"
    assert "signature" in found["reason"]


def test_token_of_an_unknown_tenant_is_not_verified(api: Api, session_id: str) -> None:
    found = inspect(api, client_token(session_id, key="999"))
    assert found["result"] == "unknown"
    assert "999" in found["reason"]


def test_good_token_of_a_session_from_elsewhere_is_refused(
    api: Api, session_id: str
) -> None:
    token = client_token(session_id)
    api.request("POST", "/_emulator/reset")
    found = inspect(api, token)
    assert found["result"] == "refused"
    assert "not created here" in found["reason"]


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 1}, {"token": "x" * 70_000}])
def test_inspector_needs_a_token(api: Api, body: Any) -> None:
    assert api.request("POST", "/_emulator/inspect", body).status == 400


# Other pages.


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
    ],
)
def test_page_from_elsewhere_controls_nothing(
    api: Api, session_id: str, headers: dict[str, str | None]
) -> None:
    for path in ("/_emulator/reset", f"/_emulator/as/{KEY}/session/create"):
        assert api.request("POST", path, headers=headers).status == 403
    assert state(api)["sessionCount"] == 1


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "[::", "192.0.2.1"])
def test_another_host_name_reads_nothing(api: Api, host: str) -> None:
    for path in ("/", "/_emulator/state", "/_emulator/requests"):
        assert get(api, path, Host=host).status == 403


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:99", "a.localhost", "127.0.0.2", "[::1]:8"]
)
def test_names_of_this_machine_are_taken(api: Api, host: str) -> None:
    assert get(api, "/", Host=host).status == 200
    origin = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert api.request("POST", "/_emulator/reset", headers={**origin}).status == 204
