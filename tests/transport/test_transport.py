"""``tokbox.transport``: the default transport can be constructed, wrapped and replaced."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

import tokbox
from tests.rest.resources.test_archives import STARTED
from tests.support.faulty import FaultyServer, answer
from tests.support.rest import KEY, SECRET
from tokbox import Tokbox, errors
from tokbox.transport import Headers, HTTPTransport, Request, Response, Transport

ARCHIVE = "d6f0f2a4-0000-4000-8000-000000000001"


class Recorded:
    """A wrapper that adds a header, and keeps the status of every attempt."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.seen: list[tuple[str, str, int]] = []

    def send(self, request: Request) -> Response:
        headers = Headers({**request.headers, "x-trace": "7"})
        response = self.inner.send(dataclasses.replace(request, headers=headers))
        self.seen.append((request.method, request.path, response.status))
        return response

    def close(self) -> None:
        self.inner.close()


class Cached(Recorded):
    """A wrapper that answers a second GET itself."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._known: dict[str, Response] = {}

    def send(self, request: Request) -> Response:
        if request.url not in self._known:
            self._known[request.url] = super().send(request)
        return self._known[request.url]


@pytest.fixture
def inner() -> HTTPTransport:
    return HTTPTransport(connect_timeout=5, pool_size=2, trust_env=False)


def test_a_wrapper_sees_and_changes_every_attempt(inner: HTTPTransport) -> None:
    wrapper = Recorded(inner)
    with (
        FaultyServer(answer(503), answer(200, STARTED)) as server,
        Tokbox(KEY, SECRET, server.url, transport=wrapper, retries=1) as tb,
    ):
        tb.archives.get(ARCHIVE)
        assert [request.headers["x-trace"] for request in server.requests] == ["7", "7"]
        assert server.connections == 1
    path = f"/v2/project/{KEY}/archive/{ARCHIVE}"
    assert wrapper.seen == [("GET", path, 503), ("GET", path, 200)]


def test_a_wrapper_can_answer_in_place_of_the_service(inner: HTTPTransport) -> None:
    wrapper = Cached(inner)
    with (
        FaultyServer(answer(200, STARTED)) as server,
        Tokbox(KEY, SECRET, server.url, transport=wrapper) as tb,
    ):
        assert tb.archives.get(ARCHIVE) == tb.archives.get(ARCHIVE)
        assert len(server.requests) == len(wrapper.seen) == 1


def test_the_default_transport_keeps_its_connections_until_it_is_closed(
    inner: HTTPTransport,
) -> None:
    request = Request(
        method="GET",
        url="",
        path="/x",
        headers=Headers(),
        body=None,
        timeout=5,
        read_timeout=5,
        max_body=1_000,
    )
    with FaultyServer(answer(200, b"{}")) as server:
        request = dataclasses.replace(request, url=f"{server.url}/x")
        for _ in range(2):
            assert inner.send(request).body == b"{}"
        assert server.connections == 1
        inner.close()
        server.wait_for_hangups()
        inner.close()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("connect_timeout", 0),
        ("connect_timeout", float("inf")),
        ("pool_size", 0),
        ("pool_size", 10_001),
        ("proxy", "socks5://127.0.0.1:1"),
        ("trust_env", 1),
    ],
)
def test_an_option_out_of_bounds_is_refused(option: str, value: Any) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        HTTPTransport(**{option: value})
    assert caught.value.field == option


def test_the_default_transport_uses_the_proxy_it_is_given() -> None:
    with FaultyServer(answer(200, STARTED)) as proxy:
        transport = HTTPTransport(proxy=f"http://me:{SECRET}@127.0.0.1:{proxy.port}")
        assert SECRET not in repr(transport)
        with Tokbox(
            KEY, SECRET, "http://rooms.test", allow_http=True, transport=transport
        ) as tb:
            tb.archives.get(ARCHIVE)
        assert proxy.requests[0].target.startswith("http://rooms.test/v2/")


def test_a_closed_transport_that_was_never_used_loads_nothing() -> None:
    program = (
        "import sys, tokbox\n"
        "tokbox.transport.HTTPTransport().close()\n"
        f"tokbox.Tokbox('{KEY}', 'a-secret').close()\n"
        "assert 'urllib3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_module_names_what_is_needed_to_write_a_transport() -> None:
    public = {"HTTPTransport", "Headers", "Request", "Response", "Transport"}
    assert set(tokbox.transport.__all__) == public
