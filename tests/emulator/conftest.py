"""One emulator for all tests. It is reset before each test, and its clock is fixed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.emulator import (
    APPLICATION,
    KEY,
    NOW,
    OTHER_KEY,
    OTHER_SECRET,
    SECRET,
    Api,
)
from tokbox.emulator import Clock, Server, serve

PROJECTS = {KEY: SECRET, OTHER_KEY: OTHER_SECRET}


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    with serve(projects=PROJECTS, clock=Clock(lambda: NOW), processing_delay=2) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """An emulator without anything in it; the file of an archive takes 2 s."""
    Api(shared_server.url).request("POST", "/_emulator/reset")
    return shared_server


@pytest.fixture
def api(server: Server) -> Api:
    """A client of the first project."""
    return Api(server.url)


@pytest.fixture
def other(server: Server) -> Api:
    """A client of the second project."""
    return Api(server.url, OTHER_KEY, OTHER_SECRET)


@pytest.fixture
def application(server: Server) -> Api:
    """A client of the default application."""
    return Api(server.url, APPLICATION, pem=server.private_key)


@pytest.fixture(params=["project", "application"])
def tenant(request: pytest.FixtureRequest) -> Api:
    """A client of either environment."""
    name = {"project": "api", "application": "application"}[request.param]
    api: Api = request.getfixturevalue(name)
    return api


@pytest.fixture
def session_id(api: Api) -> str:
    """A routed session without participants."""
    return api.create_session()


@pytest.fixture
def live(api: Api, session_id: str) -> str:
    """A routed session in which one client publishes."""
    api.join(session_id)
    return session_id
