"""Make of figures what people read: tables of results, and the one of the README."""

from __future__ import annotations

from typing import Any

from .goals import AT_LEAST, LEAST, LIMIT, OPENTOK, PLAIN_GO, SEED, judge
from .measure import Workload, ratio
from .ours import forced
from .workloads import N

GROUPS = {
    "floor": "Floors: what the memory costs alone",
    "tokbox": "tokbox",
    "forced": "tokbox on a narrower kernel",
    "kernel": "Kernels, each by iter_batches(n)",
    "rival": "Others",
}

#: What the README and the chart show of us.
OURS = [
    "iter_batches(n)",
    "token_batch(n)",
    "tokens(n, multithread)",
    "tokens(n)",
    "token()",
]
#: And what of others. Each entry is the modes of one rival, of which the fastest is shown,
#: or the next ones in its place if none of them was measured.
OTHERS = [
    (SEED, PLAIN_GO),
    (("opentok (Node) T1",),),
    ((OPENTOK,),),
    (("opentok (Python) JWT HS256",),),
    (("vonage (Python) JWT RS256",),),
]

OPEN, CLOSE = "<!-- measured -->", "<!-- /measured -->"


def collect(
    workloads: list[Workload],
    machine: dict[str, Any],
    missing: dict[str, str],
    n: int,
    rounds: int,
    kernel: str | None = None,
) -> dict[str, Any]:
    """All figures and ratios, as JSON can hold them.

    *kernel* is the one that group "forced" was measured on, if it was.
    """
    measured = {w.name: w for w in workloads}
    active = machine["kernels"]["sha1"]
    limits = {active: judge(LIMIT, measured, missing, active)}
    if kernel:
        # The same rows, with our entry points on that kernel.
        end = forced(kernel)
        narrow = {w.name.removesuffix(end): w for w in workloads if w.group == "forced"}
        limits[kernel] = judge(LIMIT, {**measured, **narrow}, missing, kernel)
    return {
        "machine": machine,
        "n": n,
        "rounds": rounds,
        "missing": missing,
        "figures": {
            w.name: {
                "group": w.group,
                "n": w.n,
                "median_ns": w.median,
                "rounds_ns": w.ns,
                "note": w.note,
            }
            for w in workloads
        },
        "limits": limits,
        "least": judge(LEAST, measured, missing, active),
    }


def times(value: float) -> str:
    """*value* as people read it: a factor, not more exact than the figures are."""
    if value < 0.1:
        return f"{value:.2g}x"
    return f"{value:.2f}x" if value < 10 else f"{value:,.0f}x"


def rate(ns: float) -> str:
    """Tokens a second, for a token in *ns* nanoseconds."""
    return f"{float(f'{1e9 / ns:.3g}'):,.0f}"


def about(results: dict[str, Any]) -> str:
    """One sentence: which machine, and what was done on it."""
    machine = results["machine"]
    return (
        f"{about_machine(machine)}, kernel {machine['kernels']['sha1']}; "
        f"n = {results['n']:,}, medians of {results['rounds']} rounds"
    )


def about_machine(machine: dict[str, Any]) -> str:
    """Which machine it is."""
    cpus = "1 CPU" if machine["cpus"] == 1 else f"{machine['cpus']} CPUs"
    return f"{machine['cpu']}, {cpus}, {machine['system']}, CPython {machine['python']}"


def markdown(results: dict[str, Any]) -> str:
    """Everything, as tables."""
    machine = results["machine"]
    lines = [f"{about(results)}, {machine['date']}."]
    if machine["packages"]:
        versions = (f"{name} {version}" for name, version in machine["packages"].items())
        lines += ["", f"Others: {', '.join(versions)}."]
    if results["n"] != N:
        lines += ["", f"The goals below are for n = {N:,}, not for this run."]
    for kernel, rows in results["limits"].items():
        if rows:
            lines += ["", f"## Goals for the core, on {kernel}", ""]
            lines += goal_table(rows)
    if results["least"]:
        lines += ["", "## Goals for every machine", "", *goal_table(results["least"])]
    for group, title in GROUPS.items():
        lines += figure_table(results, group, title)
    starts = select(results, "import")
    if starts:
        lines += ["", "## Starting", "", "| | ms |", "| --- | ---: |"]
        lines += [f"| {name} | {f['median_ns'] / 1e6:.1f} |" for name, f in starts.items()]
    if results["missing"]:
        lines += ["", "## Not measured", ""]
        lines += [f"- {name}: {why}." for name, why in results["missing"].items()]
    return "\n".join(lines) + "\n"


