"""Run a function on slices of a range in parallel."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from threading import Event, Thread

__all__ = ["cpu_count", "parallel_for", "threads_for"]


def cpu_count() -> int:
    """Return the number of CPUs that are available to this process."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def threads_for(n: int, multithread: bool, threshold: int) -> int:
    """Return the number of threads for *n* items; *threshold* items justify a thread."""
    if not multithread:
        return 1
    return max(1, min(cpu_count(), n // threshold + 1))


def parallel_for(
    work: Callable[[range], None], n: int, *, piece: int, threads: int
) -> None:
    """Call *work*, which releases the GIL, for slices of ``range(n)`` in parallel.

    *piece* is the number of items in a slice. The calling thread processes slices, too, so
    it handles an interrupt after the current one. The first exception stops all threads and
    is raised after they have ended.
    """
    if threads <= 1 or n <= piece:
        work(range(n))
        return
    # Popping is atomic, with and without the GIL.
    slices = deque(range(first, min(first + piece, n)) for first in range(0, n, piece))
    stop = Event()
    errors: list[BaseException] = []

    def run_slices() -> None:
        while not stop.is_set():
            try:
                rows = slices.popleft()
            except IndexError:
                return
            work(rows)

    def run_worker() -> None:
        try:
            run_slices()
        except BaseException as error:
            errors.append(error)
            stop.set()

    workers: list[Thread] = []
    try:
        for _ in range(min(threads, len(slices)) - 1):
            thread = Thread(target=run_worker, name="tokbox")
            thread.start()
            workers.append(thread)
        run_slices()
    except BaseException:
        stop.set()
        raise
    finally:
        for thread in workers:
            thread.join()
    if errors:
        raise errors[0]
