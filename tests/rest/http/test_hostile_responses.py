"""Answers without an end, and answers that become one when they are unpacked."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest

from tests.support.faulty import Exchange, FaultyServer, Step, answer, raw
from tokbox import errors
from tokbox.rest.http.requester import MAX_BODY, Requester

Connect = Callable[..., Requester]

_MIB = 1 << 20
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

#: Makes a call to the given server, and prints by how many bytes the peak memory of the
#: process grew.
PROGRAM = """
import json, resource, sys
import tokbox
from tokbox.rest.http.auth import ProjectAuth
from tokbox.transport.urllib3_transport import Urllib3Transport
from tokbox.rest.http.requester import Requester

def peak():
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024

pool = Urllib3Transport(connect_timeout=20, pool_size=2, trust_env=False)
auth = ProjectAuth("1", lambda claims: "")
client = Requester(pool, auth, api_url=sys.argv[1], timeout=60, retries=0)
client.request_json("GET", "/small")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
before = peak()
try:
    outcome, _ = client.request_json("GET", "/x")
except tokbox.TokboxError as error:
    outcome = f"{type(error).__name__}: {error}"
print(json.dumps([outcome, peak() - before]))
"""


def pieces(head: bytes, piece: bytes, total: int, end: bytes = b"") -> Step:
    """Send *piece* as often as it takes to send *total* bytes."""

    def step(exchange: Exchange) -> None:
        exchange.send(head)
        for _ in range(total // len(piece)):
            exchange.send(piece)
        exchange.send(end)

    return step


def packed(bits: int) -> bytes:
    """A GiB of zeros in a format of zlib's: 31 is gzip, less than zero has no frame."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    first, again = (
        packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + 1023 * again


def bomb(encoding: str, body: bytes) -> Step:
    return answer(200, body, {"Content-Encoding": encoding})


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how large a process is")
@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        pytest.param(
            lambda: pieces(
                _HEAD + b"Content-Length: %d\r\n\r\n" % (1024 * _MIB),
                bytes(_MIB),
                1024 * _MIB,
            ),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="1-gib",
        ),
        pytest.param(
            lambda: pieces(_CHUNKED, b"100000\r\n" + bytes(_MIB) + b"\r\n", 1024 * _MIB),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="1-gib-in-chunks",
        ),
        pytest.param(
            lambda: pieces(_CHUNKED, b"40000000\r\n" + bytes(_MIB), 1024 * _MIB),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="1-gib-in-one-chunk",
        ),
        pytest.param(
            lambda: bomb("gzip", packed(31)),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="gzip-bomb",
        ),
        pytest.param(
            lambda: bomb("deflate", packed(15)),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="deflate-bomb",
        ),
        pytest.param(
            lambda: bomb("deflate", packed(-15)),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="raw-deflate-bomb",
        ),
        pytest.param(
            lambda: bomb("gzip, gzip", gzip.compress(packed(31))),
            "ProtocolError: GET {url}/x: the body of the response is larger than",
            id="bomb-in-a-bomb",
        ),
        pytest.param(
            lambda: bomb(", ".join(["gzip"] * 100), b"x"),
            "ProtocolError: GET {url}/x: the body cannot be decompressed",
            id="too-many-encodings",
        ),
        pytest.param(
            lambda: pieces(_HEAD, b"X: 1\r\n", 6 * 100_000, b"\r\n{}"),
            "ProtocolError: GET {url}/x: the connection broke",
            id="100000-headers",
        ),
        pytest.param(
            lambda: pieces(_HEAD + b"X: ", b"x" * _MIB, 256 * _MIB),
            "ProtocolError: GET {url}/x: the connection broke",
            id="endless-header",
        ),
        pytest.param(
            lambda: pieces(b"HTTP/1.1 200 ", b"x" * _MIB, 256 * _MIB),
            "ProtocolError: GET {url}/x: the connection broke",
            id="endless-status-line",
        ),
        pytest.param(
            lambda: pieces(_CHUNKED + b"2;", b"x" * _MIB, 256 * _MIB),
            "ProtocolError: GET {url}/x: the connection broke",
            id="endless-chunk-size",
        ),
        pytest.param(
            lambda: pieces(_CHUNKED + b"2\r\n{}\r\n0\r\nX: ", b"x" * _MIB, 256 * _MIB),
            "ProtocolError: GET {url}/x: the connection broke",
            id="endless-trailer",
        ),
    ],
)
def test_an_answer_without_an_end_takes_little_memory(
    make: Callable[[], Step], outcome: str
) -> None:
    with FaultyServer(answer(200, {}), make()) as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM, server.url],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stderr == ""
    said, grown = json.loads(done.stdout)
    assert said.startswith(outcome.format(url=server.url))
    assert grown < 4 * MAX_BODY


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_an_unrequested_compression_is_a_protocol_error(
    encoding: str, connect: Connect
) -> None:
    def step(exchange: Exchange) -> None:
        accepted = exchange.request.headers["accept-encoding"]
        exchange.notes.append(accepted)
        answer(200, b"\x8b\x00\x80{}\x03", {"Content-Encoding": encoding})(exchange)

    with FaultyServer(step) as server, pytest.raises(errors.ProtocolError):
        connect(server.url).request_json("GET", "/x")
    assert server.notes == ["gzip, deflate"]


def test_the_last_value_of_a_duplicate_name_counts(connect: Connect) -> None:
    with FaultyServer(answer(200, '{"a": 1, "a": 2}')) as server:
        assert connect(server.url).request_json("GET", "/x")[0] == {"a": 2}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_an_invalid_json_number_is_a_protocol_error(number: str, connect: Connect) -> None:
    body = f'{{"a": {number}}}'
    with (
        FaultyServer(answer(200, body)) as server,
        pytest.raises(errors.ProtocolError, match="is not JSON"),
    ):
        connect(server.url).request_json("GET", "/x")


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"code": NaN', b"\xff\xfe\x00", b"\x00" * 70_000]
)
def test_a_refusal_is_reported_with_any_body(
    status: int, body: bytes, connect: Connect
) -> None:
    with (
        FaultyServer(answer(status, body)) as server,
        pytest.raises(errors.APIError) as caught,
    ):
        connect(server.url).request_json("POST", "/x", json={})
    assert caught.value.status == status
    assert len(str(caught.value)) < 1000


def test_two_lengths_make_no_answer(connect: Connect) -> None:
    lengths = b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n"
    answering = raw(_HEAD + lengths + b"{}")
    with FaultyServer(answering) as server, pytest.raises(errors.ProtocolError):
        connect(server.url).request_json("GET", "/x")
