"""The emulated clock, and the reset of the emulator."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.clock import MAX_ADVANCE
from tokbox.emulator.simulation import engine

__all__ = ["advance", "read", "reset"]


def read(context: RequestContext) -> Response:
    """``GET /_emulator/clock``: the emulated time and its offset, in milliseconds."""
    return json_response(
        {"now": context.now_ms, "offset": context.emulator.clock.offset_ms}
    )


def advance(context: RequestContext) -> Response:
    """``POST /_emulator/clock``: move the time forward by ``{"advance": <seconds>}``.

    All events that become due are run before the response is sent.
    """
    seconds = context.json_object().get("advance")
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= MAX_ADVANCE
    ):
        raise HTTPError(400, f"advance must be a number of seconds from 0 to {MAX_ADVANCE}")
    step_ms = round(seconds * 1000)
    engine.advance_clock(context.emulator, context.now_ms, step_ms)
    offset_ms = context.emulator.clock.offset_ms
    return json_response({"now": context.now_ms + step_ms, "offset": offset_ms})


def reset(context: RequestContext) -> Response:
    """``POST /_emulator/reset``: delete all state, including the offset of the clock."""
    context.emulator.store.clear()
    context.emulator.audio_sockets.clear()
    context.emulator.clock.set_offset(0)
    context.emulator.accounts.register(context.emulator.clock.now_ms())
    return Response(status_code=204)
