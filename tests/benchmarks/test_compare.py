"""The commands that measure one subject: what they run, and what they print."""

from __future__ import annotations

import contextlib
import warnings

import pytest

from benchmarks import compare, rest, rs256
from benchmarks.goals import AT_LEAST, AT_MOST, Goal
from benchmarks.measure import Workload
from tokbox.tokens.rsa import PrivateKey

from ..applications import key_pair

GOALS = [
    Goal("b against a", "a", "b", AT_LEAST, 2, 2),
    Goal("b over a", "b", "a", AT_MOST, 0.2, 0.2),
    Goal("c against a", "a", "c", AT_LEAST, 2, 2),
    Goal("b against a, shown only", "a", "b", AT_LEAST, None, None),
]


def workload(name: str, ns: float, note: str = "") -> Workload:
    return Workload(name, 1, lambda: 0.0, note=note, ns=[ns, ns])


def named(goals: list[Goal]) -> set[str]:
    return {
        str(name) for goal in goals for name in (goal.top, goal.bottom, goal.less) if name
    }


def test_a_table_says_of_each_goal_whether_it_holds():
    measured = [workload("a", 3000.0), workload("b", 1000.0, "it is quick")]
    lines = compare.table(measured, GOALS, {"c": "it is not installed"}, "call")
    assert lines == [
        "| | this run | goal | holds here |",
        "| --- | ---: | ---: | --- |",
        "| b against a | 3.00x faster | ≥ 2 | yes |",
        "| b over a | 0.33x | ≤ 0.2 | no |",
        "| c against a | not measured: it is not installed | ≥ 2 | - |",
        "| b against a, shown only | 3.00x faster | - | - |",
        "",
        "| | µs a call | calls a second |",
        "| --- | ---: | ---: |",
        "| a | 3.0 | 333,000 |",
        "| b | 1.0 | 1,000,000 |",
        "",
        "- b: it is quick.",
        "- c was not measured: it is not installed.",
    ]


def test_a_comparison_runs_every_workload_and_names_the_machine():
    ran = []
    found = [
        Workload("a", 1, lambda: ran.append("a") or 2.0),
        Workload("b", 1, lambda: ran.append("b") or 1.0),
    ]
    machine = {
        "cpu": "A CPU",
        "cpus": 2,
        "system": "Linux",
        "python": "3.11",
        "date": "2030-01-01",
    }
    text = compare.compare(found, GOALS[:1], {}, 3, machine=machine, what="token")
    assert text.startswith(
        "A CPU, 2 CPUs, Linux, CPython 3.11; medians of 3 rounds, 2030-01-01.\n"
    )
    assert "| b against a | 2.00x faster | ≥ 2 | yes |" in text
    assert sorted(ran) == ["a"] * 4 + ["b"] * 4


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--rounds", "x"], ["-n", "1"]])
def test_what_is_no_number_of_rounds_is_refused(monkeypatch, capsys, arguments):
    monkeypatch.setattr("sys.argv", ["x", *arguments])
    with pytest.raises(SystemExit):
        compare.rounds_asked_for("benchmarks.x", "what it does", 7)
    assert "python -m benchmarks.x" in capsys.readouterr().err


def test_rounds_have_a_default(monkeypatch):
    monkeypatch.setattr("sys.argv", ["x"])
    assert compare.rounds_asked_for("benchmarks.x", "what it does", 7) == 7


def test_each_goal_of_rs256_names_workloads_that_run():
    found, missing = rs256.gather(n=16)
    assert named(rs256.GOALS) <= {each.name for each in found} | {
        *missing,
        rs256.BARE_THREADS,
    }
    for each in found:
        assert each.run() > 0, each.name


def test_the_bare_signature_is_made_as_often_as_it_says(monkeypatch):
    signed = []

    class Counting:
        def sign(self, message, padding, hashed):
            signed.append(message)

    key = PrivateKey(key_pair())
    monkeypatch.setattr(key, "_key", Counting())
    for threads in (1, 3):
        signed.clear()
        rs256.bare(key, b"message", 40, threads)()
        assert signed == [b"message"] * 40


def test_each_goal_of_rest_names_clients_that_get_an_answer():
    with (
        rest.emulator() as server,
        contextlib.ExitStack() as stack,
        warnings.catch_warnings(),
    ):
        # The SDKs are not ours to change.
        warnings.simplefilter("ignore")
        found, missing = rest.gather(server, stack, calls=2)
        assert missing == {}
        assert named(rest.GOALS) == {each.name for each in found}
        for each in found:
            assert each.run() > 0, each.name
