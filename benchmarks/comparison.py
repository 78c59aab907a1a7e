"""Measure contenders in turns and report them through pytest-benchmark.

pytest-benchmark runs all rounds of one test before the next test starts. On a shared
machine whose speed drifts, this compares different minutes. Here the contenders of a group
take turns: each runs once per round, in a new order each round. The first test of a group
measures all of them, and each test passes its own times on to pytest-benchmark, through a
timer that replays them. So its tables, statistics, JSON and comparisons all work.

Warm figures are never compared with cold ones. All contenders run in a warm-up round. The
result of one run is freed before the next run starts. Before each run, outside the time,
`settle_memory` writes to and frees as much memory as a batch needs, so that each run finds
free pages in the same state.
"""

from __future__ import annotations

import gc
import mmap
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import pytest

from tokbox import _fastsign

from . import workloads
from .rivals import Unavailable

__all__ = [
    "Contender",
    "Group",
    "Ours",
    "Rival",
    "Seconds",
    "Work",
    "at_least",
    "at_most",
    "group",
    "repeat",
]

#: The limit for kernels that have no limit of their own.
ANY = "any"
AT_MOST, AT_LEAST = "at most", "at least"
#: Limits by kernel, the limit of all kernels, or None: the ratio is only shown.
Limits = Mapping[str, float] | float | None


class Seconds(float):
    """The time of work that measures itself; *peak* is the memory it needed, in bytes."""

    peak: int = 0


#: Work, prepared: it is timed, unless it returns `Seconds`.
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Goal:
    """The ratio of a contender to *others*, of which the fastest counts, and its limit.

    *sense* is "at most" (the ratio is the time of the contender over that of the other) or
    "at least" (the inverse: how many times faster the contender is). *less* names a
    contender whose time is part of both and is subtracted first. With *peak*, memory is
    compared.
    """

    sense: str
    limits: Limits
    others: tuple[str, ...]
    less: str | None = None
    peak: bool = False

    def limit(self, kernel: str) -> float | None:
        """Return the limit for *kernel*, or None."""
        if isinstance(self.limits, Mapping):
            return self.limits.get(kernel, self.limits.get(ANY))
        return self.limits


def at_most(limits: Limits, other: str, **options: Any) -> Goal:
    """Return the goal to take at most *limits* times as long as *other*."""
    return Goal(AT_MOST, limits, (other,), **options)


