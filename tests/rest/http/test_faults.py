"""The exceptions for faults of the network or the server, over real sockets."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import textwrap
import threading
import zlib
from collections.abc import Callable

import pytest

from tests.support.faulty import FaultyServer, answer, drip, raw, reset, silence
from tokbox import errors
from tokbox.rest.http.requester import MAX_BODY, Requester

Connect = Callable[..., Requester]
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_json_comes_back_parsed(connect: Connect) -> None:
    with FaultyServer(answer(200, {"a": [1, None]})) as server:
        assert connect(server.url).request_json("GET", "/x")[0] == {"a": [1, None]}


def test_a_refused_connection_is_tried_again_even_for_post(connect: Connect) -> None:
    requester = connect(f"http://127.0.0.1:{_closed_port()}", retries=2)
    with pytest.raises(errors.ConnectError, match="Connection refused") as caught:
        requester.request_json("POST", "/x", json={})
    assert caught.value.attempts == 3


def test_an_unknown_host_is_a_failed_connect(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(errors.ConnectError, match="host name is unknown"):
        connect("http://api.example.test").request("GET", "/x")


def test_an_address_that_refuses_gives_way_to_the_next(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyServer(answer(200, {})) as server:
        dead, live = ("127.0.0.1", _closed_port()), ("127.0.0.1", server.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in (dead, live)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
        assert connect("http://api.example.test").request_json("GET", "/x")[0] == {}


@pytest.mark.skipif(sys.platform != "linux", reason="relies on how Linux drops a SYN")
def test_addresses_that_do_not_answer_share_one_timeout(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # With the queue full, further connections are dropped without an answer.
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))] * 20
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
        tried = []

        def connect_and_count(sock: socket.socket, address: object) -> None:
            tried.append(address)
            super(socket.socket, sock).connect(address)  # type: ignore[arg-type]

        monkeypatch.setattr(socket.socket, "connect", connect_and_count)
        with pytest.raises(errors.RequestTimeoutError, match=r"timeout of 0\.3 s"):
            connect(f"http://127.0.0.1:{port}", timeout=0.3).request("GET", "/x")
        assert len(tried) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(reset(), id="before-headers"),
        pytest.param(reset(b"HTTP/1.1 200 OK\r\nConte"), id="within-headers"),
        pytest.param(reset(_HEAD + b"Content-Length: 9\r\n\r\n"), id="after-headers"),
        pytest.param(reset(_HEAD + b'Content-Length: 9\r\n\r\n{"a"'), id="mid-body"),
        pytest.param(raw(b""), id="closed-without-a-word"),
        pytest.param(raw(_HEAD + b'Content-Length: 9\r\n\r\n{"a"'), id="short-length"),
        pytest.param(
            raw(_HEAD + b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"a"'), id="cut-chunk"
        ),
        pytest.param(
            raw(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"), id="bad-chunk"
        ),
        pytest.param(raw(_HEAD + b'\r\n{"a": 1, "b'), id="cut-without-a-length"),
        pytest.param(raw(b"SSH-2.0-OpenSSH\r\n\r\n"), id="not-http"),
        pytest.param(raw(_HEAD + b"X: 1\r\n" * 200 + b"\r\n{}"), id="too-many-headers"),
    ],
)
class TestBrokenAnswer:
    def test_is_a_protocol_error_after_one_post(
        self, fault: Callable[..., None], connect: Connect
    ) -> None:
        with FaultyServer(fault) as server:
            requester = connect(server.url, retries=3)
            with pytest.raises(errors.ProtocolError) as caught:
                requester.request_json("POST", "/x", json={})
            assert caught.value.attempts == 1
            assert len(server.requests) == 1

    def test_leaves_a_client_that_works(
        self, fault: Callable[..., None], connect: Connect
    ) -> None:
        with FaultyServer(fault, answer(200, {"fine": True})) as server:
            requester = connect(server.url)
            with pytest.raises(errors.ProtocolError):
                requester.request_json("POST", "/x", json={})
            assert requester.request_json("POST", "/x", json={})[0] == {"fine": True}


def test_a_get_is_repeated_after_a_reset(connect: Connect) -> None:
    with FaultyServer(reset(), reset(), answer(200, {})) as server:
        assert connect(server.url, retries=2).request_json("GET", "/x")[0] == {}
        assert len(server.requests) == 3


def test_a_post_on_a_connection_gone_stale_is_not_repeated(connect: Connect) -> None:
    # The server promises to keep the connection, reads the next request and resets.
    with FaultyServer(answer(200, {}), reset(), answer(200, {})) as server:
        requester = connect(server.url, retries=3)
        requester.request_json("GET", "/x")
        with pytest.raises(errors.ProtocolError):
            requester.request_json("POST", "/x", json={})
        assert [request.method for request in server.requests] == ["GET", "POST"]
        assert server.connections == 1


def test_a_connection_that_the_server_closed_while_idle_costs_nothing(
    connect: Connect,
) -> None:
    with FaultyServer(answer(200, {}, keep=False)) as server:
        requester = connect(server.url)
        for _ in range(3):
            assert requester.request_json("POST", "/x", json={})[0] == {}
            server.wait_for_hangups()
        assert server.connections == 3


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(silence, id="silent"),
        pytest.param(drip(b"", b"H"), id="status-line"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"), id="headers"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim-answers"),
        pytest.param(drip(_HEAD + b"Content-Length: 100000\r\n\r\n", b" "), id="body"),
        pytest.param(
            drip(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="chunks"
        ),
    ],
)
def test_no_server_is_slow_enough_to_pass_the_timeout(
    fault: Callable[..., None], connect: Connect
) -> None:
    with (
        FaultyServer(fault) as server,
        pytest.raises(errors.RequestTimeoutError, match=r"timeout of 0\.3 s"),
    ):
        connect(server.url, timeout=0.3).request_json("GET", "/x")
    assert server.notes == []


def test_a_call_can_have_a_timeout_of_its_own(connect: Connect) -> None:
    with (
        FaultyServer(silence) as server,
        pytest.raises(errors.RequestTimeoutError, match=r"0\.2 s"),
    ):
        connect(server.url).request_json("GET", "/x", timeout=0.2)


def test_a_read_that_takes_too_long_is_tried_again(connect: Connect) -> None:
    with FaultyServer(silence, answer(200, {})) as server:
        requester = connect(server.url, read_timeout=1.0, retries=1)
        assert requester.request_json("GET", "/x")[0] == {}


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (b"Retry-After: 3\r\n", 3.0),
        (b"retry-after:\t 7 \r\n", 7.0),
        (b"Retry-After: 3\r\nRetry-After: 5\r\n", 5.0),
        (b"Retry-After:\r\n", None),
        (b"Retry-After: \xff\r\n", None),
    ],
)
def test_a_refusal_contains_the_retry_time(
    lines: bytes, asked: float | None, connect: Connect
) -> None:
    refusal = raw(b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n" + lines + b"\r\n")
    with FaultyServer(refusal) as server, pytest.raises(errors.RateLimitError) as caught:
        connect(server.url).request("POST", "/x")
    assert caught.value.retry_after == asked


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><title>Welcome</title></html>", id="html"),
        pytest.param(b'{"a": NaN}', id="nan"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b'{"a": 1} trailing', id="trailing"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="endless-number"),
        pytest.param(b"\xff\xfe\xfd", id="not-text"),
    ],
)
def test_success_without_json_is_a_protocol_error(body: bytes, connect: Connect) -> None:
    with FaultyServer(answer(200, body)) as server, pytest.raises(errors.ProtocolError):
        connect(server.url).request_json("GET", "/x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_any_unicode_encoding_is_read(encoding: str, connect: Connect) -> None:
    with FaultyServer(answer(200, '{"a": "é"}'.encode(encoding))) as server:
        assert connect(server.url).request_json("GET", "/x")[0] == {"a": "é"}


def test_a_compressed_body_is_read(connect: Connect) -> None:
    body = gzip.compress(b'{"a": 1}')
    with FaultyServer(answer(200, body, {"Content-Encoding": "gzip"})) as server:
        assert connect(server.url).request_json("GET", "/x")[0] == {"a": 1}


def test_a_body_with_a_wrong_content_encoding_is_refused(connect: Connect) -> None:
    with (
        FaultyServer(answer(200, b"{}", {"Content-Encoding": "gzip"})) as server,
        pytest.raises(errors.ProtocolError, match="decompressed"),
    ):
        connect(server.url).request_json("GET", "/x")


def _gzip_bomb() -> bytes:
    """Return 256 MiB of zeros in gzip. Only the first are compressed, the others are copies."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1024 * 1024)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * 256


