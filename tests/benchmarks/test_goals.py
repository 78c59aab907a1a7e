"""Whether a goal is said to be reached exactly if it is."""

from __future__ import annotations

import pytest

from benchmarks.goals import AT_LEAST, AT_MOST, LEAST, LIMIT, Goal, judge, row
from benchmarks.imports import PROGRAMS
from benchmarks.measure import Workload
from benchmarks.ours import entry_points, floors, forced
from benchmarks.peers import PEERS
from tokbox import _memory


def workload(name, *ns):
    return Workload(name, 1, lambda: 0.0, ns=list(ns))


COST = Goal("a over b", "a", "b", AT_MOST, 1.5, 2.0)
GAIN = Goal("b against a", "a", "b", AT_LEAST, 20, 10)


@pytest.mark.parametrize(
    ("goal", "a", "kernel", "holds"),
    [
        (COST, 1.5, "avx512", True),
        (COST, 1.51, "avx512", False),
        (COST, 1.51, "sha-ni", True),
        (COST, 2.01, "sha-ni", False),
        (GAIN, 20, "avx512", True),
        (GAIN, 19.9, "avx512", False),
        (GAIN, 10, "sha-ni", True),
        (GAIN, 9.9, "sha-ni", False),
    ],
)
def test_a_goal_is_that_of_the_kernel_in_use(goal, a, kernel, holds):
    measured = {"a": workload("a", a), "b": workload("b", 1.0)}
    result = row(goal, measured, {}, kernel)
    assert (result["ratio"], result["holds"]) == (a, holds)


def test_a_kernel_without_a_goal_neither_reaches_nor_misses_it():
    measured = {"a": workload("a", 9.0), "b": workload("b", 1.0)}
    assert row(COST, measured, {}, "portable")["holds"] is None


def test_a_goal_that_is_the_same_for_both_holds_for_every_kernel():
    goal = Goal("a over b", "a", "b", AT_MOST, 2.0, 2.0)
    measured = {"a": workload("a", 9.0), "b": workload("b", 1.0)}
    assert row(goal, measured, {}, "portable")["holds"] is False


def test_the_better_mode_of_a_rival_counts():
    goal = Goal("b against a", ("slow", "fast"), "b", AT_LEAST, 4, 4)
    measured = {
        "slow": workload("slow", 9.0),
        "fast": workload("fast", 3.0),
        "b": workload("b", 1.0),
    }
    assert row(goal, measured, {}, "avx512")["ratio"] == 3.0


def test_who_could_not_run_is_named_with_the_reason():
    goal = Goal("b against a", ("one", "other"), "b", AT_LEAST, 4, 4)
    reasons = {"one": "Go is not installed", "other": "Go is not installed"}
    result = row(goal, {"b": workload("b", 1.0)}, reasons, "avx512")
    assert result["why"] == "Go is not installed"
    assert result["ratio"] is result["holds"] is None


def test_one_mode_that_ran_is_enough():
    goal = Goal("b against a", ("one", "other"), "b", AT_LEAST, 4, 4)
    measured = {"other": workload("other", 8.0), "b": workload("b", 1.0)}
    assert row(goal, measured, {"one": "it failed"}, "avx512")["ratio"] == 8.0


def test_what_was_not_asked_for_is_left_out():
    assert judge([COST], {"a": workload("a", 1.0)}, {}, "avx512") == []


def test_the_interpreter_is_taken_off_both_imports():
    goal = Goal("a over b", "a", "b", AT_MOST, 0.5, 0.5, less="bare")
    measured = {
        "a": workload("a", 30.0),
        "b": workload("b", 110.0),
        "bare": workload("bare", 10.0),
    }
    assert row(goal, measured, {}, "avx512")["ratio"] == 0.2


def test_every_goal_names_workloads_that_exist():
    n = 2
    ours = [*floors(n), *entry_points(n, _memory.Memory(n * 500))]
    known = {w.name for w in ours} | {p.name for p in PEERS} | set(PROGRAMS)
    # On one CPU, and before the batch of rows, these are not there.
    known |= {"reused batch, 2 threads"}
    for goal in [*LIMIT, *LEAST]:
        tops = goal.top if isinstance(goal.top, tuple) else (goal.top,)
        named = {*tops, goal.bottom, goal.less or goal.bottom}
        assert named <= known, goal.what


def test_entry_points_sign_n_tokens_in_some_time():
    n = 300
    for workload in entry_points(n, _memory.Memory(n * 372)):
        assert workload.run() > 0, workload.name


def test_a_forced_kernel_signs_and_is_named():
    n = 300
    workloads = entry_points(n, _memory.Memory(n * 372), "portable")
    active = entry_points(n, _memory.Memory(n * 372))
    assert {w.group for w in workloads} == {"forced"}
    assert [w.name for w in workloads] == [w.name + forced("portable") for w in active]
    assert all(w.run() > 0 for w in workloads)
