"""The log of requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import KEY, NOW, Api, client_token, jwt, t1_token
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.store import request_log


def entries(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.request("GET", f"/_emulator/requests{query}")
    assert answer.status == 200, answer.body
    content = answer.json()
    assert content["count"] == len(content["items"])
    items: list[dict[str, Any]] = content["items"]
    return items


def test_entry_contains_the_caller_request_and_result(api: Api) -> None:
    answer = api.request("POST", "/session/create?debug=1", b"location=127.0.0.1")
    (entry,) = entries(api)
    duration = entry.pop("duration")
    assert isinstance(duration, float)
    assert duration > 0
    assert isinstance(entry.pop("number"), int)
    assert entry == {
        "at": NOW * 1000,
        "requestId": answer.headers["X-Request-Id"],
        "method": "POST",
        "path": "/session/create",
        "query": "debug=1",
        "projectId": KEY,
        "status": 200,
        "created": True,
        "fault": None,
    }


def test_request_ids_differ(api: Api) -> None:
    for _ in range(3):
        api.create_session()
    assert len({entry["requestId"] for entry in entries(api)}) == 3


def test_creations_can_be_counted(server: Server, api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    api.stop_archive(archive_id)
    assert api.project("POST", "/archive", {"sessionId": "nonsense"}).status == 400
    assert [entry.path for entry in server.requests(created=True)] == [
        "/session/create",
        f"/v2/project/{KEY}/archive",
    ]


def test_refused_calls_are_there_too(server: Server, api: Api, other: Api) -> None:
    api.request("POST", "/session/create", b"e2ee=x")
    api.request("POST", "/session/create", headers={"X-OPENTOK-AUTH": "nonsense"})
    other.request("GET", f"/v2/project/{KEY}/archive")
    api.request("GET", "/nowhere")
    api.request("PATCH", "/session/create")
    assert [
        (entry.status, entry.project_id, entry.created) for entry in server.requests()
    ] == [
        (400, KEY, False),
        (403, None, False),
        (403, other.key, False),
        (404, None, False),
        (405, None, False),
    ]


def test_control_calls_are_not_there(api: Api) -> None:
    api.request("GET", "/_emulator/")
    api.request("GET", "/_emulator/nothing")
    api.advance(1)
    assert entries(api) == []


def test_path_is_as_it_was_sent(api: Api) -> None:
    api.request("GET", f"/v2/partner/{KEY}/archive/?offset=0&&count=1")
    (entry,) = entries(api)
    assert entry["path"] == f"/v2/partner/{KEY}/archive/"
    assert entry["query"] == "offset=0&&count=1"


def test_filters_combine(server: Server, api: Api, other: Api) -> None:
    first = api.create_session()
    other.create_session()
    api.archives()
    api.project("GET", f"/session/{first}/stream")

    def found(query: str) -> list[str]:
        return [f"{entry['method']} {entry['projectId']}" for entry in entries(api, query)]

    assert found("?method=post") == [f"POST {KEY}", f"POST {other.key}"]
    assert found(f"?method=POST&project_id={KEY}") == [f"POST {KEY}"]
    assert found("?path=/v2/project/*/archive") == [f"GET {KEY}"]
    assert found("?path=*stream&status=404") == [f"GET {KEY}"]
    assert found("?created=false&status=200") == [f"GET {KEY}"]
    assert found("?count=1") == [f"POST {KEY}"]
    (last,) = entries(api, "?status=404")
    assert found(f"?after={last['number'] - 1}") == [f"GET {KEY}"]
    assert entries(api, f"?after={last['number']}") == []
    assert [entry.describe() for entry in server.requests(status=404)] == [last]


@pytest.mark.parametrize(
    "path", ["/session/cr[e]ate", "/session/cr?ate", "/SESSION/create"]
)
def test_path_filter_supports_only_the_star_wildcard(
    server: Server, api: Api, path: str
) -> None:
    api.create_session()
    assert server.requests(path=path) == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?status=x", "status"),
        ("?after=-1", "after"),
        ("?count=10001", "count"),
        ("?created=yes", "created"),
        ("?colour=red", "'colour'"),
    ],
)
def test_bad_filter_is_refused_by_name(api: Api, query: str, named: str) -> None:
    answer = api.request("GET", f"/_emulator/requests{query}")
    assert answer.status == 400
    assert named in answer.json()["message"]


def test_cleared_log_goes_on_counting(server: Server, api: Api) -> None:
    api.create_session()
    (before,) = server.requests()
    assert api.request("DELETE", "/_emulator/requests").status == 204
    assert server.requests() == []
    api.create_session()
    (after,) = server.requests()
    assert after.number > before.number


def test_log_has_no_credentials_and_no_tokens(server: Server, api: Api) -> None:
    tokens = [client_token("1_abc"), t1_token("1_abc"), jwt({"a": 1})]
    for token in tokens:
        api.request("GET", f"/session/{token}")
        api.request("GET", f"/session/x?token={token.replace('=', '%3D')}&kept=1")
    text = json.dumps([entry.describe() for entry in server.requests()])
    assert text.count("(token)") == 6
    assert text.count("kept=1") == 3
    for token in tokens:
        assert token[-12:-4] not in text
    assert "eyJ" not in text


def test_only_so_many_entries_are_kept(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    monkeypatch.setattr(request_log, "LIMIT", 5)
    for _ in range(8):
        api.archives()
    numbers = [entry["number"] for entry in entries(api)]
    assert len(numbers) == 5
    assert numbers == list(range(numbers[-1] - 4, numbers[-1] + 1))


def test_log_survives_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    seen = []
    for _ in range(2):
        with serve(db=db, clock=Clock(lambda: NOW)) as server:
            Api(server.url).create_session()
            seen.append(server.requests())
    assert [len(entries) for entries in seen] == [1, 2]
    assert seen[1][0] == seen[0][0]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An emulator whose request log cannot be written."""

    def fail(*args: object) -> None:
        raise OSError("the disk is full")

    with serve(clock=Clock(lambda: NOW)) as server:
        monkeypatch.setattr(request_log.RequestLog, "add", fail)
        yield server


def test_effect_and_entry_are_there_together_or_not_at_all(broken: Server) -> None:
    api = Api(broken.url)
    assert api.request("POST", "/session/create").status == 500
    index = api.request("GET", "/_emulator/").json()
    assert index["projects"][0]["sessions"] == 0