def test_the_bomb_contains_256_mebibytes() -> None:
    bomb, size = zlib.decompressobj(31), 0
    data = _gzip_bomb()
    while data:
        size += len(bomb.decompress(data, 1 << 20))
        data = bomb.unconsumed_tail
    assert size == 1 << 28


@pytest.mark.parametrize(
    "answering",
    [
        pytest.param(answer(200, _gzip_bomb(), {"Content-Encoding": "gzip"}), id="bomb"),
        pytest.param(answer(200, b" " * (MAX_BODY + 1)), id="plain"),
        pytest.param(drip(_HEAD + b"\r\n", b" " * (1024 * 1024)), id="endless"),
        pytest.param(answer(500, b" " * (MAX_BODY + 1)), id="error"),
    ],
)
def test_a_body_too_large_is_given_up_at_once(
    answering: Callable[..., None], connect: Connect
) -> None:
    with FaultyServer(answering) as server:
        with pytest.raises(errors.ProtocolError, match="larger than 8388608"):
            connect(server.url, retries=2).request_json("GET", "/x")
        assert len(server.requests) == 1


def test_a_connection_is_kept_for_the_next_call(connect: Connect) -> None:
    with FaultyServer(answer(200, {})) as server:
        requester = connect(server.url)
        for _ in range(5):
            requester.request_json("GET", "/x")
        assert server.connections == 1


