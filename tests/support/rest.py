"""Helpers for tests of the client: a scripted transport, a fixed clock, open sockets."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.dialects import sign_hs256
from tokbox import Tokbox
from tokbox.transport import Request, Response

KEY = "40000123"
#: Looked for wherever it must not be.
SECRET = "canary0secret0canary0secret0canary0secret"
#: When the tests' clocks start: a whole second, seconds since the epoch.
EPOCH = 1_700_000_000.0


def sign(claims: Mapping[str, Any]) -> str:
    """Return the claims as a JWT that is signed with the secret of the tests."""
    return sign_hs256(dict(claims), SECRET)


@dataclass
class Clock:
    """A clock that advances only when the code under test sleeps or a transport advances
    it."""

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


Make = Callable[..., tuple[Tokbox, Script]]


def traceback_of(error: BaseException) -> str:
    """Return what a traceback with locals shows, from below the caller's own frame."""
    assert error.__traceback__ is not None
    shown = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    return "".join(shown.format())


def open_sockets() -> dict[str, str]:
    """List the sockets of this process, with a description of each, where the system allows
    it."""
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
