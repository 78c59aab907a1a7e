"""Time things side by side.

These machines are shared, and drift. So every workload runs once in each round, in an
order of each round's own, and a ratio is taken within a round before the median of the
rounds is: what slows a whole round down cancels out.

Nothing compares a warm figure with a cold one: everything runs in a warm-up round first;
what one workload made is freed before the next begins; then, outside of every time,
`settle` touches and frees as much memory as the largest workload takes, so that all who
allocate find free pages, ordinary and huge, in the same state, freshly used; and what signs
into reused memory is only ever compared with others that do, or under a name that says so.
"""

from __future__ import annotations

import gc
import mmap
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

__all__ = ["Workload", "measure", "ratio", "timed", "toucher"]


@dataclass
class Workload:
    """Something to be timed.

    *run* does the work for *n* tokens (or whatever is counted) and returns the seconds
    that it took. What it makes is freed outside of the time, unless *run* says otherwise.
    """

    name: str
    n: int
    run: Callable[[], float]
    group: str = ""
    note: str = ""
    #: Nanoseconds for one token, one figure a round.
    ns: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Nanoseconds for one token, the median over the rounds."""
        return median(self.ns)


def timed(function: Callable[[], Any]) -> Callable[[], float]:
    """Make of *function* a workload's `run`; its result is freed after the clock stops."""

    def run() -> float:
        start = time.perf_counter()
        result = function()
        seconds = time.perf_counter() - start
        del result
        return seconds

    return run


def toucher(nbytes: int) -> Callable[[], None]:
    """Return a function that touches *nbytes* of fresh memory and gives them back.

    Without it the first who allocates after a pause, or after a large free, pays for pages
    that the system (or the host of a virtual machine) had taken away meanwhile: most for
    huge ones, where the system has those for who asks.
    """
    huge = hasattr(mmap, "MADV_HUGEPAGE")

    def touch() -> None:
        # Written, not asked for zeroed: such pages could come without being touched.
        memory = b"\1" * nbytes
        del memory
        if huge:
            with mmap.mmap(-1, nbytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
                pages.madvise(mmap.MADV_HUGEPAGE)
                pages[:: mmap.PAGESIZE] = b"\1" * len(range(0, nbytes, mmap.PAGESIZE))

    return touch


def measure(
    workloads: list[Workload],
    rounds: int,
    *,
    settle: Callable[[], None] = lambda: None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Run every workload once to warm up, and then once in each of *rounds* rounds.

    *settle* is called before each run. The order is shuffled anew for every round, always
    in the same way: were it only turned, all would keep their neighbours.
    """
    gc.collect()
    # What is there now stays. So the collections below look at one run's garbage only.
    gc.freeze()
    gc.disable()
    try:
        for number in range(rounds + 1):
            order = random.Random(number).sample(workloads, len(workloads))
            for workload in order:
                which = f"round {number} of {rounds}" if number else "warm-up"
                progress(f"{which}: {workload.name}")
                gc.collect()
                settle()
                seconds = workload.run()
                if number:
                    workload.ns.append(seconds / workload.n * 1e9)
    finally:
        gc.enable()
        gc.unfreeze()


def ratio(
    a: Sequence[float], b: Sequence[float], less: Sequence[float] | None = None
) -> float:
    """How many times *b* goes into *a*: taken in each round, then the median over them.

    *less*, if given, is a cost that both contain, and is taken off both first.
    """
    base = [0.0] * len(a) if less is None else less
    return median((x - z) / (y - z) for x, y, z in zip(a, b, base, strict=True))