def test_every_attempt_carries_a_token_of_its_own(connect: Connect) -> None:
    with FaultyServer(reset(), answer(200, {})) as server:
        connect(server.url, retries=1).request_json("GET", "/x")
        tokens = {request.headers["x-opentok-auth"] for request in server.requests}
        assert len(tokens) == 2


def test_many_threads_share_one_client(connect: Connect) -> None:
    def echo(exchange: object) -> None:
        target = exchange.request.target  # type: ignore[attr-defined]
        answer(200, {"target": target})(exchange)  # type: ignore[arg-type]

    wrong: list[object] = []
    with FaultyServer(echo) as server:
        requester = connect(server.url, pool_size=16)

        def work(number: int) -> None:
            for turn in range(20):
                target = f"/{number}/{turn}"
                got, _ = requester.request_json("GET", target)
                if got != {"target": target}:
                    wrong.append(got)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(server.requests) == 320


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_opens_connections_of_its_own() -> None:
    program = textwrap.dedent(
        """
        import os, sys
        from tokbox.rest.http.auth import ProjectAuth
        from tokbox.transport.urllib3_transport import Urllib3Transport
        from tokbox.rest.http.requester import Requester
        pool = Urllib3Transport(connect_timeout=20, pool_size=2, trust_env=False)
        auth = ProjectAuth("1", lambda message: b"")
        client = Requester(pool, auth, api_url=sys.argv[1], timeout=30, retries=0)
        client.request("GET", "/parent")
        child = os.fork()
        client.request("GET", "/child" if child == 0 else "/parent")
        if child == 0:
            client.request("GET", "/child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        client.request("GET", "/parent")
        """
    )
    with FaultyServer(answer(200, {})) as server:
        subprocess.run([sys.executable, "-c", program, server.url], check=True)
        targets = sorted(request.target for request in server.requests)
        assert targets == ["/child", "/child", "/parent", "/parent", "/parent"]
        assert server.connections == 2


def test_a_closed_client_refuses_and_may_be_closed_again(connect: Connect) -> None:
    with FaultyServer(answer(200, {})) as server:
        requester = connect(server.url)
        requester.request("GET", "/x")
        requester.close()
        requester.close()
        with pytest.raises(errors.TokboxError, match="closed"):
            requester.request("GET", "/x")


def test_a_page_of_a_portal_does_not_pass_for_success(connect: Connect) -> None:
    page = b"<!doctype html><title>Hotel Wi-Fi: log in</title>"
    with FaultyServer(answer(200, page, {"Content-Type": "text/html"})) as server:
        with pytest.raises(errors.ProtocolError, match="Hotel Wi-Fi: log in"):
            connect(server.url, retries=2).request("DELETE", "/x")
        assert len(server.requests) == 1
