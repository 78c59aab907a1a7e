"""The ASGI application: which request goes where, and what every request goes through."""

from __future__ import annotations

import os
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tokbox.emulator.api import sessions
from tokbox.emulator.control import clients as control
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.auth import authenticate, authenticate_account, check_active
from tokbox.emulator.http.origin_check import OriginCheck, read_hosts
from tokbox.emulator.http.pipeline import watch
from tokbox.emulator.http.request import Call, read_body
from tokbox.emulator.http.responses import error_response, wants_json
from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.events import Events
from tokbox.emulator.model.rules import Rules, make_rules
from tokbox.emulator.routes import (
    ACCOUNT,
    ALWAYS_JSON,
    API,
    CONTROL,
    CREATING,
    LENIENT,
    ON_BEHALF,
    Handler,
)
from tokbox.emulator.serializers.download_links import DownloadLinks
from tokbox.emulator.simulation import engine
from tokbox.emulator.simulation.archives import Recorder
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.simulation.webhook_sender import WebhookSender
from tokbox.emulator.store.accounts import Account, Accounts, Application, Project
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.ids import Ids, Seed
from tokbox.emulator.store.jobs import Jobs
from tokbox.emulator.store.messages import Messages
from tokbox.emulator.store.pending_faults import PendingFaults
from tokbox.emulator.store.request_log import RequestLog, Visit
from tokbox.emulator.store.storage_targets import StorageTargets
from tokbox.emulator.store.webhook_outbox import WebhookOutbox
from tokbox.errors import InvalidInputError
from tokbox.exact import exact_number
from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback

__all__ = ["PROCESSING_DELAY", "create_app"]

#: How long the file of a stopped archive takes to be made, in seconds: long enough to
#: be seen, short enough not to be waited for.
PROCESSING_DELAY = 0.5

_Endpoint = Callable[[Request], Awaitable[Response]]
_Caller = Project | Application | Account
_Identify = Callable[[Request], _Caller]


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
    """Make the emulator as an ASGI application.

    *projects* maps API keys to secrets, *applications* UUIDs to the PEM of public keys
    (``None`` for one whose key is made here),
    *accounts* account keys to secrets; where one is not given there is the default. *db*
    is a file to keep the state in (memory without it; it is closed when the server that
    runs the application shuts down, while an open *store* given instead stays the
    caller's), *processing_delay* is how many seconds the file of a stopped
    archive takes, and *strict* says what is refused, and what is done where the service
    varies: see :class:`Rules`.

    With a *seed*, a whole number, the same calls get the same ids; together with
    :meth:`Clock.fixed` they get the same answers to the last byte. *webhooks* maps API
    keys and application ids to addresses by the names that applications have for them,
    such as ``archive_status``, and maybe to a ``signature_secret``. Nothing is sent but
    to loopback addresses, unless *webhooks_anywhere* is set. *allow_hosts* are further
    names that the header ``Host`` may have; ``http/origin_check.py`` lists those that are
    always allowed. Raises :class:`InvalidInputError`.
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
            kept = int(store.setting(control.OFFSET_SETTING, str(clock.offset_ms)))
            clock.set_offset(max(kept, clock.offset_ms))
            store.set_setting(control.OFFSET_SETTING, str(clock.offset_ms))
            registry.register(clock.now_ms())
    except BaseException:
        if owned:
            store.close()
        raise
    events = Events()
    events.listen(outbox.post)
    links = DownloadLinks(store, None if seeded is None else seeded.link_key())
    targets, jobs = StorageTargets(store), Jobs(store)
    emulator = Emulator(
        accounts=registry,
        store=store,
        clock=clock,
        ids=ids,
        events=events,
        download_links=links,
        recorder=Recorder(
            store,
            jobs,
            ids,
            events,
            links,
            targets,
            rules,
            processing_ms=round(delay * 1000),
        ),
        jobs=jobs,
        request_log=RequestLog(store, ids),
        messages=Messages(store),
        storage_targets=targets,
        pending_faults=PendingFaults(store),
        webhook_outbox=outbox,
        rules=rules,
    )
    sender = WebhookSender(emulator)
    service = API if rules.refuse_odd_methods else (*API, *LENIENT)
    routes = [
        *_routes(service, partial(_service, emulator)),
        *_routes(ACCOUNT, partial(_for_accounts, emulator)),
        *_routes(CONTROL, partial(_ours, emulator)),
        *_routes(
            # The page has no credentials, and says on whose behalf it calls instead.
            tuple((method, ON_BEHALF + path, handler) for method, path, handler in service),
            partial(_on_behalf, emulator),
        ),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sender.start()
        yield
        sender.stop()
        if owned:
            emulator.store.close()

    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: partial(_no_route, emulator)},
        lifespan=lifespan,
    )
    app.state.emulator = emulator
    app.state.webhook_sender = sender
    app.add_middleware(_Spellings)
    app.add_middleware(OriginCheck, allowed=allowed)
    return app


def _routes(
    table: tuple[tuple[str, str, Handler], ...], wrap: Callable[[Handler], _Endpoint]
) -> Iterator[Route]:
    """Make one route for each path, so that a 405 can name all methods that it has."""
    paths: dict[str, dict[str, _Endpoint]] = {}
    for method, path, handler in table:
        paths.setdefault(path, {})[method] = wrap(handler)
    for path, endpoints in paths.items():
        yield Route(path, _by_method(endpoints), methods=list(endpoints))


def _by_method(endpoints: dict[str, _Endpoint]) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        # The router lets HEAD through wherever there is a GET.
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return endpoint


def _service(emulator: Emulator, handler: Handler) -> _Endpoint:
    """Give *handler* the calls of projects and applications."""
    return _endpoint(emulator, handler, partial(_by_credentials, emulator, authenticate))


def _for_accounts(emulator: Emulator, handler: Handler) -> _Endpoint:
    """Give *handler* the calls of accounts."""
    check = partial(_by_credentials, emulator, authenticate_account)
    return _endpoint(emulator, handler, check)


def _on_behalf(emulator: Emulator, handler: Handler) -> _Endpoint:
    """Give *handler* the calls of anyone, as if they came from who the path names."""

    def identify(request: Request) -> Project | Application:
        project = emulator.accounts.find(request.path_params["project_id"])
        if project is None:
            raise HTTPError(404, "There is no such project or application")
        # No credentials are needed, but those of a suspended project would be refused.
        check_active(project)
        return project

    return _endpoint(emulator, handler, identify)


def _by_credentials(
    emulator: Emulator, check: Callable[..., _Caller], request: Request
) -> _Caller:
    return check(
        request.headers,
        emulator.accounts,
        now=emulator.clock.real(),
        rules=emulator.rules,
    )


def _endpoint(emulator: Emulator, handler: Handler, identify: _Identify) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        def carry_out(visit: Visit, body: bytes) -> Response:
            now_ms = emulator.clock.now_ms()
            with emulator.store.transaction():
                caller = identify(request)
                engine.settle(emulator, now_ms)
            visit.project_id = caller.id
            if request.path_params.get("project", caller.id) != caller.id:
                raise HTTPError(
                    403, "Id in the token does not match the one in the url", code=-1
                )
            call = Call(emulator, caller, request, body, now_ms)
            return _handle(call, handler, visit)

        def refused(refusal: HTTPError) -> Response:
            return error_response(
                refusal,
                as_json=handler in ALWAYS_JSON
                or wants_json(request.headers.get("accept", "")),
                creating_session=handler is sessions.create,
            )

        return await watch(emulator, request, carry_out, refused)

    return endpoint


def _ours(emulator: Emulator, handler: Handler) -> _Endpoint:
    """Give *handler* the calls of anyone; errors are JSON."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await read_body(request)
            now_ms = emulator.clock.now_ms()
            with emulator.store.transaction():
                engine.settle(emulator, now_ms)
            return _handle(Call(emulator, None, request, body, now_ms), handler)
        except HTTPError as refusal:
            return error_response(refusal, as_json=True)

    return endpoint


