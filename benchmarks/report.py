"""Write the report of a run: ``python -m benchmarks.report RESULTS.json [MORE.json ...]``.

Each file is the ``--benchmark-json`` of a run. Those after the first are runs on other
kernels and add their goals. Beside the first file, this writes ``results.md`` and
``chart.svg``; with ``--readme``, also the table of README.md.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
OPEN, CLOSE = "<!-- measured -->", "<!-- /measured -->"
BASE = "opentok (Python) T1"  # what the README compares with
Run = dict[str, Any]


def shown(run: Run) -> list[tuple[str, bool, float]]:
    """Return the name, whether it is tokbox, and the seconds per token of what README and
    chart show, the fastest first."""
    rows = []
    for each in run["benchmarks"]:
        info = each["extra_info"]
        ours = info["shown"] == "tokbox"
        kind = ", HS256" if ours and "HS256" in each["group"] else ""
        if info["shown"]:
            rows.append((info["contender"] + kind, ours, each["stats"]["median"]))
    return sorted(rows, key=lambda row: row[2])


def rate(seconds: float) -> str:
    """Return items per second, with three digits."""
    return f"{float(f'{1 / seconds:.3g}'):,.0f}"


def times(ratio: float) -> str:
    """Return a ratio, no more exact than the figures are."""
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2{'f' if ratio >= 0.1 else 'g'}}x"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])


def about(run: Run) -> str:
    """Return on which machine the run was, and how much work it did."""
    machine = run["machine_info"]
    infos = [each["extra_info"] for each in run["benchmarks"]]
    n = max([info["n"] for info in infos if info["shown"]] or [infos[0]["n"]])
    kernel, day = machine["kernels"]["sha1"], run["datetime"][:10]
    where = f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}"
    return f"{where}, CPython {machine['python']}, kernel {kernel}; n = {n:,}, {day}"


def goal_row(group: str, goal: dict[str, Any]) -> list[str]:
    """Return the row of a goal that is met, missed, not measured, or only shown."""
    ratio = f"not measured: {goal.get('why')}"
    if goal["ratio"] is not None:
        ratio = times(goal["ratio"]) + " as fast" * (goal["sense"] == "at least")
    limit = "-" if goal["limit"] is None else f"{goal['sense']} {goal['limit']:g}"
    met = {True: "yes", False: "**no**", None: "-"}[goal["met"]]
    return [f"{group}: {goal['what']}", ratio, limit, met]


def markdown(runs: list[Run]) -> str:
    """Return everything as tables."""
    first = runs[0]
    packages = map(" ".join, first["machine_info"]["packages"].items())
    parts = [f"{about(first)}.", ", ".join(packages) + "."]
    for run in runs:
        found = ((each["group"], each["extra_info"]["goals"]) for each in run["benchmarks"])
        rows = [goal_row(group, goal) for group, goals in found for goal in goals]
        parts.append(f"## Goals, kernel {run['machine_info']['kernels']['sha1']}")
        parts.append(table(["", "this run", "goal", "met"], rows))
    for group in dict.fromkeys(each["group"] for each in first["benchmarks"]):
        mine = [each for each in first["benchmarks"] if each["group"] == group]
        unit = mine[0]["extra_info"]["unit"]
        head = ["", f"µs a {unit}", f"{unit}s a second", "over the floor"]
        rows = []
        for each in mine:
            info, seconds = each["extra_info"], each["stats"]["median"]
            name = info["contender"] + (f" ({info['note']})" if info["note"] else "")
            ratio = times(info["ratio_to_floor"]) if "floor" in info else "-"
            rows.append([name, f"{seconds * 1e6:,.3f}", rate(seconds), ratio])
        parts += [f"## {group[0].upper()}{group[1:]}", table(head, rows)]
    return "\n\n".join(parts) + "\n"


def readme(run: Run, chart: str) -> str:
    """Return the README's table, with *chart* (its path) below."""
    base = {name: seconds for name, _, seconds in shown(run)}.get(BASE)
    rows = []
    for name, ours, seconds in shown(run):
        who = f"**tokbox** `{name}`" if ours else name
        rows.append([who, rate(seconds), times(base / seconds) if base else "-"])
    figures = table(["", "tokens a second", "against opentok T1"], rows)
    end = f"{about(run)}. `make bench` measures on your machine."
    return f"{figures}\n\n{end}\n\n![Signed tokens a second]({chart})"


def draw(run: Run, path: Path) -> None:
    """Write the chart. Its scale is logarithmic: the rates span six powers of ten."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    bars = [(f"tokbox {x}" if ours else x, ours, s) for x, ours, s in reversed(shown(run))]
    rates = [1 / seconds for *_, seconds in bars]
    style: Any = {"svg.hashsalt": "tokbox", "svg.fonttype": "none", "font.size": 10}
    with rc_context(style):
        figure = Figure((800 / 96, 0.3 * len(bars) + 0.9), layout="constrained")
        axes = figure.subplots()
        colours = ["#0b7a75" if ours else "#b4b8bd" for _, ours, _ in bars]
        drawn = axes.barh([name for name, *_ in bars], rates, height=0.72, color=colours)
        axes.bar_label(drawn, [rate(seconds) for *_, seconds in bars], padding=5)
        axes.set(xscale="log", xlim=(min(rates) / 3, max(rates) * 16))
        axes.margins(y=0.02)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_visible(False)
        axes.spines[:].set_visible(False)
        axes.set_title("Signed tokens a second", loc="left", fontweight="bold")
        axes.set_title("logarithmic scale; one machine, one run", loc="right", fontsize=9)
        figure.savefig(path, facecolor="white", metadata={"Date": None})


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--readme", action="store_true", help="write README.md, too")
    options = parser.parse_args(arguments)
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    folder = options.results[0].parent
    (folder / "results.md").write_text(markdown(runs), encoding="utf-8")
    if shown(runs[0]):
        draw(runs[0], folder / "chart.svg")
    if options.readme:
        new = readme(runs[0], os.path.relpath(folder / "chart.svg", README.parent))
        before, rest = README.read_text(encoding="utf-8").split(OPEN)
        after = rest.split(CLOSE)[1]
        README.write_text(f"{before}{OPEN}\n{new}\n{CLOSE}{after}", encoding="utf-8")
    print(f"written to {folder}")


if __name__ == "__main__":
    main()
