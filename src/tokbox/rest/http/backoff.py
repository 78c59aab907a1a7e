"""Wait between two attempts, unless the call is cancelled."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar

from tokbox.errors import TokboxError

__all__ = ["cancelled", "check_cancelled", "sleep"]

#: In the context of a call that can be cancelled: the event that cancels it.
cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


def sleep(seconds: float) -> None:
    """Sleep. Raises ``TokboxError``, which no caller sees, if the call is cancelled."""
    event = cancelled.get()
    if event is None:
        time.sleep(seconds)
    else:
        event.wait(seconds)
        check_cancelled()


def check_cancelled() -> None:
    """Raise ``TokboxError``, which no caller sees, if the call is cancelled."""
    event = cancelled.get()
    if event is not None and event.is_set():
        raise TokboxError("this call was cancelled")
