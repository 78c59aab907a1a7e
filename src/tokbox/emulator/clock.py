"""The emulated time, which can be moved forward."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """Tell the emulated time: a source of seconds, plus what it was advanced by.

    Life cycles and client tokens follow the emulated time. The credentials of REST
    calls follow :meth:`real`, because whoever signs them reads an ordinary clock.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset_ms = 0

    @property
    def offset_ms(self) -> int:
        """By how much the emulated time is ahead of the source, in milliseconds."""
        return self._offset_ms

    def real(self) -> float:
        """Return the time of the source, in seconds since the epoch."""
        return self._source()

    def now_ms(self) -> int:
        """Return the emulated time, in milliseconds since the epoch."""
        return int(self._source() * 1000) + self._offset_ms

    def set_offset(self, offset_ms: int) -> None:
        """Set by how much the emulated time is ahead, in milliseconds."""
        self._offset_ms = offset_ms
