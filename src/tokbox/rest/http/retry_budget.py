"""The retry budget that all calls of a client share.

In an outage, retries would multiply the calls to a service that is already down. Each
retry takes one from the budget, and every ten successful calls return one. When the
budget is empty, calls are not retried until some calls succeed. In the long run,
retries are at most a tenth of the successful calls.
"""

from __future__ import annotations

import itertools
from collections import deque

__all__ = ["RETRIES", "SUCCESSES", "RetryBudget"]

#: Initial and maximum number of retries in the budget.
RETRIES = 100
#: Successful calls that return one retry to the budget.
SUCCESSES = 10


class RetryBudget:
    """Count the retries that are left. Safe to share between threads, and after a fork."""

    __slots__ = ("_left", "_succeeded")

    def __init__(self) -> None:
        # Appending and popping are atomic, with and without the GIL. There is no lock that
        # a fork could leave locked.
        self._left: deque[None] = deque([None] * RETRIES, maxlen=RETRIES)
        self._succeeded = itertools.count(1)

    def take(self) -> bool:
        """Take one retry from the budget, and return whether there was one."""
        try:
            self._left.pop()
        except IndexError:
            return False
        return True

    def succeed(self) -> None:
        """Count a successful call."""
        if next(self._succeeded) % SUCCESSES == 0:
            self._left.append(None)
