"""How many threads there are to be, and work in slices that they take in turn."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from threading import Event, Thread

__all__ = ["cpu_count", "parallel_for", "threads_for"]


def cpu_count() -> int:
    """How many CPUs this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def threads_for(n: int, multithread: bool, worth_one: int) -> int:
    """How many threads to use for *n* things, of which *worth_one* are worth a thread."""
    if not multithread:
        return 1
    return max(1, min(cpu_count(), n // worth_one + 1))


def parallel_for(
    work: Callable[[range], None], n: int, *, piece: int, threads: int
) -> None:
    """Do *work*, which lets go of the GIL, for all of ``range(n)``, *piece* by piece.

    The calling thread works along, so it sees an interrupt between two calls of *work* at
    the latest. Whatever is raised first, there or in another thread, stops all and is
    raised here, once nobody works any more. No thread outlives the call.
    """
    if threads <= 1 or n <= piece:
        work(range(n))
        return
    # Popping is atomic, with and without the GIL.
    slices = deque(range(first, min(first + piece, n)) for first in range(0, n, piece))
    stop = Event()
    problems: list[BaseException] = []

    def take_turns() -> None:
        while not stop.is_set():
            try:
                rows = slices.popleft()
            except IndexError:
                return
            work(rows)

    def help_along() -> None:
        try:
            take_turns()
        except BaseException as error:
            problems.append(error)
            stop.set()

    helpers: list[Thread] = []
    try:
        for _ in range(min(threads, len(slices)) - 1):
            helper = Thread(target=help_along, name="tokbox")
            helper.start()
            helpers.append(helper)
        take_turns()
    except BaseException:
        stop.set()
        raise
    finally:
        for helper in helpers:
            helper.join()
    if problems:
        raise problems[0]
