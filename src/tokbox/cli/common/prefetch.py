"""Do the next step while the last one is still being used."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["ahead", "side_by_side"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(items: Iterator[Item], most: int = 2) -> Generator[Item, None, None]:
    """Take *items* in a thread of their own, at most so many more than are asked for.

    What their iterator raises is raised here. It is closed in that thread, also when
    nobody asks for the rest.
    """
    made: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(most)
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

    thread = threading.Thread(target=work, name="tokbox-ahead", daemon=True)
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


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each of *items* with its result, in order.

    The work on as many items as there are *threads* is done at once, before they are asked
    for.
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