def at_least(limits: Limits, *others: str, **options: Any) -> Goal:
    """Return the goal to be at least *limits* times as fast as the fastest of *others*."""
    return Goal(AT_LEAST, limits, others, **options)


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work of a group.

    *prepare* is called with the number of items and returns the work, or raises
    `Unavailable` with the reason. A slow contender makes one of every *share* items. README
    and chart show contenders with *shown*, which is "tokbox" or "rival".
    """

    name: str
    prepare: Callable[[int], Work]
    share: int = 1
    goals: Sequence[Goal] = ()
    note: str = ""
    shown: str = ""


#: Contenders that README and chart show.
Ours = partial(Contender, shown="tokbox")
Rival = partial(Contender, shown="rival")


def repeat(call: Work, n: int) -> Work:
    """Return work that calls *call* n times, and keeps one result at a time."""

    def work() -> None:
        for _ in range(n):
            call()

    return work


def settle_memory(n: int) -> None:
    """Write to and free the memory that *n* tokens need as strings of a list.

    Otherwise the first to allocate after a pause, or after a large free, pays for pages
    that the system or the host of a virtual machine took away meanwhile.
    """
    nbytes = n * (workloads.TOKEN_LENGTH + 57)  # the head of a str, and the list's pointer
    memory = b"\1" * nbytes  # written: zeroed pages may be mapped without being touched
    del memory
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with mmap.mmap(-1, nbytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
            pages.madvise(mmap.MADV_HUGEPAGE)
            pages[:: mmap.PAGESIZE] = b"\1" * len(range(0, nbytes, mmap.PAGESIZE))


def timed(work: Work) -> Seconds:
    """Run *work* and return its time. Its result is freed after the clock has stopped."""
    start = time.perf_counter()
    result = work()
    took = time.perf_counter() - start
    return result if isinstance(result, Seconds) else Seconds(took)


def measure(
    works: Mapping[str, Work], rounds: int, warm_up: bool, settle: Callable[[], object]
) -> tuple[dict[str, list[Seconds]], dict[str, Exception]]:
    """Run each of *works* once per round, in a shuffled order.

    Returns their times, and the exceptions of those that failed.
    """
    times: dict[str, list[Seconds]] = {name: [] for name in works}
    failed: dict[str, Exception] = {}
    gc.collect()
    gc.freeze()  # so that the collections below look at one run's garbage only
    gc.disable()
    try:
        for number in range(0 if warm_up else 1, rounds + 1):
            for name in random.Random(number).sample(list(times), len(times)):
                gc.collect()
                settle()
                try:
                    took = timed(works[name])
                except Exception as error:
                    failed[name] = error
                    del times[name]
                else:
                    times[name] += [took] if number else []
    finally:
        gc.enable()
        gc.unfreeze()
    return times, failed


@dataclass
class Group:
    """Contenders that do the same work, and their results.

    *n* items of *unit*, times the option ``--scale``, are made in each of *rounds* rounds;
    with ``--smoke``, *smoke_n* in one round. Before each run, *settle* is called with the
    number of items. *floor* names the contender to which ``extra_info`` shows the ratio.
    Tests of a *strict* group fail where a goal is not met. Unless *per_item*, times are
    those of a whole run.
    """

    name: str
    contenders: Sequence[Contender]
    n: int
    unit: str = "token"
    rounds: int = 5
    floor: str | None = None
    warm_up: bool = True
    strict: bool = False
    per_item: bool = True
    smoke_n: int = 100
    settle: Callable[[int], object] = settle_memory
    #: Seconds of each round, once measured, and why contenders have none.
    times: dict[str, list[Seconds]] = field(default_factory=dict)
    missing: dict[str, Exception] = field(default_factory=dict)

    def run(self, names: set[str], scale: float) -> None:
        """Measure the contenders called *names*, unless this has been done.

        *scale* multiplies the number of items; it is 0 with ``--smoke``.
        """
        if self.times or self.missing:
            return
        self.n = max(1, round(self.n * scale))
        if not scale:
            self.n, self.rounds, self.warm_up = self.smoke_n, 1, False
        works = {}
        for each in self.contenders:
            if each.name in names:
                try:
                    works[each.name] = each.prepare(self.count(each.name))
                except Exception as error:  # raised again by the contender's own test
                    self.missing[each.name] = error
        self.times, failed = measure(
            works, self.rounds, self.warm_up, lambda: self.settle(self.n)
        )
        self.missing |= failed

    def count(self, name: str) -> int:
        """Return how many items the contender called *name* makes."""
        (share,) = (each.share for each in self.contenders if each.name == name)
        return max(1, self.n // share)

    def seconds(self, name: str, less: str | None = None) -> list[float]:
        """Return the seconds per item in each round, without those of a run of *less*."""
        base = self.times[less] if less else [0.0] * self.rounds
        n = self.count(name) if self.per_item else 1
        return [(x - y) / n for x, y in zip(self.times[name], base, strict=True)]

    def ratio(self, top: str, bottom: str, goal: Goal | None = None) -> float:
        """Return the time per item of *top* over that of *bottom*.

        The ratio is taken in each round, and the median of the rounds counts: a round that
        was slow for both does not change it.
        """
        if goal and goal.peak:
            sides = [[float(each.peak) for each in self.times[x]] for x in (top, bottom)]
        else:
            less = goal.less if goal else None
            sides = [self.seconds(x, less) for x in (top, bottom)]
        return float(median(x / y for x, y in zip(*sides, strict=True)))

    def result(self, contender: Contender, goal: Goal) -> dict[str, Any]:
        """Return the ratio of *goal* and whether its limit is met, as JSON can hold it."""
        limit = goal.limit(_fastsign.kernels()["active"]["sha1"])
        there = [name for name in goal.others if name in self.times]
        other = min(there, key=lambda name: median(self.seconds(name)), default=None)
        result = {
            "what": f"{contender.name} against {other or goal.others[0]}"
            + (f", without {goal.less}" if goal.less else "")
            + (", memory" if goal.peak else ""),
            "sense": goal.sense,
            "limit": limit,
            "ratio": None,
            "met": None,
        }
        if other is None or (goal.less and goal.less not in self.times):
            reasons = (str(self.missing[x]) for x in goal.others if x in self.missing)
            return {**result, "why": next(reasons, "it was not part of this run")}
        names = (contender.name, other)
        ratio = self.ratio(*(names if goal.sense == AT_MOST else names[::-1]), goal)
        met = ratio <= (limit or 0) if goal.sense == AT_MOST else ratio >= (limit or 0)
        return {**result, "ratio": ratio, "met": None if limit is None else met}


def group(name: str, contenders: Sequence[Contender], **options: Any) -> Any:
    """Return the test of a `Group`: one benchmark per contender, with times per item."""
    plan, clock = Group(name, contenders, **options), deque[float]()

    @pytest.mark.benchmark(group=name, timer=clock.popleft)
    @pytest.mark.parametrize("contender", contenders, ids=lambda each: each.name)
    def test(
        benchmark: Any, request: pytest.FixtureRequest, contender: Contender, scale: float
    ) -> None:
        items: list[Any] = request.session.items
        mine = [each for each in items if getattr(each, "function", None) is test]
        plan.run({each.callspec.params["contender"].name for each in mine}, scale)
        problem = plan.missing.get(contender.name)
        if isinstance(problem, Unavailable):
            pytest.skip(f"{contender.name}: {problem}")
        if problem is not None:
            raise problem
        times = plan.seconds(contender.name)
        clock.extend(reading for seconds in times for reading in (0.0, seconds))
        benchmark.pedantic(lambda: None, rounds=len(times))
        benchmark.extra_info |= extra_info(plan, contender)
        goals = benchmark.extra_info["goals"]
        missed = [goal for goal in goals if goal["met"] is False]
        assert not (plan.strict and scale and missed), missed

    return test


def extra_info(plan: Group, contender: Contender) -> dict[str, Any]:
    """Return what the JSON shows of *contender* beside its times."""
    name = contender.name
    found = {
        "contender": name,
        "unit": plan.unit,
        "n": plan.count(name),
        f"{plan.unit}s_per_second": 1 / median(plan.seconds(name)),
        "note": contender.note,
        "shown": contender.shown,
        "goals": [plan.result(contender, goal) for goal in contender.goals],
    }
    if plan.floor in plan.times:
        found |= {"floor": plan.floor, "ratio_to_floor": plan.ratio(name, plan.floor)}
    if peaks := [each.peak for each in plan.times[name] if each.peak]:
        found["peak_bytes"] = max(peaks)
    return found
