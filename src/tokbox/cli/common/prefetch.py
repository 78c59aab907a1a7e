"""Compute the next items in threads while the current one is used."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["map_in_order", "prefetch"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(items: Iterator[Item], max_items: int = 2) -> Generator[Item, None, None]:
    """Yield *items*, which a thread iterates over, at most *max_items* in advance.

    Errors of the iterator are raised here. The thread closes the iterator, also when not
    all items are used.
    """
    made: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(max_items)
    stopped = threading.Event()

    def work() -> None:
        try:
            for item in items:
                made.put((item,))
                del item
                room.acquire()
                if stopped.is_set():
                    break
            made.put(None)
        except BaseException as error:
            made.put(error)
        finally:
            if isinstance(items, Generator):
                items.close()

    thread = threading.Thread(target=work, name="tokbox-prefetch", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
            del item
            room.release()
    finally:
        stopped.set()
        room.release()
        thread.join()


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each of *items* with the result of *work*, in order.

    The results of up to *threads* items are computed in advance, in parallel.
    """
    with ThreadPoolExecutor(threads, "tokbox") as pool:
        begun: deque[tuple[Item, Future[Result]]] = deque()
        try:
            for item in items:
                begun.append((item, pool.submit(work, item)))
                if len(begun) > threads:
                    first, result = begun.popleft()
                    yield first, result.result()
            while begun:
                first, result = begun.popleft()
                yield first, result.result()
        finally:
            for _, result in begun:
                result.cancel()
