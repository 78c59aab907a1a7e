"""What every call of the service passes: the faults on its way in, the journal, and
the faults on its way out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.broken_responses import FaultyResponse, check_supported
from tokbox.emulator.http.faults import HEADER, Fault, read_fault, read_header
from tokbox.emulator.http.request import read_body
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.request_log import Visit

__all__ = ["watch"]


async def watch(
    emulator: Emulator,
    request: Request,
    carry_out: Callable[[Visit, bytes], Response],
    refused: Callable[[HTTPError], Response],
) -> Response:
    """Answer a call by *carry_out*, or by *refused* if that refuses; note it either way.

    *carry_out* gets the body, and adds the visit to the journal in the transaction of
    its effect. What has no effect is added here.
    """
    visit = Visit.of(request)
    response: Response | None = None
    fault: Fault | None = None
    try:
        body = await read_body(request)
        fault = _fault_of(emulator, request, visit)
        if fault is not None and fault.delay and not fault.after:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.carries_out:
            response = carry_out(visit, body)
        else:
            _note(emulator, visit, None if fault.unanswered else fault.answer())
    except HTTPError as refusal:
        response = refused(refusal)
        _note(emulator, visit, response)
    answer = response if fault is None else fault.answer(response)
    assert answer is not None, "without a fault there is an answer"
    answer.headers["X-Request-Id"] = visit.request_id
    return answer if fault is None else FaultyResponse(answer, fault)


def _fault_of(emulator: Emulator, request: Request, visit: Visit) -> Fault | None:
    """Find the fault that this call asks for, or else one that is armed for it."""
    header = request.headers.get(HEADER)
    if header is not None:
        fault, visit.fault = read_header(header)
    elif not emulator.pending_faults.may_be_any:
        return None
    else:
        with emulator.store.transaction():
            visit.fault = emulator.pending_faults.take(request.method, request.url.path)
        if visit.fault is None:
            return None
        fault = read_fault(visit.fault)
    check_supported(fault, request)
    return fault


def _note(emulator: Emulator, visit: Visit, response: Response | None) -> None:
    status = None if response is None else response.status_code
    with emulator.store.transaction():
        emulator.request_log.add(visit, status, emulator.clock.now_ms())
