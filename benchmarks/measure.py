"""Time things side by side.

These machines are shared, and drift. So every workload runs once in each round, the
order turns from round to round, and a ratio is taken within a round before the median
of the rounds is: what slows a whole round down cancels out.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

__all__ = ["Workload", "measure", "ratio", "timed"]


@dataclass
class Workload:
    """Something to be timed.

    *run* does the work for *n* tokens and returns the seconds that it took. What it makes
    is freed outside of the time, unless *run* says otherwise.
    """

    name: str
    n: int
    run: Callable[[], float]
    group: str = ""
    note: str = ""
    #: Nanoseconds a token, one figure a round.
    ns: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
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


def measure(
    workloads: list[Workload], rounds: int, progress: Callable[[str], None] = lambda _: None
) -> None:
    """Run every workload once to warm up, and then once in each of *rounds* rounds."""
    gc.collect()
    gc.disable()
    try:
        for number in range(-1, rounds):
            turn = max(number, 0) % len(workloads)
            for workload in workloads[turn:] + workloads[:turn]:
                which = "warm-up" if number < 0 else f"round {number + 1} of {rounds}"
                progress(f"{which}: {workload.name}")
                seconds = workload.run()
                if number >= 0:
                    workload.ns.append(seconds / workload.n * 1e9)
    finally:
        gc.enable()


def ratio(a: Workload, b: Workload) -> float:
    """How many times longer *a* takes for a token than *b*: the median over the rounds."""
    return median(x / y for x, y in zip(a.ns, b.ns, strict=True))
