"""Running the emulator in a thread, for a test."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette

from tokbox.emulator.app import PROCESSING_DELAY, create_app
from tokbox.emulator.controls import Controls
from tokbox.emulator.http.broken_responses import Protocol
from tokbox.emulator.http.origin_check import read_hosts
from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.hosts import is_host
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.simulation.webhook_sender import WebhookSender
from tokbox.emulator.store.accounts import (
    DEFAULT_ACCOUNT_KEY,
    DEFAULT_ACCOUNT_SECRET,
    DEFAULT_API_KEY,
    DEFAULT_APPLICATION_ID,
    DEFAULT_SECRET,
)
from tokbox.emulator.store.database import Store
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback

__all__ = ["Server", "serve"]

#: Seconds that requests in progress have to finish when the server stops.
_GRACE = 5
#: Seconds between two updates of the header ``Date``.
_TICK = 1


class _Uvicorn(uvicorn.Server):
    """A uvicorn server that another thread can start and stop without polling delays."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()

    def stop(self) -> None:
        """Stop the server. Thread-safe."""
        self.should_exit = True
        if self._loop is not None:
            # A loop that has ended is closed.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ended.set)

    async def main_loop(self) -> None:
        # The original method polls every 0.1 s.
        while not await self.on_tick(0):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # The original method waits at least 0.1 s.
        for server in self.servers:
            server.close()
        state, ends = self.server_state, time.monotonic() + _GRACE
        for connection in list(state.connections):
            connection.shutdown()
        while (state.connections or state.tasks) and time.monotonic() < ends:
            await asyncio.sleep(0.005)