def _handle(call: Call, handler: Handler, visit: Visit | None = None) -> Response:
    """Carry out the call and note it in the journal.

    Everything was brought up to date in a transaction before: what was due stays done
    where the call itself is refused, and thereby undone.
    """
    # Handlers run on the event loop itself: they are short, and one at a time is what
    # the store wants anyway.
    store = call.emulator.store
    call.emulator.download_links.base_url = _base_url(call.request)
    with store.transaction():
        response = handler(call)
        if visit is not None:
            visit.created = handler in CREATING
            call.emulator.request_log.add(visit, response.status_code, call.now_ms)
        return response


def _base_url(request: Request) -> str:
    """Return where a request came to, without parsing its whole URL if it has a Host."""
    if host := request.headers.get("host"):
        return f"{request.scope['scheme']}://{host}"
    return f"{request.url.scheme}://{request.url.netloc}"


async def _no_route(emulator: Emulator, request: Request, error: Exception) -> Response:
    """Answer what no route answers (404), or not with this method (405)."""
    assert isinstance(error, HTTPException)
    refusal = HTTPError(error.status_code, error.detail)
    ours = request.url.path.startswith("/_emulator")

    def carry_out(visit: Visit, body: bytes) -> Response:
        raise refusal

    def refused(refusal: HTTPError) -> Response:
        response = error_response(
            refusal,
            as_json=ours or wants_json(request.headers.get("accept", "")),
        )
        response.headers.update(error.headers or {})
        return response

    if ours:
        return refused(refusal)
    return await watch(emulator, request, carry_out, refused)


class _Spellings:
    """Map the spellings of a path that clients use to the one that is routed.

    Trailing slashes, and ``/v2/partner/``, the old name of ``/v2/project/``. A redirect
    would not do: many clients lose the body of a POST on the way.
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
