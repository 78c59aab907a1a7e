"""Wait between two attempts, unless nobody waits for the call any more."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar

from tokbox.errors import TokboxError

__all__ = ["cancelled", "sleep"]

#: In the context of a call that somebody may give up: set once that has happened.
cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


def sleep(seconds: float) -> None:
    """Sleep. Raises ``TokboxError``, which nobody sees, if the call was given up."""
    given_up = cancelled.get()
    if given_up is None:
        time.sleep(seconds)
    elif given_up.wait(seconds):
        raise TokboxError("nobody waits for this call any more")
