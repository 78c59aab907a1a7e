"""Run blocking calls in the threads of an asyncio client."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from tokbox.errors import ClosedError
from tokbox.rest.http.backoff import cancelled

__all__ = ["ThreadExecutor"]

_T = TypeVar("_T")

#: Number of fast calls between two yields to other tasks: less than a millisecond.
_CALLS_PER_YIELD = 8


class ThreadExecutor:
    """Run at most *threads* calls at a time; other calls are queued.

    A queued call that is cancelled is not made. A running call that is cancelled continues
    in its thread, because a request that was sent cannot be taken back; it is not retried
    and its result is discarded. Threads are started on demand. An executor works with any
    event loop and can be used after a fork.
    """

    __slots__ = ("_closed", "_fast_calls", "_owner", "_threads")

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._closed = False
        self._fast_calls = 0
        # A single attribute that is only replaced: a fork cannot leave a lock locked.
        self._owner: tuple[int, ThreadPoolExecutor] | None = None

    async def call(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
        """Run *function* in a thread and return its result."""
        executor = self._executor()
        was_cancelled = threading.Event()
        context = contextvars.copy_context()
        context.run(cancelled.set, was_cancelled)
        work = functools.partial(context.run, function, *args, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work)
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    async def call_inline(
        self, function: Callable[..., _T], /, *args: Any, **kw: Any
    ) -> _T:
        """Run a fast *function* in this thread."""
        await self._yield_to_event_loop()
        return function(*args, **kw)

    async def _yield_to_event_loop(self) -> None:
        """Yield to other tasks before every eighth fast call."""
        self._fast_calls += 1
        if self._fast_calls % _CALLS_PER_YIELD == 0:
            await asyncio.sleep(0)
        if self._closed:
            raise _closed()

    async def wait(self, steps: Generator[float, None, _T]) -> _T:
        """Run *steps* in threads, and sleep in the event loop between them.

        Each step yields the seconds to sleep. The last one returns the result.
        """
        while True:
            wait, result = await self.call(_advance, steps)
            if wait is None:
                return cast("_T", result)
            await asyncio.sleep(wait)

    async def iterate(self, items: Iterator[_T]) -> AsyncIterator[_T]:
        """Yield *items*, each fetched in a thread on demand."""
        while step := await self.call(lambda: _next(items)):
            yield step[0]
            # Drop the reference, so that the memory of a batch can be freed.
            del step

    async def iterate_inline(self, items: Iterator[_T]) -> AsyncIterator[_T]:
        """Yield *items* of a fast iterator."""
        for item in items:
            yield item
            # As in iterate().
            del item
            await self._yield_to_event_loop()

    async def close(self) -> None:
        """Reject further calls, and wait until running calls are done."""
        self._closed = True
        owner, self._owner = self._owner, None
        if owner is not None and owner[0] == os.getpid():
            await asyncio.to_thread(owner[1].shutdown)

    def _executor(self) -> ThreadPoolExecutor:
        if self._closed:
            raise _closed()
        owner = self._owner
        if owner is not None and owner[0] == os.getpid():
            return owner[1]
        # The first call, or a child process, which did not inherit the threads.
        executor = ThreadPoolExecutor(self._threads, "tokbox")
        self._owner = os.getpid(), executor
        return executor


def _closed() -> ClosedError:
    return ClosedError("this client is closed: create another one")


def _advance(steps: Generator[float, None, _T]) -> tuple[float | None, _T | None]:
    """Run the next step; return the seconds to sleep, or None and the result."""
    try:
        return next(steps), None
    except StopIteration as end:
        return None, end.value


def _next(items: Iterator[_T]) -> tuple[_T] | tuple[()]:
    """Return the next item in a tuple: ``StopIteration`` cannot pass through await."""
    for item in items:
        return (item,)
    return ()
