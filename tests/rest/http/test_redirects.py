"""Redirects are not followed, wherever they lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import urllib3

from tests.support.faulty import FaultyServer, answer
from tests.support.rest import KEY, SECRET, traceback_of
from tokbox import Tokbox, errors
from tokbox.rest.http.requester import Requester
from tokbox.transport import proxies

Connect = Callable[..., Requester]
PASSWORD = "canary-in-a-location"

STATUSES = (300, 301, 302, 303, 304, 305, 307, 308)


@pytest.fixture
def other() -> Iterator[FaultyServer]:
    """Targets of redirects."""
    with FaultyServer(answer(200, {"stolen": True})) as server:
        yield server


LOCATIONS = {
    "other-port": "http://127.0.0.1:{port}/elsewhere",
    "other-host": "http://localhost:{port}/elsewhere",
    "other-scheme": "https://127.0.0.1:{port}/elsewhere",
    "no-scheme": "//127.0.0.1:{port}/elsewhere",
    "userinfo": "http://user:" + PASSWORD + "@127.0.0.1:{port}/elsewhere",
    "same-host": "/elsewhere",
    "itself": "/x",
    "relative": "elsewhere",
    "a-file": "file:///etc/passwd",
    "nonsense": "http://[::1",
    "empty": "",
    "not-ascii": "http://127.0.0.1:{port}/\xe9\x01",
}


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_redirect_takes_the_credentials_anywhere(
    method: str, location: str, connect: Connect, other: FaultyServer
) -> None:
    headers = {"Location": location.format(port=other.port)}
    with FaultyServer(*(answer(status, b"", headers) for status in STATUSES)) as server:
        client = connect(server.url, retries=2)
        for status in STATUSES:
            with pytest.raises(errors.APIError, match="redirects are never") as caught:
                client.request_json(method, "/x", json={} if method == "POST" else None)
            assert caught.value.status == status
            assert PASSWORD not in traceback_of(caught.value)
        assert [request.target for request in server.requests] == ["/x"] * len(STATUSES)
    assert other.connections == 0


def test_a_redirect_without_a_location_is_reported_too(connect: Connect) -> None:
    with FaultyServer(answer(302)) as server:
        with pytest.raises(errors.APIError, match="redirects are never followed"):
            connect(server.url, retries=2).request("GET", "/x")
        assert len(server.requests) == 1


def test_a_redirect_that_a_proxy_makes_up_is_not_followed(
    connect: Connect, other: FaultyServer
) -> None:
    headers = {"Location": f"{other.url}/log-in"}
    with FaultyServer(answer(302, b"", headers)) as proxy:
        client = connect("http://api.example.test", proxy=proxies.parse(proxy.url))
        with pytest.raises(errors.APIError, match="redirects are never followed"):
            client.request("GET", "/x")
        assert len(proxy.requests) == 1
    assert other.connections == 0


def test_a_redirect_to_a_tunnel_is_not_a_connection(
    connect: Connect, other: FaultyServer
) -> None:
    headers = {"Location": f"{other.url}/log-in"}
    with FaultyServer(answer(302, b"", headers)) as proxy:
        client = connect("https://api.example.test", proxy=proxies.parse(proxy.url))
        with pytest.raises(errors.ConnectError, match="302"):
            client.request("POST", "/x")
    assert other.connections == 0


def test_a_pool_of_ones_own_follows_no_redirect(other: FaultyServer) -> None:
    headers = {"Location": f"{other.url}/elsewhere"}
    with (
        FaultyServer(*(answer(status, b"", headers) for status in STATUSES)) as server,
        urllib3.PoolManager() as pool,
        Tokbox(KEY, SECRET, server.url, http=pool, retries=2) as tb,
    ):
        for _ in STATUSES:
            with pytest.raises(errors.APIError, match="redirects are never"):
                tb.archives.get("a")
        assert len(server.requests) == len(STATUSES)
    assert other.connections == 0
