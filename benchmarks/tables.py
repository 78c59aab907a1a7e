"""What does a row of a table cost, beside a row of a simpler table?

``python -m benchmarks.tables`` runs pairs of ``tokbox sign``, ``verify`` and ``tokens``,
one after the other, several times, and prints the ratio of each pair beside its limit. The
ratios of tables are of CPU time per row, of all threads and without the time of an empty
table. Those of ``--threads`` are of elapsed time, so they need CPUs that are free, more
than the two that reading and verifying take without that option.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from . import workloads

CLAIMS = ("--session-id", "col:session", "--role", "col:role")
EXPIRATION = (*CLAIMS, "--expiration", "col:seconds")

Rows = Iterator[dict[str, str]]


@dataclass(frozen=True)
class Run:
    """A command, and the file that it reads."""

    command: str
    source: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two runs, and the limit of the ratio of their times.

    The time per row of *top* over that of *bottom* must be at most *limit*. With
    *elapsed*, it must be at least *limit*, and the time is elapsed time.
    """

    what: str
    top: Run
    bottom: Run
    limit: float
    elapsed: bool = False


def sign(source: str, *options: str) -> Run:
    return Run("sign", source, options or CLAIMS)


def verify(source: str, *options: str) -> Run:
    return Run("verify", source, options)


PAIRS = (
    Pair("sign NDJSON / CSV, 2 other columns", sign("2.ndjson"), sign("2.csv"), 3),
    Pair("sign NDJSON / CSV, 300 columns", sign("300.ndjson"), sign("300.csv"), 3),
    Pair("verify NDJSON / CSV", verify("signed.ndjson"), verify("signed.csv"), 3),
    Pair("sign CSV, 50 % rejected / clean", sign("rejected.csv"), sign("2.csv"), 2),
    Pair(
        "sign CSV, 50 % rejected, no two alike / clean",
        sign("rejected-unlike.csv"),
        sign("2.csv"),
        2,
    ),
    Pair(
        "sign CSV, an expiration column / none",
        sign("2.csv", *EXPIRATION),
        sign("2.csv"),
        1.3,
    ),
    Pair(
        "tokens to a file, one CPU / --threads",
        Run("tokens", "tokens.txt"),
        Run("tokens", "tokens.txt", ("--threads",)),
        1.5,
        elapsed=True,
    ),
    Pair(
        "verify a text file, one CPU / --threads",
        verify("signed.txt"),
        verify("signed.txt", "--threads"),
        1.5,
        elapsed=True,
    ),
)


def rows(n: int, others: int) -> Rows:
    """Rows with a session, a role, seconds and *others* columns more."""
    for i in range(n):
        row = {"session": workloads.SESSION_ID, "role": ("publisher", "moderator")[i % 2]}
        row |= {f"column{k}": f"value {i * k}" for k in range(others)}
        yield {**row, "seconds": str(60 + i % 3600)}


def rejected(n: int, name: str) -> Rows:
    """The same; each other row has a role that does not exist: *name*, with its number
    in place of ``{}``."""
    for i, row in enumerate(rows(n, 2)):
        yield row if i % 2 else {**row, "role": name.format(i)}


def write(path: Path, table: Rows) -> None:
    """Write CSV or NDJSON, by the suffix of *path*."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for i, row in enumerate(table):
            if path.suffix == ".ndjson":
                file.write(json.dumps(row) + "\n")
                continue
            if not i:
                file.write(",".join(row) + "\n")
            file.write(",".join(row.values()) + "\n")


def make_inputs(folder: Path, n: int) -> None:
    """Write the tables that are read, and sign those that are verified."""
    for others, count in ((2, n), (300, max(1, n // 4))):
        for suffix in ("csv", "ndjson"):
            write(folder / f"{others}.{suffix}", rows(count, others))
    write(folder / "rejected.csv", rejected(n, "guest"))
    write(folder / "rejected-unlike.csv", rejected(n, "guest {}"))
    for suffix in ("csv", "ndjson"):
        arguments = [f"2.{suffix}", "-o", f"signed.{suffix}", *CLAIMS]
        tokbox(folder, ["sign", *arguments])
    arguments = [workloads.SESSION_ID, "-n", str(10 * n), "-o", "signed.txt"]
    tokbox(folder, ["tokens", *arguments])


def tokbox(folder: Path, arguments: list[str]) -> None:
    """Run the command in *folder*. It may find rows that are rejected."""
    credentials = {
        "TOKBOX_API_KEY": workloads.API_KEY,
        "TOKBOX_SECRET": workloads.SECRET,
    }
    command = [sys.executable, "-m", "tokbox", *arguments]
    environment = {**os.environ, **credentials}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False
    )
    assert done.returncode in (0, 4), done


def cpu_time() -> float:
    """Return the CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(folder: Path, run: Run, n: int, clock: Callable[[], float]) -> float:
    """Return how long a command works, in seconds of *clock*."""
    arguments = [run.command, run.source, *run.options]
    if run.command == "sign":
        arguments += ["-o", f"out{Path(run.source).suffix}", "--rejects", "rejects.csv"]
    if run.command == "tokens":
        session = [workloads.SESSION_ID, "-n", str(10 * n)]
        arguments = ["tokens", *session, "-o", run.source, *run.options]
    start = clock()
    tokbox(folder, arguments)
    return clock() - start


def measure(folder: Path, pair: Pair, n: int, rounds: int) -> float:
    """Return the median ratio of a pair, whose runs alternate."""
    clock = time.perf_counter if pair.elapsed else cpu_time
    ratios = []
    for _ in range(rounds):
        start_up = seconds(folder, sign("empty.csv"), n, clock)
        top = seconds(folder, pair.top, n, clock) - start_up
        bottom = seconds(folder, pair.bottom, n, clock) - start_up
        ratios.append(top / bottom)
    return median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables")
    parser.add_argument("-n", type=int, default=300_000, help="rows of a table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where files are written")
    parser.add_argument("--only", default="", help="pairs whose name has this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        make_inputs(folder, options.n)
        (folder / "empty.csv").write_text("session,role,seconds\n")
        print(f"{options.n:,} rows, median of {options.rounds} rounds")
        for pair in PAIRS:
            if options.only in pair.what:
                ratio = measure(folder, pair, options.n, options.rounds)
                limit = f"at {'least' if pair.elapsed else 'most'} {pair.limit}"
                print(f"{pair.what:46} {ratio:5.2f}  ({limit})", flush=True)


if __name__ == "__main__":
    main()
