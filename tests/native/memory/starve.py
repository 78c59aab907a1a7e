"""Fail every allocation of one operation in turn, in a process of its own.

    python -m tests.native.memory.starve HOW OPERATION

HOW is ``python`` (CPython's allocators), ``c`` (malloc as the core calls it), ``threads``
(no thread can be started) or ``repeat`` (nothing fails); failing.c must be loaded. A
failure must raise MemoryError or have no effect. Afterwards the operation must work, and
the core must not hold additional memory. CPython may leak when its own allocations fail:
3.11 loses the arguments of a call if there is no memory for the frame.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import itertools
import sys
from array import array
from collections.abc import Callable

from tests.native.memory.operations import OPERATIONS, Operation

#: The number of CPython's own blocks varies; a leak adds one in every round.
SWEEPS = 4
ROUNDS = 100


def attempt(operation: Operation, done: Callable[[], object] = lambda: None) -> bool:
    """Return whether there was enough memory; if so, the result must be right.

    *done* is called before the result is looked at.
    """
    try:
        found = operation.act()
    except MemoryError:
        return False
    finally:
        done()
    assert operation.right(found), "a wrong result"
    return True


def starve_python(operation: Operation) -> None:
    """Fail each allocation of CPython in turn."""
    import _testcapi

    failures = 0
    for allocation in itertools.count():
        found, reached = None, True
        _testcapi.set_nomemory(allocation, allocation + 1)
        try:
            found = operation.act()
            reached = not still_fails(allocation)
        except MemoryError:
            failures += 1
        except SystemError as error:
            # The result in CPython 3.11 if there is no memory for a frame.
            known = ("without exception set", "without setting an exception")
            if not str(error).endswith(known):
                raise
            failures += 1
        finally:
            _testcapi.remove_mem_hooks()
        assert found is None or operation.right(found), "a wrong result"
        assert attempt(operation)
        if not reached:
            break
    assert failures, "no allocation failed"


def still_fails(allocation: int) -> bool:
    """Return whether this allocation is the one to fail."""
    try:
        for _ in itertools.repeat(None, allocation + 1):
            object()
    except MemoryError:
        return True
    return False


def starve_c(operation: Operation) -> None:
    """Fail each malloc call of the core in turn."""
    reached = True

    def done() -> None:
        nonlocal reached
        reached = CORE.failing_left() < 0
        CORE.failing_at(-1)

    for call in itertools.count():
        for _ in range(ROUNDS):
            CORE.failing_at(call)
            enough = attempt(operation, done)
            assert enough != reached, "a failure went unnoticed"
        assert attempt(operation)
        if not reached:
            return


def without_threads(operation: Operation) -> None:
    CORE.failing_threads(1)
    for _ in range(ROUNDS):
        assert attempt(operation)
    CORE.failing_threads(0)


def repeat(operation: Operation) -> None:
    for _ in range(ROUNDS):
        assert attempt(operation)


def held() -> int:
    """Blocks of CPython's allocator in use."""
    gc.collect()
    return sys.getallocatedblocks()


def main(how: str, name: str) -> None:
    faulthandler.enable()
    unraisable: list[object] = []
    sys.unraisablehook = unraisable.append
    operation, sweep = OPERATIONS[name], WAYS[how]
    repeat(operation)
    core = CORE.failing_held()
    counts = array("q", bytes(8 * SWEEPS))  # its numbers are no blocks
    for i in range(SWEEPS):
        sweep(operation)
        counts[i] = held()
        assert CORE.failing_held() == core, "the core holds more than before"
    growth = [after - before for before, after in itertools.pairwise(counts)]
    assert how == "python" or min(growth) < ROUNDS, f"blocks in use grow by {growth}"
    assert not unraisable, unraisable


WAYS = {
    "python": starve_python,
    "c": starve_c,
    "threads": without_threads,
    "repeat": repeat,
}


def core() -> ctypes.CDLL:
    """failing.c, watching the core."""
    loaded = ctypes.CDLL(None)
    loaded.failing_watch.argtypes = [ctypes.c_char_p]
    loaded.failing_at.argtypes = [ctypes.c_long]
    loaded.failing_held.restype = loaded.failing_left.restype = ctypes.c_long
    assert loaded.failing_watch(b"/tokbox/_"), "the core is not loaded"
    return loaded


CORE = core()


if __name__ == "__main__":
    main(*sys.argv[1:])
