"""The emulated time, which can be moved forward."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.lazy import set_module

__all__ = ["MAX_ADVANCE", "MAX_ROTATION", "Clock"]

#: The maximum of one advance of the clock, in seconds: a hundred years.
MAX_ADVANCE = 100 * 365 * 86_400
#: The maximum time until a rotation of a session, in seconds: a year.
MAX_ROTATION = 365 * 86_400


@set_module("tokbox.emulator")
class Clock:
    """The emulated time: a source of seconds, plus an offset.

    Sessions and jobs follow the emulated time. The credentials of REST calls follow
    :meth:`real`, because clients sign them with the system clock.
    """

    def __init__(
        self,
        source: Callable[[], float] = time.time,
        *,
        real: Callable[[], float] | None = None,
    ) -> None:
        """Use *source* for both times, or *real* for the real time if it is given."""
        self._source = source
        self._real = source if real is None else real
        self._offset_ms = 0

    @classmethod
    def fixed(cls, at: str | dt.datetime) -> Clock:
        """Create a clock that shows *at* and moves only when it is advanced.

        *at* is a datetime or an ISO 8601 string, such as ``2030-01-31T12:00:00Z``; without
        an offset it is UTC. Credentials and tokens are still verified by the system clock.
        Raises :class:`InvalidInputError`.
        """
        rule = "be a time in ISO 8601, such as 2030-01-31T12:00:00Z"
        text = exact_text(at)
        try:
            moment = dt.datetime.fromisoformat(
                at.isoformat() if text is None else text.upper()  # type: ignore[union-attr]
            )
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=dt.UTC)
            seconds = moment.timestamp()
        except (ValueError, OverflowError, AttributeError):
            raise InvalidInputError("clock", at, rule) from None
        if seconds < 0:
            raise InvalidInputError("clock", at, "not be before 1970")
        return cls(lambda: seconds, real=time.time)

    @property
    def offset_ms(self) -> int:
        """The offset of the emulated time from the source, in milliseconds."""
        return self._offset_ms

    def real(self) -> float:
        """Return the time without the offset, in seconds since the epoch."""
        return self._real()

    def now_ms(self) -> int:
        """Return the emulated time, in milliseconds since the epoch."""
        return int(self._source() * 1000) + self._offset_ms

    def token_time(self) -> float:
        """Return the time that client tokens are verified by, in seconds since the epoch.

        This is the real time plus the offset: tokens are signed by the system clock, and
        age when the emulated clock is advanced. It differs from the emulated time if that
        is fixed.
        """
        return self._real() + self._offset_ms / 1000

    def set_offset(self, offset_ms: int) -> None:
        """Set the offset of the emulated time, in milliseconds."""
        self._offset_ms = offset_ms
