"""Names, addresses and connections that are not what they seem."""

from __future__ import annotations

import http.client
import io
import re
import socket
import time
from collections.abc import Callable
from typing import cast

import pytest
from urllib3 import exceptions

from tests.support.faulty import Exchange, FaultyServer, Step, answer, drip, silence
from tokbox import errors
from tokbox.rest.http.requester import Requester
from tokbox.transport import Request
from tokbox.transport.urllib3_transport import Urllib3Transport, _Lines, translate

Connect = Callable[..., Requester]
SERVICE = "http://api.example.test"


def resolve(
    monkeypatch: pytest.MonkeyPatch,
    *addresses: tuple[socket.AddressFamily, tuple[str, int]],
) -> None:
    """Resolve every name to these addresses."""
    found = [(family, socket.SOCK_STREAM, 6, "", where) for family, where in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)


def closed_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    "problem",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    ],
    ids=["unknown", "for-now"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unresolved_name_is_retried(
    method: str,
    problem: socket.gaierror,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def fail(*args: object, **options: object) -> None:
        asked.append(args)
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(
        errors.ConnectError, match=f"name is unknown: {problem.strerror}"
    ) as caught:
        connect(SERVICE, retries=2).request(method, "/x")
    assert caught.value.attempts == len(asked) == 3


def test_a_name_without_an_address_is_a_failed_connect(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch)
    with pytest.raises(errors.ConnectError, match="the name has no address"):
        connect(SERVICE).request("POST", "/x")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("::1", id="refuses"),
        # Set aside for documentation (RFC 3849): there is no way there.
        pytest.param("2001:db8::1", id="out-of-reach"),
    ],
)
def test_a_dead_ipv6_address_gives_way_to_ipv4(
    address: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyServer(answer(200, {})) as server:
        resolve(
            monkeypatch,
            (socket.AF_INET6, (address, closed_port())),
            (socket.AF_INET, ("127.0.0.1", server.port)),
        )
        client = connect(SERVICE, connect_timeout=0.2)
        assert client.request_json("POST", "/x", json={})[0] == {}
        assert len(server.requests) == 1


def test_an_address_of_a_kind_that_the_system_lacks_gives_way(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyServer(answer(200, {})) as server:
        resolve(
            monkeypatch,
            (cast("socket.AddressFamily", 9999), ("::1", 1)),
            (socket.AF_INET, ("127.0.0.1", server.port)),
        )
        assert connect(SERVICE).request_json("POST", "/x", json={})[0] == {}


def test_a_name_that_no_resolver_takes_is_a_failed_connect(connect: Connect) -> None:
    # Labels of names have at most 63 characters.
    service = connect(f"http://{'a' * 64}.example.test")
    with pytest.raises(errors.TransportError) as caught:
        service.request("POST", "/x")
    assert caught.value.attempts == 1


def get(url: str) -> Request:
    return Request(
        method="GET",
        url=url,
        path="/",
        headers={},
        body=None,
        timeout=20,
        read_timeout=20,
        max_body=1000,
    )


def test_another_host_than_the_first_is_reached_too() -> None:
    pool = Urllib3Transport(connect_timeout=20, pool_size=1, trust_env=False)
    with FaultyServer(answer(200, {})) as first, FaultyServer(answer(200, {})) as second:
        for server in (first, second, first):
            assert pool.send(get(server.url)).status == 200
        pool.close()
        assert (len(first.requests), len(second.requests)) == (2, 1)


def test_a_break_after_sending_is_not_a_connect_error() -> None:
    broken = exceptions.SSLError("bad record mac")
    failure, _ = translate(broken, get(SERVICE), sent=True)
    assert isinstance(failure, errors.ProtocolError)
    failure, _ = translate(broken, get(SERVICE), sent=False)
    assert isinstance(failure, errors.TLSError)


def test_a_line_that_does_not_end_is_given_up() -> None:
    lines = _Lines(io.BytesIO(b"5\r\n" + b"x" * 1_000_000))  # type: ignore[arg-type]
    assert lines.readline() == b"5\r\n"
    with pytest.raises(http.client.LineTooLong):
        lines.readline()


def test_a_black_hole_gives_way_once_the_connect_timeout_is_over(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, black_hole: int
) -> None:
    with FaultyServer(answer(200, {})) as server:
        resolve(
            monkeypatch,
            (socket.AF_INET, ("127.0.0.1", black_hole)),
            (socket.AF_INET, ("127.0.0.1", server.port)),
        )
        client = connect(SERVICE, connect_timeout=0.2)
        assert client.request_json("POST", "/x", json={})[0] == {}


def test_a_black_hole_alone_is_tried_as_often_as_it_may_be(
    connect: Connect, black_hole: int
) -> None:
    client = connect(f"http://127.0.0.1:{black_hole}", connect_timeout=0.1, retries=2)
    with pytest.raises(errors.ConnectError, match="no connection in time") as caught:
        client.request("POST", "/x")
    assert caught.value.attempts == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_reset_at_once_is_tried_again_unless_a_post_may_have_left(
    method: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="tokbox")
    with FaultyServer(answer(200, {}), resets=10) as server:
        # Which of the two it is depends on who is faster.
        with pytest.raises((errors.ConnectError, errors.ProtocolError)) as caught:
            connect(server.url, retries=2).request_json(method, "/x", json={})
        assert caught.value.attempts == server.connections
        assert server.requests == []
    *before, last = re.findall(r"(\w+), \d+ ms", caplog.text)
    assert len(before) == server.connections - 1
    if method == "GET" or last == "ConnectError":
        assert server.connections == 3
    if method == "POST":
        assert set(before) <= {"ConnectError"}


def _then_vanish(exchange: Exchange) -> None:
    """Answer, and from then on hear nothing: no FIN, no RST, as when a cable is pulled."""
    answer(200, {})(exchange)
    exchange.stopping.wait()


@pytest.mark.parametrize(("method", "works"), [("GET", True), ("POST", False)])
def test_a_kept_connection_whose_other_end_vanished_costs_one_time_out(
    method: str, works: bool, connect: Connect
) -> None:
    with FaultyServer(_then_vanish, answer(200, {"new": True})) as server:
        client = connect(server.url, read_timeout=2.0, retries=2)
        client.request_json("GET", "/first")
        if works:
            assert client.request_json(method, "/x")[0] == {"new": True}
        else:
            with pytest.raises(errors.RequestTimeoutError) as caught:
                client.request_json(method, "/x", json={})
            assert caught.value.attempts == 1
            # A closed connection is not used again.
            assert client.request_json(method, "/x", json={})[0] == {"new": True}
        assert server.connections == 2


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(silence, id="silent"),
        pytest.param(drip(_HEAD + b"X: ", b"x"), id="slow-headers"),
        pytest.param(drip(_HEAD + b"Content-Length: 100000\r\n\r\n", b" "), id="slow-body"),
        pytest.param(
            drip(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x"),
            id="slow-trailer",
        ),
    ],
)
def test_the_timeout_is_kept_to_a_quarter_of_a_second(
    fault: Step, connect: Connect
) -> None:
    timeout = 0.5

    def overdue(client: Requester) -> float:
        started = time.monotonic()
        with pytest.raises(errors.RequestTimeoutError, match=r"timeout of 0\.5 s"):
            client.request_json("GET", "/x", timeout=timeout)
        return time.monotonic() - started - timeout

    with FaultyServer(fault) as server:
        client = connect(server.url)
        # A busy machine may be late now and then; a client that waits too long always is.
        assert any(overdue(client) < 0.25 for _ in range(5))


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_interim_answers_are_passed_over(status: str, connect: Connect) -> None:
    interim = f"HTTP/1.1 {status}\r\nLink: </x>\r\n\r\n".encode()

    def step(exchange: Exchange) -> None:
        exchange.send(2 * interim)
        answer(200, {"for": exchange.request.target})(exchange)

    with FaultyServer(step) as server:
        client = connect(server.url)
        for target in ("/first", "/second"):
            assert client.request_json("POST", target, json={})[0] == {"for": target}
        assert server.connections == 1
