"""The emulated time, which can be moved forward."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.lazy import set_module

__all__ = ["Clock"]


@set_module("tokbox.emulator")
class Clock:
    """Tell the emulated time: a source of seconds, plus what it was advanced by.

    Life cycles follow the emulated time. The credentials of REST calls follow
    :meth:`real`, because whoever signs them reads an ordinary clock.
    """

    def __init__(
        self,
        source: Callable[[], float] = time.time,
        *,
        real: Callable[[], float] | None = None,
    ) -> None:
        """Take *source* for both times, unless there is another one for the *real* one."""
        self._source = source
        self._real = source if real is None else real
        self._offset_ms = 0

    @classmethod
    def fixed(cls, at: str | dt.datetime) -> Clock:
        """Make a clock that stands still at *at* and moves by being advanced only.

        *at* is a datetime or ISO 8601, such as ``2030-01-31T12:00:00Z``; without an
        offset it is UTC. Credentials and tokens are still measured by the system's
        clock. Raises :class:`InvalidInputError`.
        """
        rule = "be a time in ISO 8601, such as 2030-01-31T12:00:00Z"
        text = exact_text(at)
        try:
            # Python 3.10 does not know the Z.
            moment = dt.datetime.fromisoformat(
                at.isoformat() if text is None else text.upper().replace("Z", "+00:00")  # type: ignore[union-attr]
            )
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=dt.timezone.utc)
            seconds = moment.timestamp()
        except (ValueError, OverflowError, AttributeError):
            raise InvalidInputError("clock", at, rule) from None
        if seconds < 0:
            raise InvalidInputError("clock", at, "not be before 1970")
        return cls(lambda: seconds, real=time.time)

    @property
    def offset_ms(self) -> int:
        """By how much the emulated time is ahead of the source, in milliseconds."""
        return self._offset_ms

    def real(self) -> float:
        """Return the time without what it was advanced by, in seconds since the epoch."""
        return self._real()

    def now_ms(self) -> int:
        """Return the emulated time, in milliseconds since the epoch."""
        return int(self._source() * 1000) + self._offset_ms

    def token_time(self) -> float:
        """Return the time that client tokens are measured by, in seconds.

        It is the emulated one, but for a clock that was fixed somewhere else: whoever
        signs tokens reads an ordinary clock, so they age by what this one is advanced.
        """
        return self._real() + self._offset_ms / 1000

    def set_offset(self, offset_ms: int) -> None:
        """Set by how much the emulated time is ahead, in milliseconds."""
        self._offset_ms = offset_ms
