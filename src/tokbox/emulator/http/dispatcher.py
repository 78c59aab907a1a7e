"""The request pipeline, from reading the body to the response."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tokbox.emulator.errors import HTTPError, SimulationError
from tokbox.emulator.http.auth import authenticate, authenticate_account, check_active
from tokbox.emulator.http.broken_responses import FaultyResponse, check_supported
from tokbox.emulator.http.faults import HEADER, Fault, read_fault, read_header
from tokbox.emulator.http.request import Endpoint, RequestContext, read_body
from tokbox.emulator.http.responses import as_http_error, error_response
from tokbox.emulator.simulation import engine
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.accounts import Account, Application, Project

__all__ = ["Dispatcher"]


class Dispatcher:
    """Dispatch requests to their handlers.

    Handlers run on the event loop: they are short, and the store executes one transaction
    at a time.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def dispatch(self, endpoint: Endpoint, request: Request) -> Response:
        """Respond to a request, and log it if it is part of the service's API.

        The log entry of a successful request is written in the same transaction as its
        effect.
        """
        context = RequestContext(self._emulator, request, endpoint)
        response: Response | None = None
        fault: Fault | None = None
        try:
            context.body = await read_body(request)
            fault = self._find_fault(context)
            if fault is not None and fault.delay and not fault.after:
                await asyncio.sleep(fault.delay)
            if fault is None or fault.carries_out:
                response = self._carry_out(context)
            else:
                self._log(context, None if fault.closes_unanswered else fault.answer())
        except (HTTPError, SimulationError) as error:
            response = self._error_response(context, error)
            self._log(context, response)
        if fault is not None:
            response = fault.answer(response)
        assert response is not None, "without a fault there is a response"
        if endpoint.is_logged:
            response.headers["X-Request-Id"] = context.request_id
        return response if fault is None else FaultyResponse(response, fault)

    async def respond_unrouted(self, request: Request, error: Exception) -> Response:
        """Respond to a request for an unknown path (404) or method (405)."""
        assert isinstance(error, HTTPException)
        is_control = request.url.path.startswith("/_emulator")
        endpoint = Endpoint(
            partial(_raise, error),
            access="control" if is_control else "anyone",
            errors="json" if is_control else "",
        )
        return await self.dispatch(endpoint, request)

    def _find_fault(self, context: RequestContext) -> Fault | None:
        """Return the fault in the request's header, or else a matching pending fault."""
        request, pending = context.request, self._emulator.pending_faults
        header = request.headers.get(HEADER)
        if not context.endpoint.is_logged or (header is None and not pending.may_be_any):
            return None
        if header is not None:
            fault, context.fault = read_header(header)
            check_supported(fault, request)
            return fault
        with self._emulator.store.transaction():
            found = pending.find(request.method, request.url.path)
            if found is None:
                return None
            number, context.fault = found
            fault = read_fault(context.fault)
            # A refused fault is not used up.
            check_supported(fault, request)
            pending.use(number)
        return fault

    def _carry_out(self, context: RequestContext) -> Response:
        """Verify the credentials, run due events, and call the handler.

        Due events have their own transaction: they stay committed if the handler fails.
        """
        emulator = self._emulator
        context.now_ms = emulator.clock.now_ms()
        with emulator.store.transaction():
            context.caller = self._identify(context)
            engine.run_due_events(emulator, context.now_ms)
        caller, named = context.caller, context.request.path_params.get("project")
        if caller is not None and named not in (None, caller.id):
            message = "Id in the token does not match the one in the url"
            raise HTTPError(403, message, code=-1)
        with emulator.store.transaction():
            response = context.endpoint.handler(context)
            context.created = context.endpoint.creates
            self._log(context, response)
        return response

    def _identify(self, context: RequestContext) -> Project | Application | Account | None:
        emulator, headers = self._emulator, context.request.headers
        accounts, now, rules = emulator.accounts, emulator.clock.real(), emulator.rules
        access = context.endpoint.access
        if access == "project":
            return authenticate(headers, accounts, now=now, rules=rules)
        if access == "account":
            return authenticate_account(headers, accounts, now=now, rules=rules)
        if access == "on_behalf":
            project = accounts.find(context.param("project_id"))
            if project is None:
                raise HTTPError(404, "There is no such project or application")
            # No credentials are needed, but a suspended project is refused as usual.
            check_active(project)
            return project
        return None

    def _error_response(
        self, context: RequestContext, error: HTTPError | SimulationError
    ) -> Response:
        errors = context.endpoint.errors
        return error_response(
            as_http_error(error) if isinstance(error, SimulationError) else error,
            as_json=errors == "json" or context.wants_json,
            creating_session=errors == "session",
        )

    def _log(self, context: RequestContext, response: Response | None) -> None:
        """Log the request, and set its request ID."""
        if not context.endpoint.is_logged:
            return
        scope, caller = context.request.scope, context.caller
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        with self._emulator.store.transaction():
            context.request_id = self._emulator.request_log.add(
                at_ms=context.now_ms or self._emulator.clock.now_ms(),
                method=context.request.method,
                path=path.decode("latin-1"),
                query=scope["query_string"].decode("latin-1"),
                project_id=None if caller is None else caller.id,
                status=None if response is None else response.status_code,
                duration_seconds=time.perf_counter() - context.started,
                created=context.created,
                fault=context.fault,
            )


def _raise(error: HTTPException, context: RequestContext) -> NoReturn:
    raise HTTPError(error.status_code, error.detail, headers=error.headers)
