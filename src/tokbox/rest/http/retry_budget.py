"""How many retries the calls of a client have left, all of them together.

Retries help while failures are few. In an outage they would multiply the calls to a
service that is down already, so there is a stock of them: each retry takes one out, and
every ten calls that succeed put one back. An outage costs the service at most what is in
stock; after that every call is tried once, until some succeed. In the long run retries
are at most a tenth of the calls that succeed.
"""

from __future__ import annotations

import itertools
from collections import deque

__all__ = ["RETRIES", "SUCCESSES", "RetryBudget"]

#: Retries in stock, at the beginning and at most.
RETRIES = 100
#: How many calls have to succeed for one more.
SUCCESSES = 10


class RetryBudget:
    """Hold a stock of retries; safe to share between threads and to fork with."""

    __slots__ = ("_stock", "_succeeded")

    def __init__(self) -> None:
        # Appending and popping are atomic, with and without the GIL, and there is no
        # lock that a fork could leave locked.
        self._stock: deque[None] = deque([None] * RETRIES, maxlen=RETRIES)
        self._succeeded = itertools.count(1)

    def take(self) -> bool:
        """Take one retry out, and tell whether there was one."""
        try:
            self._stock.pop()
        except IndexError:
            return False
        return True

    def succeed(self) -> None:
        """Count a call that succeeded."""
        if next(self._succeeded) % SUCCESSES == 0:
            self._stock.append(None)
