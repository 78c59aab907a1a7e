"""The ASGI application: which request goes where, and what every request goes through."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tokbox.emulator import archives, control, instruments, sessions
from tokbox.emulator.armed import ArmedFaults
from tokbox.emulator.auth import authenticate
from tokbox.emulator.calls import Call, read_body
from tokbox.emulator.clock import Clock
from tokbox.emulator.engine import Emulator
from tokbox.emulator.events import Events
from tokbox.emulator.ids import Ids
from tokbox.emulator.journal import Journal, Visit
from tokbox.emulator.links import Links
from tokbox.emulator.recorder import Recorder
from tokbox.emulator.replies import Refusal, refuse, wants_json
from tokbox.emulator.store import Store
from tokbox.emulator.tenants import make_projects
from tokbox.emulator.watch import watch
from tokbox.errors import InvalidInput

__all__ = ["PROCESSING_DELAY", "create_app"]

#: How long the file of a stopped archive takes to be made, in seconds: long enough to
#: be seen, short enough not to be waited for.
PROCESSING_DELAY = 0.5

Handler = Callable[[Call], Response]
_Endpoint = Callable[[Request], Awaitable[Response]]

_P = "/v2/project/{project}"
_SESSION = _P + "/session/{session_id}"
_CONTROL = "/_emulator/session/{session_id}/connection"

#: The service's routes. What it calls ``P`` is ``/v2/project/{apiKey}``.
_SERVICE: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/session/create", sessions.create),
    ("POST", "/hl/session/create", sessions.create),
    ("POST", f"{_P}/archive", archives.start),
    ("GET", f"{_P}/archive", archives.list_page),
    ("GET", f"{_P}/archive/{{archive_id}}", archives.get),
    ("DELETE", f"{_P}/archive/{{archive_id}}", archives.delete),
    ("POST", f"{_P}/archive/{{archive_id}}/stop", archives.stop),
    ("PUT", f"{_P}/archive/{{archive_id}}/layout", archives.set_layout),
    ("PATCH", f"{_P}/archive/{{archive_id}}/streams", archives.change_streams),
    ("GET", f"{_SESSION}/stream", sessions.list_streams),
    ("PUT", f"{_SESSION}/stream", sessions.set_layout_classes),
    ("GET", f"{_SESSION}/stream/{{stream_id}}", sessions.get_stream),
    ("GET", f"{_SESSION}/connection", sessions.list_connections),
    ("DELETE", f"{_SESSION}/connection/{{connection_id}}", sessions.force_disconnect),
)

#: What the service has and the emulator does not. Saying so beats a 404, which would
#: be read as something about the session.
_NOT_EMULATED = (
    # Before the archives, or "storage" would be taken for the id of one.
    f"{_P}/archive/storage",
    *(
        f"{_P}/{noun}{rest}"
        for noun in (
            "broadcast",
            "render",
            "captions",
            "connect",
            "callback",
            "dial",
            "call",
        )
        for rest in ("", "/{rest:path}")
    ),
    f"{_SESSION}/signal",
    f"{_SESSION}/mute",
    f"{_SESSION}/play-dtmf",
    f"{_SESSION}/connection/{{connection_id}}/signal",
    f"{_SESSION}/connection/{{connection_id}}/play-dtmf",
    f"{_SESSION}/stream/{{stream_id}}/mute",
)

#: Ours alone.
_OURS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_emulator", control.index),
    ("GET", "/_emulator/clock", control.read_clock),
    ("POST", "/_emulator/clock", control.advance_clock),
    ("POST", "/_emulator/reset", control.reset),
    ("GET", "/_emulator/journal", instruments.read_journal),
    ("DELETE", "/_emulator/journal", instruments.clear_journal),
    ("POST", "/_emulator/faults", instruments.arm_fault),
    ("DELETE", "/_emulator/faults", instruments.disarm_faults),
    ("GET", "/_emulator/archive/{tenant}/{archive_id}/{file_name}", archives.download),
    ("POST", _CONTROL, control.connect),
    ("DELETE", f"{_CONTROL}/{{connection_id}}", control.disconnect),
    ("POST", f"{_CONTROL}/{{connection_id}}/stream", control.publish),
    ("DELETE", f"{_CONTROL}/{{connection_id}}/stream", control.unpublish_all),
    ("DELETE", f"{_CONTROL}/{{connection_id}}/stream/{{stream_id}}", control.unpublish),
)

#: What creates something if it succeeds.
_CREATING = frozenset({sessions.create, archives.start})
#: The endpoints that were seen to answer JSON errors to clients that ask for nothing.
_ALWAYS_JSON = (archives.set_layout, sessions.force_disconnect)
_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_app(
    *,
    projects: Mapping[str, str] | None = None,
    db: str | os.PathLike[str] | None = None,
    store: Store | None = None,
    clock: Clock | None = None,
    processing_delay: float = PROCESSING_DELAY,
    strict: bool = False,
) -> Starlette:
    """Make the emulator as an ASGI application.

    *projects* maps API keys to secrets (without it there is the default project), *db*
    is a file to keep the state in (memory without it; it is closed when the server that
    runs the application shuts down, while an open *store* given instead stays the
    caller's), *processing_delay* is how many seconds the file of a stopped
    archive takes, and *strict* refuses REST credentials that live longer than five
    minutes. Raises :class:`InvalidInput`.
    """
    if store is not None and db is not None:
        raise InvalidInput("db", db, "not be given beside store")
    if not 0 <= processing_delay <= 86_400:
        raise InvalidInput(
            "processing_delay", processing_delay, "be from 0 to 86400 seconds"
        )
    known = make_projects(projects)
    owned = store is None
    store = Store(db) if store is None else store
    clock = Clock() if clock is None else clock
    with store.transaction():
        kept = int(store.setting(control.OFFSET_SETTING, str(clock.offset_ms)))
        clock.set_offset(max(kept, clock.offset_ms))
        store.set_setting(control.OFFSET_SETTING, str(clock.offset_ms))
    ids, events, links = Ids(), Events(), Links(store)
    emulator = Emulator(
        projects=known,
        store=store,
        clock=clock,
        ids=ids,
        events=events,
        links=links,
        recorder=Recorder(
            store, ids, events, links, processing_ms=round(processing_delay * 1000)
        ),
        journal=Journal(store, ids),
        faults=ArmedFaults(store),
        strict=strict,
    )
    routes = [
        *(
            Route(path, _service(emulator, _not_emulated), methods=_ANY)
            for path in _NOT_EMULATED
        ),
        *_routes(_SERVICE, partial(_service, emulator)),
        *_routes(_OURS, partial(_ours, emulator)),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if owned:
            emulator.store.close()

    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: partial(_no_route, emulator)},
        lifespan=lifespan,
    )
    app.state.emulator = emulator
    app.add_middleware(_Spellings)
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
    """Give *handler* authenticated calls, one transaction each."""

    async def endpoint(request: Request) -> Response:
        def carry_out(visit: Visit, body: bytes) -> Response:
            project = authenticate(
                request.headers.get("x-opentok-auth"),
                emulator.projects,
                now=emulator.clock.real(),
                strict=emulator.strict,
            )
            visit.tenant = project.api_key
            named = request.path_params.get("project", project.api_key)
            if named != project.api_key:
                raise Refusal(
                    403, "Id in the token does not match the one in the url", code=-1
                )
            call = Call(emulator, project, request, body, emulator.clock.now_ms())
            return _handle(call, handler, visit)

        def refused(refusal: Refusal) -> Response:
            return refuse(
                refusal,
                as_json=handler in _ALWAYS_JSON
                or wants_json(request.headers.get("accept", "")),
                creating_session=handler is sessions.create,
            )

        return await watch(emulator, request, carry_out, refused)

    return endpoint


def _ours(emulator: Emulator, handler: Handler) -> _Endpoint:
    """Give *handler* calls of anyone, one transaction each; errors are JSON."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await read_body(request)
            return _handle(
                Call(emulator, None, request, body, emulator.clock.now_ms()), handler
            )
        except Refusal as refusal:
            return refuse(refusal, as_json=True)

    return endpoint


def _handle(call: Call, handler: Handler, visit: Visit | None = None) -> Response:
    # Handlers run on the event loop itself: they are short, and one at a time is what
    # the store wants anyway.
    url = call.request.url
    call.emulator.links.base_url = f"{url.scheme}://{url.netloc}"
    with call.emulator.store.transaction():
        call.emulator.settle(call.now_ms)
        response = handler(call)
        if visit is not None:
            visit.created = handler in _CREATING
            call.emulator.journal.add(visit, response.status_code, call.now_ms)
        return response


def _not_emulated(call: Call) -> Response:
    request = call.request
    raise Refusal(501, f"The emulator does not know {request.method} {request.url.path}")


async def _no_route(emulator: Emulator, request: Request, error: Exception) -> Response:
    """Answer what no route answers (404), or not with this method (405)."""
    assert isinstance(error, HTTPException)
    refusal = Refusal(error.status_code, error.detail)
    ours = request.url.path.startswith("/_emulator")

    def carry_out(visit: Visit, body: bytes) -> Response:
        raise refusal

    def refused(refusal: Refusal) -> Response:
        response = refuse(
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
            if path.startswith("/v2/partner/"):
                path = "/v2/project/" + path.removeprefix("/v2/partner/")
            scope = {**scope, "path": path}
        await self._app(scope, receive, send)
