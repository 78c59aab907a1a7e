"""The ASGI application."""

from __future__ import annotations

import os
from collections.abc import (
    AsyncIterator,
    Collection,
    Mapping,
)
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tokbox.emulator.http.dispatcher import Dispatcher
from tokbox.emulator.http.origin_check import OriginCheck, read_hosts
from tokbox.emulator.http.request import Endpoint
from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.events import Events
from tokbox.emulator.model.records import Job
from tokbox.emulator.model.rules import Rules, make_rules
from tokbox.emulator.model.states import ENDED
from tokbox.emulator.routes import endpoints
from tokbox.emulator.serializers.download_links import DownloadLinks
from tokbox.emulator.simulation import engine
from tokbox.emulator.simulation.audio_sockets import AudioSockets
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.simulation.webhook_sender import WebhookSender
from tokbox.emulator.store.accounts import Accounts
from tokbox.emulator.store.database import CLOCK_OFFSET, Store
from tokbox.emulator.store.ids import Ids, Seed
from tokbox.emulator.store.jobs import Jobs
from tokbox.emulator.store.messages import Messages
from tokbox.emulator.store.pending_faults import PendingFaults
from tokbox.emulator.store.request_log import RequestLog
from tokbox.emulator.store.rotations import Rotations
from tokbox.emulator.store.storage_targets import StorageTargets
from tokbox.emulator.store.webhook_outbox import WebhookOutbox
from tokbox.errors import InvalidInputError
from tokbox.exact import exact_number
from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback

__all__ = ["PROCESSING_DELAY", "create_app"]

#: Default time until the file of a stopped archive is available, in seconds: long enough to
#: observe, short enough for tests.
PROCESSING_DELAY = 0.5


@set_module("tokbox.emulator")
@strip_traceback
def create_app(
    *,
    projects: Mapping[str, str] | None = None,
    applications: Mapping[str, str | bytes | None] | None = None,
    accounts: Mapping[str, str] | None = None,
    db: str | os.PathLike[str] | None = None,
    store: Store | None = None,
    clock: Clock | None = None,
    processing_delay: float = PROCESSING_DELAY,
    strict: bool | Rules = False,
    seed: int | None = None,
    webhooks: Mapping[str, Mapping[str, str]] | None = None,
    webhooks_anywhere: bool = False,
    allow_hosts: Collection[str] = (),
) -> Starlette:
    """Create the emulator as an ASGI application.

    *projects* maps API keys to secrets, *applications* maps UUIDs to public keys in PEM
    (``None`` generates the key of the default application), and *accounts* maps account
    keys to secrets. Each of them has a default.

    *db* is a file for the state; by default the state is in memory. The server closes the
    database at shutdown. An open *store*, given instead of *db*, is not closed.

    *processing_delay* is the time until the file of a stopped archive is available, from 0
    to 86400 seconds. *strict* selects which requests are refused, and the behaviour where
    the service itself varies: see :class:`Rules`.

    With a *seed*, an integer of 0 or more, the same calls get the same IDs. Together with
    :meth:`Clock.fixed` the responses are byte-for-byte equal, except for the passwords of
    encrypted archives, whose encryption is random.

    *webhooks* maps API keys and application IDs to webhook settings: URLs by event name,
    such as ``archive_status``, and an optional ``signature_secret``. Webhooks are sent to
    loopback addresses only, unless *webhooks_anywhere* is true.

    *allow_hosts* are additional names for the header ``Host``; ``http/origin_check.py``
    lists those that are always allowed. Raises :class:`InvalidInputError`.
    """
    if store is not None and db is not None:
        raise InvalidInputError("db", db, "not be given beside store")
    delay = exact_number(processing_delay)
    if delay is None or not 0 <= delay <= 86_400:
        raise InvalidInputError(
            "processing_delay", processing_delay, "be from 0 to 86400 seconds"
        )
    rules = make_rules(strict)
    allowed = read_hosts(allow_hosts)
    owned = store is None
    store = Store(db) if store is None else store
    try:
        clock = Clock() if clock is None else clock
        registry = Accounts(store, projects, applications, accounts)
        seeded = None if seed is None else Seed(seed, store)
        ids = Ids() if seeded is None else Ids(seeded.draw)
        outbox = WebhookOutbox(store, ids, webhooks, anywhere=webhooks_anywhere)
        with store.transaction():
            kept = int(store.setting(CLOCK_OFFSET, str(clock.offset_ms)))
            clock.set_offset(max(kept, clock.offset_ms))
            store.set_setting(CLOCK_OFFSET, str(clock.offset_ms))
            registry.register(clock.now_ms())
    except BaseException:
        if owned:
            store.close()
        raise
    events = Events()
    events.subscribe(outbox.add)
    links = DownloadLinks(store, None if seeded is None else seeded.link_key())
    targets, jobs = StorageTargets(store), Jobs(store)
    emulator = Emulator(
        accounts=registry,
        store=store,
        clock=clock,
        ids=ids,
        events=events,
        download_links=links,
        jobs=jobs,
        request_log=RequestLog(store, ids),
        messages=Messages(store),
        storage_targets=targets,
        rotations=Rotations(store),
        pending_faults=PendingFaults(store),
        webhook_outbox=outbox,
        audio_sockets=AudioSockets(clock),
        rules=rules,
        processing_ms=round(delay * 1000),
    )
    emulator.audio_sockets.on_end = partial(_end_connector, emulator)
    sender = WebhookSender(emulator)
    dispatcher = Dispatcher(emulator)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sender.start()
        yield
        sender.stop()
        emulator.audio_sockets.stop()
        if owned:
            emulator.store.close()

    app = Starlette(
        routes=_routes(dispatcher, lenient=not rules.refuse_odd_methods),
        exception_handlers={HTTPException: dispatcher.respond_unrouted},
        lifespan=lifespan,
    )
    app.state.emulator = emulator
    app.state.webhook_sender = sender
    app.add_middleware(_PathAliases)
    app.add_middleware(OriginCheck, allowed=allowed)
    return app


