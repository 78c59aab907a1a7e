"""The web applications in examples/, against the emulator."""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.contract import join_with
from tokbox.emulator import Server, serve

pytest.importorskip("fastapi")
pytest.importorskip("django")

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Send a request; return the status and the JSON of the response.
Call = Callable[..., tuple[int, Any]]


def load(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Django and FastAPI look the module up by its name, and Django keeps its views.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serve(processing_delay=0) as server:
        monkeypatch.setenv("TOKBOX_API_KEY", server.api_key)
        monkeypatch.setenv("TOKBOX_SECRET", server.secret)
        monkeypatch.setenv("TOKBOX_API_URL", server.url)
        yield server


@pytest.fixture(params=["fastapi", "django"])
def call(request: pytest.FixtureRequest, server: Server) -> Iterator[Call]:
    if request.param == "fastapi":
        with warnings.catch_warnings():
            # Starlette deprecates its test client for the sake of a new package.
            warnings.simplefilter("ignore")
            from fastapi.testclient import TestClient

        with TestClient(load("fastapi_app").app) as client:

            def send(method: str, path: str, body: object = None) -> tuple[int, Any]:
                answer = client.request(method, path, json=body)
                return answer.status_code, answer.json()

            yield send
    else:
        import django
        from django.test import Client

        app = load("django_app")
        django.setup()
        browser = Client(SERVER_NAME="localhost")

        def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
            answer = browser.generic(
                method, path, json.dumps(body), "application/json", secure=False
            )
            return answer.status_code, json.loads(answer.content)

        yield ask
        app.client().close()
        app.client.cache_clear()


def test_a_room_is_created_joined_and_recorded(call: Call, server: Server) -> None:
    status, room = call("POST", "/rooms")
    assert status == 201
    status, joined = call("POST", f"/rooms/{room['id']}/tokens", {"name": "Ada"})
    assert (status, joined["session"]) == (201, room["id"])
    assert joined["project"] == server.api_key
    join_with(server, room["id"], joined["token"])
    status, archive = call("POST", f"/rooms/{room['id']}/archives")
    assert (status, archive["status"]) == (201, "started")
    status, stopped = call("POST", f"/archives/{archive['id']}/stop")
    assert (status, stopped["status"]) == (200, "stopped")
    status, found = call("GET", f"/archives/{archive['id']}")
    assert (status, found["status"]) == (200, "available")
    assert found["session_id"] == room["id"]
    assert not {"url", "password", "raw"} & found.keys()


def test_the_archives_of_a_room_are_listed(call: Call, server: Server) -> None:
    _, room = call("POST", "/rooms")
    _, joined = call("POST", f"/rooms/{room['id']}/tokens", {"name": "Ada"})
    join_with(server, room["id"], joined["token"])
    _, archive = call("POST", f"/rooms/{room['id']}/archives")
    status, page = call("GET", f"/rooms/{room['id']}/archives")
    assert (status, page["total"]) == (200, 1)
    assert [each["id"] for each in page["items"]] == [archive["id"]]
    assert not {"url", "password", "raw"} & page["items"][0].keys()


def test_errors_have_the_status_that_fits(call: Call, server: Server) -> None:
    _, room = call("POST", "/rooms")
    status, answer = call("POST", f"/rooms/{room['id']}/archives")
    assert (status, "404" in answer["detail"]) == (404, True)
    status, answer = call("POST", "/rooms/damaged/tokens", {"name": "Ada"})
    assert status == 422
    assert "session" in answer["detail"]
    status, _ = call("POST", f"/rooms/{room['id']}/tokens", {})
    assert status == 422
    server.fail_next({"status": 503}, method="POST", path="/session/create")
    status, answer = call("POST", "/rooms")
    assert (status, "503" in answer["detail"]) == (502, True)
