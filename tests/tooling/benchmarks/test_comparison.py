"""The measurement in turns, and the ratios and goals of a group."""

from __future__ import annotations

import gc

import pytest

from benchmarks.comparison import (
    Contender,
    Group,
    Seconds,
    at_least,
    at_most,
    extra_info,
    measure,
    timed,
)
from benchmarks.rivals import Unavailable


def contender(name, *times, share=1, goals=()):
    """A contender whose work claims to take *times*, one after the other."""
    script = map(Seconds, times)
    return Contender(name, lambda n: lambda: next(script), share, goals)


def measured(*contenders, rounds=1, **options):
    options.setdefault("warm_up", False)
    options.setdefault("settle", lambda n: None)
    group = Group("a group", contenders, n=1000, rounds=rounds, **options)
    group.run({each.name for each in contenders}, scale=1)
    return group


def goal(group, name):
    (each,) = (each for each in group.contenders if each.name == name)
    return group.result(each, each.goals[0])


def test_each_contender_runs_once_per_round_in_changing_order():
    ran = []
    works = {name: lambda name=name: ran.append(name) for name in "abcde"}
    times, _ = measure(works, 6, warm_up=True, settle=lambda: None)
    rounds = [ran[at : at + 5] for at in range(0, len(ran), 5)]
    assert [sorted(one) for one in rounds] == [list("abcde")] * 7
    assert len({tuple(one) for one in rounds}) > 2
    assert {name: len(each) for name, each in times.items()} == dict.fromkeys("abcde", 6)


def test_a_contender_that_fails_does_not_stop_the_others():
    def fail():
        raise OSError("broken")

    works = {"a": fail, "b": lambda: None}
    times, failed = measure(works, 2, warm_up=True, settle=lambda: None)
    assert (list(times), len(times["b"]), str(failed["a"])) == (["b"], 2, "broken")


def test_memory_is_settled_before_each_run_and_no_garbage_is_collected_during_it():
    log = []
    work = {"a": lambda: log.append(gc.isenabled())}
    measure(work, 2, warm_up=False, settle=lambda: log.append("settle"))
    assert log == ["settle", False] * 2
    assert gc.isenabled()


def test_a_result_is_freed_after_the_clock_stopped(monkeypatch):
    log = []

    class Made:
        def __del__(self):
            log.append("freed")

    clock = "benchmarks.comparison.time.perf_counter"
    monkeypatch.setattr(clock, lambda: log.append("clock") or len(log))
    timed(Made)
    assert log == ["clock", "clock", "freed"]


def test_times_are_per_item_and_ratios_are_taken_within_rounds():
    # The second round is ten times slower for both.
    slow = contender("slow", 2, 20, 2, share=10)
    group = measured(contender("quick", 1, 10, 1), slow, rounds=3, floor="quick")
    info = extra_info(group, slow)
    assert (info["n"], info["tokens_per_second"]) == (100, 50)
    assert info["ratio_to_floor"] == pytest.approx(20)


@pytest.mark.parametrize(
    ("made", "met"),
    [
        (at_most(3, "b"), True),
        (at_most(1.9, "b"), False),
        (at_most(None, "b"), None),
        (at_most({"another kernel": 1}, "b"), None),
        (at_most({"any": 1}, "b"), False),
        (at_least(0.5, "b"), True),
        (at_least(0.6, "b", "slower"), False),
    ],
)
def test_a_goal_is_met_or_missed_or_only_shown(made, met):
    a = contender("a", 2, goals=[made])
    group = measured(a, contender("b", 1), contender("slower", 9))
    assert goal(group, "a")["met"] is met


def test_a_common_cost_is_subtracted_from_both():
    a = contender("a", 30, goals=[at_most(0.5, "b", less="bare")])
    group = measured(a, contender("b", 110), contender("bare", 10))
    assert goal(group, "a")["ratio"] == pytest.approx(0.2)


def test_memory_can_be_compared():
    def prepare(peak):
        def work():
            seconds = Seconds(1)
            seconds.peak = peak
            return seconds

        return lambda n: work

    a = Contender("a", prepare(300), goals=[at_most(1.5, "b", peak=True)])
    group = measured(a, Contender("b", prepare(100)))
    assert goal(group, "a")["ratio"] == 3
    assert extra_info(group, a)["peak_bytes"] == 300


def test_a_goal_against_a_missing_rival_has_a_reason():
    def unavailable(n):
        raise Unavailable("Go is not installed")

    a = contender("a", 1, goals=[at_least(4, "seed")])
    group = measured(a, Contender("seed", unavailable))
    result = goal(group, "a")
    assert (result["ratio"], result["met"]) == (None, None)
    assert result["why"] == "Go is not installed"