@set_module("tokbox.emulator")
@strip_traceback
class Server(Controls):
    """An emulator that runs in its own thread and serves a loopback port.

    Create it with :func:`serve`. It runs from ``start()`` (or the beginning of a ``with``
    block) to ``stop()`` (or the end of the block), and can be started only once.
    """

    #: The key and secret of its first project.
    api_key: str
    secret: str
    #: The id of its first application.
    application_id: str
    #: The key and secret of its first account.
    account_key: str
    account_secret: str
    clock: Clock
    #: The ASGI application, and the state behind it.
    _app: Starlette
    _store: Store

    def __init__(
        self,
        *,
        host: str,
        port: int,
        db: str | os.PathLike[str] | None,
        projects: Mapping[str, str] | None,
        applications: Mapping[str, str | bytes | None] | None,
        accounts: Mapping[str, str] | None,
        clock: Clock | None,
        processing_delay: float,
        strict: bool | Rules,
        seed: int | None,
        webhooks: Mapping[str, Mapping[str, str]] | None,
        webhooks_anywhere: bool,
        allow_hosts: Collection[str],
    ) -> None:
        self.api_key, self.secret = _first(projects, DEFAULT_API_KEY, DEFAULT_SECRET)
        self.application_id, _ = _first(applications, DEFAULT_APPLICATION_ID, "")
        self.account_key, self.account_secret = _first(
            accounts, DEFAULT_ACCOUNT_KEY, DEFAULT_ACCOUNT_SECRET
        )
        self.clock = Clock() if clock is None else clock
        self._store = Store(db)
        try:
            self._app = create_app(
                projects=projects,
                applications=applications,
                accounts=accounts,
                store=self._store,
                clock=self.clock,
                processing_delay=processing_delay,
                strict=strict,
                seed=seed,
                webhooks=webhooks,
                webhooks_anywhere=webhooks_anywhere,
                # Allow the host of its own URL, also for http://0.0.0.0.
                allow_hosts=read_hosts(allow_hosts) | {*filter(is_host, [host])},
            )
            # Bound here, not by uvicorn, so that the port is known at once and a port in
            # use raises in the caller.
            self._socket = _listen(host, port)
        except BaseException:
            self._store.close()
            raise
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        super().__init__(f"http://{name}:{self.port}")
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        config = uvicorn.Config(
            self._app,
            # Fixed components, regardless of which optional packages are installed.
            loop="asyncio",
            http=Protocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            headers=[("Server", "tokbox-emulator")],
        )
        self._uvicorn = _Uvicorn(config, self._ready)

    @property
    def _sender(self) -> WebhookSender:
        sender: WebhookSender = self._app.state.webhook_sender
        return sender

    @property
    def _emulator(self) -> Emulator:
        emulator: Emulator = self._app.state.emulator
        return emulator

    def _send(self, method: str, path: str, body: object = None) -> Any:
        if self._thread is None or self._stopped:
            when = "in its with block, or between start() and stop()"
            raise RuntimeError(f"the emulator is not running: use it {when}")
        return super()._send(method, path, body)

    @property
    @strip_traceback
    def private_key(self) -> str:
        """The private key of the default application as PEM, generated at first use.

        Raises :class:`RuntimeError` if the emulator was created with other applications.
        """
        with self._store.transaction():
            return self._emulator.accounts.private_key()

    def start(self) -> Server:
        """Start the server, and return once it accepts requests."""
        if self._thread is not None or self._stopped:
            raise RuntimeError("an emulator starts only once")
        self._thread = threading.Thread(target=self._run, name=f"emulator {self.url}")
        # A daemon thread, so that a test without ``stop()`` does not keep the process
        # alive.
        self._thread.daemon = True
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self.stop()
            raise RuntimeError("the emulator did not start") from self._failure
        self._sender.start()
        return self

    def stop(self) -> None:
        """Stop the server and close everything; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        if self._thread is not None:
            self._uvicorn.stop()
            self._thread.join()
        self._sender.stop()
        self._emulator.audio_sockets.stop()
        self._socket.close()
        self._store.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._uvicorn.run(sockets=[self._socket])
        except BaseException as error:  # uvicorn raises SystemExit too
            self._failure = error
        finally:
            self._ready.set()


@set_module("tokbox.emulator")
@strip_traceback
def serve(
    *,
    port: int = 0,
    db: str | os.PathLike[str] | None = None,
    projects: Mapping[str, str] | None = None,
    applications: Mapping[str, str | bytes | None] | None = None,
    accounts: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
    processing_delay: float = PROCESSING_DELAY,
    strict: bool | Rules = False,
    seed: int | None = None,
    webhooks: Mapping[str, Mapping[str, str]] | None = None,
    webhooks_anywhere: bool = False,
    allow_hosts: Collection[str] = (),
) -> Server:
    """Create an emulator that runs in a thread: ``with serve() as server: ...``

    *port* 0 selects a free port; the other parameters are as in :func:`create_app`. Raises
    :class:`InvalidInputError`, and :class:`OSError` if the port is in use.
    """
    return Server(
        host=host,
        port=port,
        db=db,
        projects=projects,
        applications=applications,
        accounts=accounts,
        clock=clock,
        processing_delay=processing_delay,
        strict=strict,
        seed=seed,
        webhooks=webhooks,
        webhooks_anywhere=webhooks_anywhere,
        allow_hosts=allow_hosts,
    )


def _first(
    named: Mapping[str, Any] | None, default_key: str, default_secret: str
) -> tuple[str, str]:
    """Return the first item of *named*, or the default if *named* is ``None``."""
    if named is None:
        return default_key, default_secret
    return next(iter(named.items()), ("", ""))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only if the protocol is given explicitly. With the
    # algorithm, every response on a kept-alive connection would wait 40 ms for an
    # acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # On Windows the option would allow a second server to bind the same port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            reason = f"{os.strerror(errno.EADDRINUSE)}: port {port} of {host}"
            message = f"{reason}; choose another, or 0 for a free one"
            raise OSError(errno.EADDRINUSE, message) from None
        except TypeError:
            rule = "be an address, or a name that can be looked up"
            raise InvalidInputError("host", host, rule) from None
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener
