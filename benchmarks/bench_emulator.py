"""The emulator: requests a second under load, and clients that join a full session.

Under load, 500 connections send requests at the same time. The figure is the processor time
of the server, which is a separate process. The floor is the same server (uvicorn) and
framework (starlette) with a constant response.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from tokbox import Tokbox

from . import workloads
from .bench_rest import emulator
from .comparison import Contender, Seconds, Work, at_most, group
from .workloads import resources

FLOOR = "starlette, a constant"
EMPTY = "join an empty session"
CONNECTIONS = 500
#: Clients in a full session.
CLIENTS = 1000

CONSTANT = """
import asyncio, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def answer(request):
    return Response(b'{"count":0,"items":[]}', media_type="application/json")

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

app = Starlette(routes=[Route("/{path:path}", answer)])
options = {"loop": "asyncio", "http": "h11", "log_config": None, "access_log": False}
Server(uvicorn.Config(app, port=0, **options)).run()
"""


class Client(asyncio.Protocol):
    """Sends one request after the other, *shared* with all other connections."""

    def __init__(self, request: bytes, shared: list[int], done: asyncio.Event) -> None:
        self._request, self._shared, self._done = request, shared, done
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if self._shared[0] == 0:
            self._transport.close()
            return
        self._shared[0] -= 1
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        self._shared[1] -= 1
        if self._shared[1] == 0:
            self._done.set()
        self._next()


async def load(url: str, request: bytes, n: int) -> None:
    """Send *n* requests over many connections at the same time."""
    parts, loop, done = urlsplit(url), asyncio.get_running_loop(), asyncio.Event()
    shared = [n, n]
    for _ in range(min(CONNECTIONS, n)):
        await loop.create_connection(
            lambda: Client(request, shared, done), parts.hostname, parts.port
        )
    await done.wait()


def processor_time(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@cache
def server() -> dict[str, Any]:
    return resources.enter_context(emulator())


@contextlib.contextmanager
def constant() -> Iterator[dict[str, Any]]:
    with subprocess.Popen(
        [sys.executable, "-c", CONSTANT], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield {"url": f"http://127.0.0.1:{port}", "pid": process.pid}
        process.terminate()


@cache
def floor() -> dict[str, Any]:
    return resources.enter_context(constant())


@cache
def request() -> bytes:
    """Return a request for a page of archives, with credentials."""
    to = server()
    with Tokbox(to["api_key"], to["secret"], to["url"]) as tb:
        name, token = tb._requester._auth.header()
    return (
        f"GET /v2/project/{to['api_key']}/archive?count=1 HTTP/1.1\r\n"
        f"host: 127.0.0.1\r\naccept: application/json\r\n{name}: {token}\r\n\r\n"
    ).encode()


def answering(of: Callable[[], dict[str, Any]]) -> Callable[[int], Work]:
    """Answer n requests; the time is the processor time of the server."""

    def prepare(n: int) -> Work:
        to, line = of(), request()

        def work() -> Seconds:
            before = processor_time(to["pid"])
            asyncio.run(load(to["url"], line, n))
            return Seconds(processor_time(to["pid"]) - before)

        return work

    return prepare


def joining(already: int) -> Callable[[int], Work]:
    """Connect and publish n clients in a session that has *already* others."""

    def prepare(n: int) -> Work:
        from tokbox.emulator import create_app
        from tokbox.emulator.model.records import Session
        from tokbox.emulator.simulation import engine
        from tokbox.emulator.simulation.client_tokens import ClientClaims

        emulator = create_app(projects={workloads.API_KEY: workloads.SECRET}).state.emulator
        store, admission = emulator.store, ClientClaims("publisher", "", ())
        made = dict.fromkeys(("archive_name", "archive_resolution"))

        def start() -> str:
            session_id = emulator.ids.uuid()
            session = Session(
                session_id=session_id,
                project_id=workloads.API_KEY,
                created_ms=0,
                location="",
                relayed=False,
                always_archived=True,
                e2ee=False,
                **made,
            )
            with store.transaction():
                store.save_session(session)
            return session_id

        def join(session_id: str, n: int) -> None:
            for _ in range(n):
                with store.transaction():
                    session = store.session(session_id)
                    one = engine.connect(emulator, session, admission, 1)
                    session = store.session(session_id)
                    engine.publish(emulator, session, one, 1, name="", video_type="camera")

        def work() -> Seconds:
            session_id = start()
            join(session_id, already)
            began = time.thread_time()
            join(session_id, n)
            return Seconds(time.thread_time() - began)

        return work

    return prepare


test_load = group(
    f"answers of the emulator, {CONNECTIONS} connections",
    [
        Contender(FLOOR, answering(floor)),
        Contender("the emulator", answering(server), goals=[at_most(2.5, FLOOR)]),
    ],
    n=2000,
    unit="request",
    floor=FLOOR,
    strict=True,
    smoke_n=10,
)

test_join = group(
    "clients that join",
    [
        Contender(EMPTY, joining(0)),
        Contender(
            f"join {CLIENTS:,} others", joining(CLIENTS), goals=[at_most(1.5, EMPTY)]
        ),
    ],
    n=50,
    unit="client",
    floor=EMPTY,
    strict=True,
    smoke_n=2,
)
