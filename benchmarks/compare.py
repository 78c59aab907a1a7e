"""Measure one subject by itself: a few workloads in turns, and its own goals.

What `run` does for the core, for the commands `rs256` and `rest`, whose figures do not
depend on a kernel.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .goals import Goal, judge
from .measure import Workload, measure
from .report import about_machine, bound, found, rate, verdict

__all__ = ["compare", "rounds_asked_for", "table"]


def rounds_asked_for(prog: str, description: str, default: int) -> int:
    """Read the command line, which says no more than how many rounds there are."""
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description=description)
    parser.add_argument(
        "--rounds", type=int, default=default, help="rounds; the median counts"
    )
    rounds: int = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds must be at least 1")
    return rounds


def compare(
    workloads: list[Workload],
    goals: list[Goal],
    missing: Mapping[str, str],
    rounds: int,
    *,
    machine: dict[str, Any],
    what: str,
) -> str:
    """Run everything, and return the tables. *what* is counted: "token"."""

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    measure(workloads, rounds, progress=progress)
    progress("")
    about = f"{about_machine(machine)}; medians of {rounds} rounds, {machine['date']}."
    return "\n".join([about, "", *table(workloads, goals, missing, what)])


def table(
    workloads: Sequence[Workload], goals: list[Goal], missing: Mapping[str, str], what: str
) -> list[str]:
    """The lines of both tables: what the goals are, and what was measured."""
    measured = {workload.name: workload for workload in workloads}
    lines = ["| | this run | goal | holds here |", "| --- | ---: | ---: | --- |"]
    # These goals are the same for every kernel, so that none needs to be named.
    for row in judge(goals, measured, missing, kernel=""):
        lines.append(
            f"| {row['what']} | {found(row)} | {bound(row, 'avx512')} | {verdict(row)} |"
        )
    lines += ["", f"| | µs a {what} | {what}s a second |", "| --- | ---: | ---: |"]
    for workload in workloads:
        ns = workload.median
        lines.append(f"| {workload.name} | {ns / 1e3:,.1f} | {rate(ns)} |")
    notes = [f"- {each.name}: {each.note}." for each in workloads if each.note]
    notes += [f"- {name} was not measured: {why}." for name, why in missing.items()]
    return [*lines, *([""] if notes else []), *notes]
