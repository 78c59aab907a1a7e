"""The arithmetic of figures, on workloads whose times are made up."""

from __future__ import annotations

import gc

import pytest

from benchmarks.measure import Workload, measure, ratio, timed, toucher


def scripted(name, *seconds, n=1):
    """A workload that claims to take these *seconds*, one after the other."""
    script = iter(seconds)
    return Workload(name, n, lambda: next(script))


def test_a_figure_is_nanoseconds_for_one_token():
    workload = scripted("a", 9.0, 0.5, 0.25, n=1000)
    measure([workload], rounds=2)
    assert workload.ns == [500_000, 250_000]


def test_the_warm_up_round_leaves_no_figure():
    workload = scripted("a", 100.0, 1.0)
    measure([workload], rounds=1)
    assert workload.ns == [1e9]


def test_the_median_is_over_the_rounds():
    workload = scripted("a", 0.0, 3.0, 1.0, 2.0)
    measure([workload], rounds=3)
    assert workload.median == 2e9


def test_everything_runs_once_in_every_round():
    ran = []
    names = ["a", "b", "c", "d", "e"]
    workloads = [Workload(x, 1, lambda x=x: ran.append(x) or 1.0) for x in names]
    measure(workloads, rounds=6)
    rounds = [ran[at : at + 5] for at in range(0, len(ran), 5)]
    assert [sorted(one) for one in rounds] == [names] * 7


def test_workloads_change_their_neighbours_from_round_to_round():
    ran = []
    workloads = [Workload(str(x), 1, lambda x=x: ran.append(x) or 1.0) for x in range(8)]
    measure(workloads, rounds=6)
    before_zero = {ran[at - 1] for at, x in enumerate(ran) if x == 0 and at % 8}
    assert len(before_zero) > 2


def test_memory_is_settled_before_every_run_and_outside_of_its_time():
    log = []
    workload = Workload("a", 1, timed(lambda: log.append("run")))
    measure([workload], rounds=2, settle=lambda: log.append("settle"))
    assert log == ["settle", "run"] * 3


def test_no_collection_happens_while_something_is_timed():
    seen = []
    measure([Workload("a", 1, lambda: seen.append(gc.isenabled()) or 1.0)], rounds=2)
    assert seen == [False] * 3
    assert gc.isenabled()


def test_collection_is_back_after_a_workload_failed():
    def fail():
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        measure([Workload("a", 1, fail)], rounds=1)
    assert gc.isenabled()


def test_progress_names_the_round_and_the_workload():
    told = []
    measure([scripted("a", 1.0, 1.0, 1.0)], rounds=2, progress=told.append)
    assert told == ["warm-up: a", "round 1 of 2: a", "round 2 of 2: a"]


def test_what_a_workload_made_is_freed_after_the_clock_stopped(monkeypatch):
    log = []

    class Made:
        def __del__(self):
            log.append("freed")

    monkeypatch.setattr(
        "benchmarks.measure.time.perf_counter", lambda: log.append("clock") or len(log)
    )
    timed(Made)()
    assert log == ["clock", "clock", "freed"]


def test_a_ratio_is_taken_within_each_round():
    # The second round is ten times slower for both: that cancels out.
    assert ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0


def test_a_ratio_is_the_median_of_the_rounds_not_of_the_times():
    assert ratio([1.0, 8.0, 9.0], [1.0, 2.0, 9.0]) == 1.0


def test_a_common_cost_is_taken_off_both_sides():
    assert ratio([13.0, 14.0], [16.0, 18.0], less=[10.0, 10.0]) == 0.5


def test_a_ratio_needs_the_same_rounds_on_both_sides():
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


def test_touching_memory_leaves_nothing_behind():
    assert toucher(4096)() is None