def _end_connector(emulator: Emulator, connector: Job, reason: str) -> None:
    """End an Audio Connector whose WebSocket failed or was closed."""
    with emulator.store.transaction():
        now_ms = emulator.clock.now_ms()
        engine.run_due_events(emulator, now_ms)
        job = emulator.jobs.find(connector.project_id, connector.kind, connector.job_id)
        if job is not None and job.status not in ENDED:
            engine.fail(emulator, job, now_ms, reason)


class _Resource:
    """The endpoints of one path, by their methods."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.endpoints: dict[str, Endpoint] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The router accepts HEAD for every path that has GET.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        request = Request(scope, receive, send)
        response = await self._dispatcher.dispatch(self.endpoints[method], request)
        await response(scope, receive, send)


def _routes(dispatcher: Dispatcher, *, lenient: bool) -> list[Route]:
    """Return one route for each path, so that a 405 names all its methods."""
    resources: dict[str, _Resource] = {}
    for method, path, endpoint in endpoints(lenient=lenient):
        resource = resources.setdefault(path, _Resource(dispatcher))
        resource.endpoints[method] = endpoint
    return [
        Route(path, resource, methods=list(resource.endpoints))
        for path, resource in resources.items()
    ]


class _PathAliases:
    """Middleware that replaces alternative forms of a path by the one that is routed.

    The alternative forms are trailing slashes, and ``/v2/partner/``, the old name of
    ``/v2/project/``. A redirect would not do: many clients lose the body of a POST when
    they follow one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].rstrip("/") or "/"
            if f"{path}/".startswith("/v2/partner/"):
                path = "/v2/project" + path.removeprefix("/v2/partner")
            scope = {**scope, "path": path}
        await self._app(scope, receive, send)
