"""Run blocking calls in the threads of a client for asyncio."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tokbox.errors import ClosedError
from tokbox.rest.http.backoff import cancelled

__all__ = ["ThreadExecutor"]

_T = TypeVar("_T")

#: Fast calls that run before other tasks do: less than a millisecond.
_A_TURN = 8


class ThreadExecutor:
    """Run at most *threads* calls at a time; others wait their turn.

    A call that is no longer awaited before its turn came is never made. One that is
    under way goes on in its thread, as there is no way to take back what was sent, but
    it is not tried again, and what comes of it is dropped. Threads are started when
    they are needed; it works with any loop, and after any fork.
    """

    __slots__ = ("_closed", "_fast_calls", "_owner", "_threads")

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._closed = False
        self._fast_calls = 0
        # One attribute, replaced whole: no lock that a fork could leave locked.
        self._owner: tuple[int, ThreadPoolExecutor] | None = None

    async def call(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
        """Return what *function* returns, once it has run in a thread."""
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

    async def call_here(self, function: Callable[..., _T], /, *args: Any, **kw: Any) -> _T:
        """Run a fast *function* in this thread."""
        await self._give_way()
        return function(*args, **kw)

    async def _give_way(self) -> None:
        """Let the other tasks run before every eighth fast call."""
        self._fast_calls += 1
        if self._fast_calls % _A_TURN == 0:
            await asyncio.sleep(0)
        if self._closed:
            raise _closed()

    async def iterate(self, items: Iterator[_T]) -> AsyncIterator[_T]:
        """Yield *items*, each fetched in a thread when it is asked for."""
        while step := await self.call(lambda: _next(items)):
            yield step[0]
            # The memory of a batch is free again once nothing refers to it.
            del step

    async def iterate_here(self, items: Iterator[_T]) -> AsyncIterator[_T]:
        """Yield *items* that are made fast."""
        for item in items:
            yield item
            # As above.
            del item
            await self._give_way()

    async def close(self) -> None:
        """Take no more calls, and return when those under way are done."""
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
        # Either the first call, or a child process, which the threads did not follow.
        executor = ThreadPoolExecutor(self._threads, "tokbox")
        self._owner = os.getpid(), executor
        return executor


def _closed() -> ClosedError:
    return ClosedError("this client is closed: make another one")


def _next(items: Iterator[_T]) -> tuple[_T] | tuple[()]:
    """Return the next item, if there is one: ``StopIteration`` cannot be awaited."""
    for item in items:
        return (item,)
    return ()
