"""What the figures have to be: each goal is a ratio of two times, taken in one run.

The goals are for a million T1 tokens of 372 characters. Some depend on what the machine
can do, so there is one for AVX-512 and one for SHA-NI; where both are the same, it holds
for every kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .measure import Workload, ratio
from .peers import PEERS
from .rivals import plain_go, seed_go

LIST = "list of n fresh strings"
FRESH = "same bytes, one fresh buffer"
OPENTOK = "opentok (Python) T1"
#: Rivals with a better and a worse mode. The better one counts.
SEED = tuple(peer.name for peer in PEERS if peer.module is seed_go)
PLAIN_GO = tuple(peer.name for peer in PEERS if peer.module is plain_go)

AT_MOST, AT_LEAST = "at most", "at least"


@dataclass(frozen=True, slots=True)
class Goal:
    """The time of *top* over the time of *bottom*, and what it may be.

    *top* may be the modes of one rival: the fastest counts. *less* is taken off both
    times. A ratio without a goal (None) is only shown.
    """

    what: str
    top: str | tuple[str, ...]
    bottom: str
    sense: str
    avx512: float | None
    sha_ni: float | None
    less: str | None = None

    def target(self, kernel: str) -> float | None:
        """The goal for that *kernel*, if there is one."""
        if self.avx512 == self.sha_ni:
            return self.avx512
        return {"avx512": self.avx512, "sha-ni": self.sha_ni}.get(kernel)


#: How near to what the machine allows.
LIMIT = [
    Goal("tokens(n) over the list floor", "tokens(n)", LIST, AT_MOST, 1.25, 1.7),
    Goal(
        "tokens(n, multithread) over the list floor",
        "tokens(n, multithread)",
        LIST,
        AT_MOST,
        1.10,
        1.25,
    ),
    Goal(
        "iter_batches(n), reused memory, over the list floor",
        "iter_batches(n)",
        LIST,
        AT_MOST,
        0.25,
        0.75,
    ),
    Goal(
        "token_batch(n) over one fresh buffer",
        "token_batch(n)",
        FRESH,
        AT_MOST,
        1.3,
        1.9,
    ),
    Goal(
        "token_batch, 2 threads against 1, reused memory",
        "reused batch, 1 thread",
        "reused batch, 2 threads",
        AT_LEAST,
        1.85,
        1.85,
    ),
    Goal(
        "sign_rows, different connection data, reused memory, over the list floor",
        "sign_rows(n), reused memory",
        LIST,
        AT_MOST,
        0.8,
        2.0,
    ),
    Goal(
        "the same into fresh memory",
        "sign_rows(n)",
        LIST,
        AT_MOST,
        None,
        2.0,
    ),
    Goal(
        "iter_batches(n): HS256 against T1",
        "iter_batches(n), HS256",
        "iter_batches(n)",
        AT_MOST,
        2.5,
        2.5,
    ),
    Goal(
        "verify_many against sign_rows",
        "verify_many(n)",
        "sign_rows(n)",
        AT_MOST,
        1.3,
        1.3,
    ),
    Goal("token() against opentok T1", OPENTOK, "token()", AT_LEAST, 12, 10),
    Goal("tokens(n) against opentok T1", OPENTOK, "tokens(n)", AT_LEAST, 75, 50),
    Goal("tokens(n) against the seed's better mode", SEED, "tokens(n)", AT_LEAST, 17, 12),
    Goal(
        "iter_batches(n) against opentok T1",
        OPENTOK,
        "iter_batches(n)",
        AT_LEAST,
        350,
        110,
    ),
    Goal(
        "iter_batches(n) against the seed's better mode",
        SEED,
        "iter_batches(n)",
        AT_LEAST,
        80,
        25,
    ),
    Goal(
        "tokens(n) against plain Go, a stand-in for the seed",
        PLAIN_GO,
        "tokens(n)",
        AT_LEAST,
        None,
        None,
    ),
    Goal(
        "iter_batches(n) against plain Go, a stand-in for the seed",
        PLAIN_GO,
        "iter_batches(n)",
        AT_LEAST,
        None,
        None,
    ),
]

#: What must hold wherever tokbox runs.
LEAST = [
    Goal("tokens(n) against opentok T1", OPENTOK, "tokens(n)", AT_LEAST, 15, 15),
    Goal("tokens(n) against the seed's better mode", SEED, "tokens(n)", AT_LEAST, 4, 4),
    Goal(
        "token_batch, 2 threads against 1, reused memory",
        "reused batch, 1 thread",
        "reused batch, 2 threads",
        AT_LEAST,
        1.7,
        1.7,
    ),
    Goal("token() against opentok T1", OPENTOK, "token()", AT_LEAST, 5, 5),
    Goal(
        "import tokbox over import opentok, without the interpreter",
        "import tokbox",
        "import opentok",
        AT_MOST,
        0.5,
        0.5,
        less="bare interpreter",
    ),
    Goal(
        "the same, and one token signed",
        "import tokbox, one token",
        "import opentok, one token",
        AT_MOST,
        None,
        None,
        less="bare interpreter",
    ),
]


def judge(
    goals: list[Goal],
    measured: Mapping[str, Workload],
    missing: Mapping[str, str],
    kernel: str,
) -> list[dict[str, Any]]:
    """One row for each goal, as JSON can hold it; see `row`.

    A goal is left out if what it is about was not asked for in this run.
    """
    rows = (row(goal, measured, missing, kernel) for goal in goals)
    return [found for found in rows if found is not None]


def row(
    goal: Goal, measured: Mapping[str, Workload], missing: Mapping[str, str], kernel: str
) -> dict[str, Any] | None:
    """What came of *goal* on *kernel*: its ratio, or why there is none."""
    result: dict[str, Any] = {
        "what": goal.what,
        "sense": goal.sense,
        "avx512": goal.avx512,
        "sha_ni": goal.sha_ni,
        "ratio": None,
        "holds": None,
        "why": None,
    }
    tops = goal.top if isinstance(goal.top, tuple) else (goal.top,)
    there = [measured[name] for name in tops if name in measured]
    others = [name for name in (goal.bottom, goal.less) if name]
    if not there or any(name not in measured for name in others):
        reasons = [missing[name] for name in (*tops, *others) if name in missing]
        if not reasons:
            return None
        result["why"] = reasons[0]
        return result
    top = min(there, key=lambda workload: workload.median)
    less = measured[goal.less].ns if goal.less else None
    value = ratio(top.ns, measured[goal.bottom].ns, less)
    result["ratio"] = value
    target = goal.target(kernel)
    if target is not None:
        result["holds"] = value <= target if goal.sense == AT_MOST else value >= target
    return result
