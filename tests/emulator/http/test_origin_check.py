"""Which requests the guard refuses: those that a page of another site may have sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.emulator import KEY, Api, credentials
from tokbox.emulator import Server, create_app, serve
from tokbox.errors import InvalidInputError

LOOPBACK = "127.0.0.1"
NETWORK = "172.17.0.2"


@pytest.fixture(scope="module")
def app() -> Iterator[Starlette]:
    app = create_app(allow_hosts=["Proxy.Example.", "[2001:db8::7]", "::ffff:198.51.100.7"])
    yield app
    app.state.emulator.store.close()


def ask(
    app: Starlette,
    host: str | list[str],
    arrived_at: str | None = LOOPBACK,
    *,
    method: str = "GET",
    path: str = "/",
    bodies: list[str] | None = None,
    **headers: str,
) -> int:
    """Send a request that arrived at an address of this machine; return the status.

    The body of the response is appended to *bodies*.
    """
    started: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])
        elif bodies is not None:
            bodies.append(message["body"].decode())

    hosts = [host] if isinstance(host, str) else host
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [
            *((b"host", each.encode("latin-1")) for each in hosts),
            *(
                (name.replace("_", "-").encode(), value.encode())
                for name, value in headers.items()
            ),
        ],
        "server": None if arrived_at is None else (arrived_at, 8080),
    }
    asyncio.run(app(scope, receive, send))
    return started[0]


def paths(app: Starlette) -> Iterator[tuple[str, str]]:
    """Every method and path that the emulator answers, and one of each kind that it does not."""
    for route in app.routes:
        assert isinstance(route, Route)
        for method in sorted(route.methods or ()):
            values = dict.fromkeys(route.param_convertors, "x")
            if "project_id" in values:
                values["project_id"] = KEY
            yield method, str(route.url_path_for(route.name, **values))
    for path in (
        "/nothing",
        "//_emulator/reset",
        "/_EMULATOR/reset",
        "/v2/partner/1/archive/",
    ):
        yield "GET", path
        yield "POST", path


def test_another_name_reaches_no_path(app: Starlette) -> None:
    asked = [*paths(app)]
    assert ("POST", "/session/create") in asked
    for method, path in asked:
        for arrived_at in (LOOPBACK, NETWORK):
            bodies: list[str] = []
            ask(app, "evil.example", arrived_at, method=method, path=path, bodies=bodies)
            assert "not a name of this emulator" in bodies[0], path


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://localhost"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
    ids=str,
)
def test_another_page_changes_nothing_on_any_path(
    app: Starlette, headers: dict[str, str]
) -> None:
    for method, path in paths(app):
        bodies: list[str] = []
        ask(app, "localhost", method=method, path=path, bodies=bodies, **headers)
        assert ("page of another site" in bodies[0]) == (method not in ("GET", "HEAD")), (
            path
        )


def test_another_name_cannot_download_a_file(api: Api, live: str) -> None:
    archive_id = api.start_archive(live)["id"]
    api.advance(1)
    api.stop_archive(archive_id)
    api.advance(3)
    path = api.archive(archive_id)["url"].removeprefix(api.url)
    assert api.request("GET", path).status == 200
    assert api.request("GET", path, headers={"Host": "evil.example"}).status == 403


def test_another_name_leaves_no_trace(server: Server, api: Api) -> None:
    answer = api.request("POST", "/session/create", headers={"Host": "evil.example"})
    assert answer.status == 403
    assert "evil.example" in answer.json()["message"]
    assert "--allow-host" in answer.json()["message"]
    assert server.requests() == []


# Names.

LOCAL = [
    "localhost",
    "LocalHost:9999",
    "localhost.:80",
    "localhost:",
    "a.b.localhost",
    "127.0.0.1",
    "127.0.0.1.:8080",
    "127.8.9.10",
    "[::1]:8080",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]:8080",
    "[::FFFF:7F00:1]",
]
ALLOWED = ["proxy.example", "PROXY.example.:80", "[2001:db8:0::7]", "198.51.100.7:1"]
#: Nothing that public DNS can answer for.
PRIVATE = [
    "emulator",
    "my_service-1:8080",
    "host.docker.internal",
    "tokbox.tests.svc.cluster.local",
    "192.0.2.1:8080",
    "0.0.0.0",
    "[fe80::1%25eth0]:8080",
]
FOREIGN = [
    "evil.example",
    "evil.example.",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost.example",
    "localhost@evil.example",
    "evil.example@localhost",
    "evil.example/localhost",
    "localhost/evil.example",
    "localhost, evil.example",
    "localhost evil.example",
    "http://localhost",
    "localhost:80:90",
    "localhost:x",
    "[::1",
    "::1",
    "[::1]evil.example",
    ":8080",
    "local\xe9.example",
    "evil.local.example",
]


@pytest.mark.parametrize("host", [*LOCAL, *ALLOWED, ""])
@pytest.mark.parametrize("arrived_at", [LOOPBACK, "::1", "::ffff:127.0.0.1", NETWORK, None])
def test_local_and_allowed_names_are_accepted(
    app: Starlette, host: str, arrived_at: str | None
) -> None:
    assert ask(app, host, arrived_at) == 200
    own = {"origin": f"http://{host}", "sec_fetch_site": "same-origin"}
    assert ask(app, host, arrived_at, method="POST", path="/_emulator/reset", **own) == 204


@pytest.mark.parametrize("host", [*PRIVATE, *FOREIGN])
@pytest.mark.parametrize("arrived_at", [LOOPBACK, "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_loopback_connection_accepts_no_other_name(
    app: Starlette, host: str, arrived_at: str
) -> None:
    assert ask(app, host, arrived_at) == 403


@pytest.mark.parametrize(
    "arrived_at", [NETWORK, "::ffff:172.17.0.2", "2001:db8::1", "fe80::1%eth0"]
)
def test_network_connection_accepts_names_that_public_dns_lacks(
    app: Starlette, arrived_at: str
) -> None:
    assert {host: ask(app, host, arrived_at) for host in PRIVATE} == dict.fromkeys(
        PRIVATE, 200
    )
    for host in FOREIGN:
        assert ask(app, host, arrived_at) == 403, host


def test_application_without_a_network_accepts_any_name(app: Starlette) -> None:
    for arrived_at in (None, "/run/emulator.sock", "api.example.org"):
        assert ask(app, "api.example.org", arrived_at) == 200


def test_request_with_two_hosts_is_refused(app: Starlette) -> None:
    for hosts in (["localhost", "evil.example"], ["localhost", "localhost"]):
        assert ask(app, hosts) == 403


def test_request_without_a_host_is_accepted(app: Starlette) -> None:
    assert ask(app, []) == 200


def test_http_1_1_request_without_a_host_is_refused(server: Server) -> None:
    assert raw(server, "GET / HTTP/1.1\r\n\r\n").split()[1] == b"403"


def test_other_kinds_of_connections_pass(app: Starlette) -> None:
    told: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message["type"])

    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"evil.example")]}
    asyncio.run(app(scope, receive, send))
    assert told == ["websocket.close"]


@pytest.mark.parametrize(
    "names", ["emulator.test", [""], ["emulator:80"], ["http://x"], [7], ["a b"]], ids=str
)
def test_an_invalid_list_of_names_is_refused(names: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        create_app(allow_hosts=names)
    assert caught.value.field == "allow_hosts"


# Over sockets.


def raw(server: Server, request: str) -> bytes:
    with socket.create_connection((LOOPBACK, server.port)) as connection:
        connection.sendall(request.encode())
        return connection.recv(1024)


@pytest.mark.parametrize(
    "head",
    [
        "POST /_emulator/reset HTTP/1.1\r\n",
        "POST /_emulator/reset HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "POST /_emulator/reset HTTP/1.0\r\nHost: evil.example\r\n",
        "POST http://localhost/_emulator/reset HTTP/1.1\r\nHost: evil.example\r\n",
        "POST http://evil.example/_emulator/reset HTTP/1.1\r\nHost: localhost\r\n",
    ],
)
def test_odd_requests_change_nothing(server: Server, api: Api, head: str) -> None:
    api.create_session()
    answer = raw(server, f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] in (b"400", b"403", b"404")
    assert api.request("GET", "/_emulator/state").json()["sessionCount"] == 1


def test_old_client_without_a_host_is_answered(server: Server) -> None:
    assert raw(server, "GET / HTTP/1.0\r\n\r\n").split()[1] == b"200"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_emulator_on_every_address_is_guarded_on_loopback_and_answers_its_url(
    host: str,
) -> None:
    try:
        server = serve(host=host)
    except OSError:
        pytest.skip("there is no such address here")
    with server:
        api = Api(f"http://{LOOPBACK}:{server.port}")
        headers: dict[str, str | None] = {"Host": "evil.example"}
        for path in ("/", "/session/create", "/_emulator/state"):
            assert api.request("GET", path, headers=headers).status == 403
        headers = {"Host": server.url.removeprefix("http://")}
        assert api.request("GET", "/", headers=headers).status == 200


def test_name_that_is_bound_to_is_accepted() -> None:
    with serve(host="localhost", allow_hosts=["api.example.org"]) as server:
        api = Api(server.url)
        assert api.request("GET", "/", headers={"Host": "api.example.org"}).status == 200
        assert api.request("GET", "/", headers={"Host": "app.example.org"}).status == 403


def test_allowed_name_still_needs_credentials() -> None:
    with serve(allow_hosts=["api.example.org"]) as server:
        headers = {"Host": "api.example.org", "X-OPENTOK-AUTH": credentials(secret="wrong")}
        answer = Api(server.url).request("POST", "/session/create", headers={**headers})
        assert answer.status == 403
        assert "Host" not in answer.json()["message"]
