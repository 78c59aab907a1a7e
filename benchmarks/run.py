"""Measure everything in one run: ``make bench``, or ``python -m benchmarks.run --help``.

Writes ``results.json``, ``results.md`` and ``chart.svg`` into ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import tokbox
from tokbox import _fastsign
from tokbox.tokens import t1
from tokbox.tokens.signer import CHUNK, SessionSigner, Signer, cpu_count

from . import report, workloads
from .measure import Workload, measure, timed
from .rivals import Unavailable, opentok_python, plain_go, seed_go

CLAIMS = (workloads.ROLE, workloads.CONNECTION_DATA, workloads.EXPIRATION)


def session(kernel: str | None = None) -> SessionSigner:
    """The signer of the common work, on one kernel or the best."""
    _fastsign.select_kernel(kernel)
    try:
        return Signer(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID)
    finally:
        _fastsign.select_kernel(None)


def drain(one: SessionSigner, n: int, multithread: bool) -> None:
    """Sign *n* tokens into memory that is used again and again."""
    for _ in one.iter_batches(n, multithread, *CLAIMS):
        pass


def floors(n: int) -> list[Workload]:
    """What it costs to have that much text at all, without making any of it."""
    length = workloads.TOKEN_LENGTH
    one = _fastsign.Memory(length)
    text = bytes(one)
    chunk = text * CHUNK
    warm = bytearray(chunk)

    def reuse() -> None:
        for _ in range(n // CHUNK):
            warm[:] = chunk

    return [
        Workload(
            "list of n fresh strings",
            n,
            timed(lambda: one.strings(0, 0, length, n)),
            "floor",
        ),
        Workload("same bytes, one fresh buffer", n, timed(lambda: text * n), "floor"),
        Workload("same bytes, reused memory", n, timed(reuse), "floor"),
    ]


def entry_points(n: int) -> list[Workload]:
    """What users call."""
    s = session()
    singles = max(1, n // 10)

    def one_by_one() -> None:
        for _ in range(singles):
            s.token(*CLAIMS)

    def free_list() -> float:
        tokens = s.tokens(n, False, *CLAIMS)
        start = time.perf_counter()
        del tokens
        return time.perf_counter() - start

    data = s._data(*CLAIMS, ())
    plan = _fastsign.Plan(s._signer.key, t1.head(workloads.API_KEY), data)
    memory = _fastsign.Memory(n * plan.token_length)

    def fill(threads: int) -> Callable[[], None]:
        return lambda: plan.fill(memory, n, threads=threads)

    cpus = cpu_count()
    return [
        Workload("token()", singles, timed(one_by_one), "tokbox"),
        Workload("tokens(n)", n, timed(lambda: s.tokens(n, False, *CLAIMS)), "tokbox"),
        Workload(
            "tokens(n, multithread)", n, timed(lambda: s.tokens(n, True, *CLAIMS)), "tokbox"
        ),
        Workload("freeing that list", n, free_list, "tokbox"),
        Workload(
            "token_batch(n)", n, timed(lambda: s.token_batch(n, False, *CLAIMS)), "tokbox"
        ),
        Workload(
            "token_batch(n, multithread)",
            n,
            timed(lambda: s.token_batch(n, True, *CLAIMS)),
            "tokbox",
        ),
        Workload("reused batch, 1 thread", n, timed(fill(1)), "tokbox"),
        Workload(f"reused batch, {cpus} threads", n, timed(fill(cpus)), "tokbox"),
        Workload("iter_batches(n)", n, timed(lambda: drain(s, n, False)), "tokbox"),
        Workload(
            "iter_batches(n, multithread)", n, timed(lambda: drain(s, n, True)), "tokbox"
        ),
    ]


def kernels(n: int) -> list[Workload]:
    """Each compiled kernel that this CPU can run, on the same stream."""
    found = []
    for row in _fastsign.kernels()["sha1"]:
        if row["usable"]:
            s = session(row["name"])
            found.append(
                Workload(
                    f"kernel {row['name']}",
                    n,
                    timed(lambda s=s: drain(s, n, False)),
                    "kernel",
                )
            )
    return found


#: Adapter, mode, how many of the n tokens it makes, what the result is called.
RIVALS = [
    (opentok_python, "t1", 50, "T1"),
    (opentok_python, "jwt", 100, "JWT HS256"),
    (seed_go, "single", 10, "Tokens(n, false)"),
    (seed_go, "multithread", 10, "Tokens(n, true)"),
    (plain_go, "single", 10, "1 goroutine"),
    (plain_go, "multithread", 10, "1 goroutine a CPU"),
]


def rivals(n: int) -> tuple[list[Workload], list[str]]:
    """Everybody else, and a sentence for each who cannot run here."""
    found, missing = [], []
    for module, mode, share, kind in RIVALS:
        name = f"{module.label} {kind}"
        try:
            run = module.make(mode)
        except Unavailable as reason:
            missing.append(f"{name}: skipped, {reason}")
            continue
        count = max(1, n // share)
        found.append(
            Workload(name, count, lambda run=run, count=count: run(count), "rival")
        )
    return found, missing


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(
                line.split(":")[1].strip() for line in file if "model name" in line
            )
    except (OSError, StopIteration):
        pass
    return {
        "cpu": model,
        "cpus": cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "tokbox": tokbox.__version__,
        "kernels": _fastsign.kernels()["active"],
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("-n", type=int, default=workloads.N, help="tokens in a batch")
    parser.add_argument("--rounds", type=int, default=7, help="rounds; the median counts")
    parser.add_argument(
        "--only",
        nargs="*",
        help="groups to measure: floor tokbox kernel rival",
        default=None,
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results", help="folder"
    )
    options = parser.parse_args()

    found, missing = rivals(options.n)
    everything = [*floors(options.n), *entry_points(options.n), *kernels(options.n), *found]
    if options.only:
        everything = [w for w in everything if w.group in options.only]

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    measure(everything, options.rounds, progress)
    progress("")
    results = report.collect(everything, machine(), missing, options.n, options.rounds)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    markdown = report.markdown(results)
    (options.out / "results.md").write_text(markdown)
    report.chart(results, options.out / "chart.svg")
    print(markdown)
    print(f"written to {os.path.relpath(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
