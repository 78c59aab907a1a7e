"""Fixtures that the tests of the REST client share."""

from __future__ import annotations

import contextlib
import inspect
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.support.rest import (
    EPOCH,
    KEY,
    SECRET,
    Clock,
    Make,
    Script,
    open_sockets,
    sign,
    sockets_since,
)
from tokbox import Tokbox
from tokbox.rest.http.auth import ProjectAuth
from tokbox.rest.http.requester import Requester
from tokbox.transport import Response
from tokbox.transport.urllib3_transport import Urllib3Transport


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of requesters that are created during the test."""
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
    """Create requesters over real sockets, which are closed when the test ends. They do not
    wait between attempts, and by default make only one. None may leave a socket open."""
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
                Urllib3Transport(**settings),  # type: ignore[arg-type]
                ProjectAuth(KEY, sign),
                api_url=url,
                sleep=lambda seconds: None,
                **calls,  # type: ignore[arg-type]
            )
            stack.callback(requester.close)
            return requester

        yield make
    assert sockets_since(before) == []


@pytest.fixture
def make() -> Make:
    """Make a client over a scripted transport; all it hears without a script is yes."""

    def make(*outcomes: object) -> tuple[Tokbox, Script]:
        script = Script(*outcomes or [Response(200, {}, b"")])  # type: ignore[arg-type]
        return Tokbox(KEY, SECRET, transport=script), script

    return make
