"""Parts that the tests of the REST client share."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import inspect
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tokbox import Tokbox
from tokbox.rest.auth import ProjectAuth
from tokbox.rest.requester import Requester
from tokbox.transport import Request, Response
from tokbox.transport.pool import PooledTransport

KEY = "40000123"
#: Looked for wherever it must not be.
SECRET = "canary0secret0canary0secret0canary0secret"
#: When the tests' clocks start: a whole second, seconds since the epoch.
EPOCH = 1_700_000_000.0


def sign(message: bytes) -> bytes:
    return hmac.digest(SECRET.encode(), message, hashlib.sha256)


@dataclass
class Clock:
    """Time that passes only when somebody sleeps, or a transport takes it."""

    now: float = EPOCH
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


class Script:
    """A transport that plays answers and exceptions, the last one for ever."""

    def __init__(
        self, *outcomes: Response | Exception | Callable[[Request], Response]
    ) -> None:
        self._outcomes = list(outcomes)
        self.requests: list[Request] = []
        self.closed = 0

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, Response) else outcome(request)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for requesters that are made meanwhile."""
    defaults = inspect.unwrap(Requester.__init__).__kwdefaults__
    monkeypatch.setitem(defaults, "monotonic", lambda: EPOCH)


@pytest.fixture
def scripted(clock: Clock) -> Callable[..., tuple[Requester, Script]]:
    """Make a requester over a scripted transport, in the time of *clock*."""

    def make(*outcomes: object, **options: object) -> tuple[Requester, Script]:
        script = Script(*outcomes)  # type: ignore[arg-type]
        settings = {"timeout": 30.0, "retries": 2, **options}
        requester = Requester(
            script,
            ProjectAuth(KEY, sign, now=clock),
            api_url="https://api.example.test",
            sleep=clock.sleep,
            monotonic=clock,
            now=clock,
            jitter=lambda low, high: high,
            **settings,  # type: ignore[arg-type]
        )
        return requester, script

    return make


def traceback_of(error: BaseException) -> str:
    """Return what a traceback with locals shows, from below the caller's own frame."""
    assert error.__traceback__ is not None
    shown = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    return "".join(shown.format())


def open_sockets() -> dict[str, str]:
    """Name the sockets of this process, where the system tells, and say what each is."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for number in os.listdir("/proc/self/fd"):
            # One that is closed meanwhile is not open.
            with contextlib.suppress(OSError):
                name = os.readlink(f"/proc/self/fd/{number}")
                if name.startswith("socket:"):
                    with socket.socket(fileno=os.dup(int(number))) as same:
                        found[name] = repr(same)
    return found


def sockets_since(before: dict[str, str]) -> list[str]:
    """Say what sockets have been opened since *before* and stay open.

    A thread of an earlier test may have one for a moment. Nothing is collected here: a
    socket that only a collection closes is one left behind.
    """
    patience = time.monotonic() + 5
    while True:
        new = open_sockets()
        left = [what for name, what in new.items() if name not in before]
        if not left or time.monotonic() > patience:
            return left
        time.sleep(0.01)


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port from which nothing ever comes back: what it is sent is dropped."""
    if sys.platform != "linux":
        pytest.skip("relies on how Linux drops a SYN")
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def connect() -> Iterator[Callable[..., Requester]]:
    """Make requesters over real sockets; closed when the test ends.

    They do not wait between attempts, and by default make only one. Whatever happened
    to them, none may leave a socket behind.
    """
    before = open_sockets()
    with contextlib.ExitStack() as stack:

        def make(url: str, **options: object) -> Requester:
            settings: dict[str, object] = {
                "connect_timeout": 20.0,
                "pool_size": 10,
                "trust_env": False,
            }
            calls: dict[str, object] = {"timeout": 60.0, "retries": 0, "read_timeout": 20.0}
            for name, value in options.items():
                (calls if name in calls else settings)[name] = value
            requester = Requester(
                PooledTransport(**settings),  # type: ignore[arg-type]
                ProjectAuth(KEY, sign),
                api_url=url,
                sleep=lambda seconds: None,
                **calls,  # type: ignore[arg-type]
            )
            stack.callback(requester.close)
            return requester

        yield make
    assert sockets_since(before) == []


Make = Callable[..., tuple[Tokbox, Script]]


@pytest.fixture
def make() -> Make:
    """Make a client over a scripted transport; all it hears without a script is yes."""

    def make(*outcomes: object) -> tuple[Tokbox, Script]:
        script = Script(*outcomes or [Response(200, {}, b"")])  # type: ignore[arg-type]
        return Tokbox(KEY, SECRET, transport=script), script

    return make


def sent(script: Script) -> tuple[str, str, Any]:
    """Return the method, path and JSON of the only request."""
    (request,) = script.requests
    body = None if request.body is None else json.loads(request.body)
    return request.method, request.path, body


def claims(token: str) -> tuple[str, str, int]:
    """Return the session, the role and the life of a token that the project signed."""
    with Tokbox(KEY, SECRET) as tb:
        said = tb.verify(token)
    assert said.expire_time is not None
    return said.session_id, said.role, said.expire_time - said.create_time
