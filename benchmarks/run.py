"""Measure everything in one run: ``make bench``, or ``python -m benchmarks.run --help``.

Writes ``results.json``, ``results.md`` and ``chart.svg`` into ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tokbox
from tokbox import _fastsign, _memory
from tokbox.tokens.crew import cpu_count

from . import chart, report, workloads
from .imports import imports
from .measure import Workload, measure, toucher
from .ours import entry_points, floors, kernels
from .peers import peers

ROOT = Path(__file__).parent.parent
GROUPS = ["floor", "tokbox", "kernel", "rival", "import"]

#: Bytes that a token takes as a str in a list: its text, a head, and the list's pointer.
STR_BYTES = workloads.TOKEN_LENGTH + 57


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def packages() -> dict[str, str]:
    """The versions of the Python packages that are measured beside us."""
    found = {}
    for name in ("opentok", "vonage", "PyJWT", "livekit-api"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "cpu": processor(),
        "cpus": cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "tokbox": tokbox.__version__,
        "packages": packages(),
        "kernels": _fastsign.kernels()["active"],
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def narrower() -> str | None:
    """The kernel that the goals name besides AVX-512, if it is not the active one."""
    rows = {row["name"]: row["usable"] for row in _fastsign.kernels()["sha1"]}
    active = _fastsign.kernels()["active"]["sha1"]
    return "sha-ni" if active == "avx512" and rows.get("sha-ni") else None


def gather(n: int, groups: list[str]) -> tuple[list[Workload], dict[str, str]]:
    """The workloads of *groups* for *n* tokens, and why others cannot run here."""
    found: list[Workload] = []
    missing: dict[str, str] = {}
    if "floor" in groups:
        found += floors(n)
    if "tokbox" in groups:
        memory = _memory.Memory(n * workloads.TOKEN_LENGTH)
        found += entry_points(n, memory)
        if kernel := narrower():
            found += entry_points(n, memory, kernel)
        if cpu_count() < 2:
            missing["reused batch, 2 threads"] = "this process may use one CPU only"
    if "kernel" in groups:
        found += kernels(n)
    if "rival" in groups:
        more, reasons = peers(n)
        found += more
        missing |= reasons
    if "import" in groups:
        more, reasons = imports()
        found += more
        missing |= reasons
    return found, missing


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("-n", type=int, default=workloads.N, help="tokens in a batch")
    parser.add_argument("--rounds", type=int, default=7, help="rounds; the median counts")
    parser.add_argument(
        "--only", nargs="+", choices=GROUPS, default=GROUPS, help="what to measure"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results", help="folder"
    )
    parser.add_argument(
        "--readme", action="store_true", help="write table and chart into README.md, too"
    )
    options = parser.parse_args()
    if options.n < 1 or options.rounds < 1:
        parser.error("-n and --rounds must be at least 1")
    return options


def main() -> int:
    options = arguments()
    found, missing = gather(options.n, options.only)

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    settle = toucher(options.n * STR_BYTES)
    measure(found, options.rounds, settle=settle, progress=progress)
    progress("")
    results = report.collect(
        found, machine(), missing, options.n, options.rounds, narrower()
    )
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    markdown = report.markdown(results)
    (options.out / "results.md").write_text(markdown, encoding="utf-8")
    print(markdown)
    if chart.bars(results):
        chart.draw(results, options.out / "chart.svg")
    if options.readme:
        page = ROOT / "README.md"
        picture = os.path.relpath(options.out / "chart.svg", ROOT)
        text = report.between_marks(
            page.read_text(encoding="utf-8"), report.readme(results, picture)
        )
        page.write_text(text, encoding="utf-8")
    print(f"written to {os.path.relpath(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
