"""Make of figures what people read: ratios, a table, a chart."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from .measure import Workload, ratio

LIST = "list of n fresh strings"
FRESH = "same bytes, one fresh buffer"
OPENTOK = "opentok (Python) T1"

#: (what is said, numerator, denominator): how many times longer the first takes.
COSTS = [
    ("tokens(n) over the list floor", "tokens(n)", LIST),
    ("tokens(n, multithread) over the list floor", "tokens(n, multithread)", LIST),
    ("iter_batches(n) over the list floor", "iter_batches(n)", LIST),
    ("token_batch(n) over the fresh buffer", "token_batch(n)", FRESH),
]
#: (what is said, slower, faster): how many times faster the second is.
GAINS = [
    ("token_batch: threads against one", "token_batch(n)", "token_batch(n, multithread)"),
    ("token() against opentok T1", OPENTOK, "token()"),
    ("tokens(n) against opentok T1", OPENTOK, "tokens(n)"),
    ("iter_batches(n) against opentok T1", OPENTOK, "iter_batches(n)"),
]
#: Rivals with a better and a worse mode: the better one counts.
MODES = {
    "aogz/tokbox (Go)": ["Tokens(n, false)", "Tokens(n, true)"],
    "plain Go": ["1 goroutine", "1 goroutine a CPU"],
}


def collect(
    workloads: list[Workload],
    machine: dict[str, Any],
    missing: list[str],
    n: int,
    rounds: int,
) -> dict[str, Any]:
    """All figures and ratios, as JSON can hold them."""
    by_name = {w.name: w for w in workloads}
    ratios: list[dict[str, Any]] = []

    def add(text: str, a: str, b: str, kind: str) -> None:
        if a in by_name and b in by_name:
            value = ratio(by_name[a], by_name[b])
            ratios.append({"what": text, "ratio": value, "kind": kind})

    for text, a, b in COSTS:
        add(text, a, b, "cost")
    for text, slower, faster in GAINS:
        add(text, slower, faster, "gain")
    for name in [w.name for w in workloads if w.name.startswith("reused batch, ")][1:]:
        add("reused batch: threads against one", "reused batch, 1 thread", name, "gain")
    for rival, modes in MODES.items():
        there = [by_name[f"{rival} {m}"] for m in modes if f"{rival} {m}" in by_name]
        if there:
            best = min(there, key=lambda w: w.median)
            for ours in ("tokens(n)", "iter_batches(n)"):
                add(f"{ours} against {rival}, its better mode", best.name, ours, "gain")
    return {
        "machine": machine,
        "n": n,
        "rounds": rounds,
        "missing": missing,
        "ns_per_token": {
            w.name: {"group": w.group, "median": w.median, "rounds": w.ns}
            for w in workloads
        },
        "ratios": ratios,
    }


def markdown(results: dict[str, Any]) -> str:
    """The figures and ratios as two tables."""
    machine = results["machine"]
    active = ", ".join(f"{k} {v}" for k, v in machine["kernels"].items())
    lines = [
        f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, "
        f"CPython {machine['python']}, {machine['date']}; kernels: {active}. "
        f"n = {results['n']:,}; medians of {results['rounds']} rounds.",
        "",
        "| | ns a token | tokens a second |",
        "| --- | ---: | ---: |",
    ]
    for name, figures in results["ns_per_token"].items():
        ns = figures["median"]
        lines.append(f"| {name} | {ns:,.1f} | {1e9 / ns:,.0f} |")
    lines += ["", "| ratio | |", "| --- | ---: |"]
    for row in results["ratios"]:
        unit = "x faster" if row["kind"] == "gain" else "x"
        lines.append(f"| {row['what']} | {row['ratio']:.2f} {unit} |")
    lines += ["", *[f"- {sentence}" for sentence in results["missing"]]]
    return "\n".join(lines).rstrip() + "\n"


def chart(results: dict[str, Any], path: Path) -> None:
    """Tokens a second, as bars on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    shown = {
        name: figures
        for name, figures in results["ns_per_token"].items()
        if figures["group"] in ("tokbox", "rival")
        and not name.startswith(("freeing", "reused batch"))
    }
    names = sorted(shown, key=lambda name: -shown[name]["median"])
    rates = [1e9 / median(shown[name]["rounds"]) for name in names]
    colours = ["#0b7a75" if shown[n]["group"] == "tokbox" else "#b8b8b8" for n in names]
    with plt.rc_context({"svg.hashsalt": "tokbox", "font.size": 10}):
        figure, axes = plt.subplots(figsize=(8, 0.36 * len(names) + 1))
        bars = axes.barh(names, rates, color=colours)
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=4)
        axes.set_xscale("log")
        axes.set_xlim(min(rates) / 2, max(rates) * 6)
        axes.set_xlabel("signed tokens a second, one machine, one run (logarithmic)")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