def select(results: dict[str, Any], group: str) -> dict[str, Any]:
    """The figures of one group."""
    return {k: f for k, f in results["figures"].items() if f["group"] == group}


def figure_table(results: dict[str, Any], group: str, title: str) -> list[str]:
    """The lines of one group's figures and of the notes to them."""
    figures = select(results, group)
    if not figures:
        return []
    lines = ["", f"## {title}", "", "| | ns a token | tokens a second |"]
    lines.append("| --- | ---: | ---: |")
    for name, f in figures.items():
        ns = f["median_ns"]
        lines.append(f"| {name} | {ns:,.1f} | {rate(ns)} |")
    notes = [f"- {name}: {f['note']}." for name, f in figures.items() if f["note"]]
    return [*lines, *([""] if notes else []), *notes]


def goal_table(rows: list[dict[str, Any]]) -> list[str]:
    """The lines of a table of goals."""
    lines = [
        "| | this run | goal, AVX-512 | goal, SHA-NI | holds here |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        goals = [bound(row, key) for key in ("avx512", "sha_ni")]
        lines.append(
            f"| {row['what']} | {found(row)} | {' | '.join(goals)} | {verdict(row)} |"
        )
    return lines


def found(row: dict[str, Any]) -> str:
    """What a goal's ratio was in this run, or why there is none."""
    if row["ratio"] is None:
        return f"not measured: {row['why']}"
    return times(row["ratio"]) + (" faster" if row["sense"] == AT_LEAST else "")


def bound(row: dict[str, Any], key: str) -> str:
    """What a goal's ratio may be."""
    if row[key] is None:
        return "-"
    return f"{'≥' if row['sense'] == AT_LEAST else '≤'} {row[key]:g}"


def verdict(row: dict[str, Any]) -> str:
    """Whether a goal is reached."""
    return {True: "yes", False: "no", None: "-"}[row["holds"]]


def readme(results: dict[str, Any], chart: str) -> str:
    """The README's table, and *chart* (a path from there)."""
    figures = results["figures"]
    opentok = figures.get(OPENTOK)
    rows = [(f"**tokbox** `{name}`", figures[name]) for name in OURS if name in figures]
    names = (fastest(choice, figures) for choice in OTHERS)
    rows += [(name, figures[name]) for name in names if name]
    lines = ["| | tokens a second | against opentok T1 |", "| --- | ---: | ---: |"]
    for name, f in rows:
        against = "-"
        if opentok:
            against = times(ratio(opentok["rounds_ns"], f["rounds_ns"]))
        lines.append(f"| {name} | {rate(f['median_ns'])} | {against} |")
    return "\n".join(
        [
            *lines,
            "",
            f"{about(results)}: `make bench` takes these figures anew, on your machine.",
            "",
            f"![Signed tokens a second]({chart})",
        ]
    )


def fastest(choice: tuple[tuple[str, ...], ...], figures: dict[str, Any]) -> str | None:
    """The fastest mode of the first rival of *choice* that has figures."""
    for modes in choice:
        there = [name for name in modes if name in figures]
        if there:
            return min(there, key=lambda name: figures[name]["median_ns"])
    return None


def between_marks(text: str, new: str) -> str:
    """*text* with *new* between the marks. ValueError unless it has both, in order."""
    before, opening, rest = text.partition(OPEN)
    _, closing, after = rest.partition(CLOSE)
    if not opening or not closing:
        raise ValueError(f"the text must hold {OPEN} and then {CLOSE}")
    return f"{before}{OPEN}\n{new}\n{CLOSE}{after}"
