"""Files: ``tokbox sign`` and ``tokens``, against work that only moves as many bytes.

pyarrow reads and writes the same files with a ready column of random strings, as wide as
tokens, in place of the signing; a loop writes as many bytes as tokens have. Memory is
compared for a Parquet file with a single row group of wide rows. Each run is a process of
its own and writes files that do not exist yet; see file_jobs.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from . import file_jobs, workloads
from .comparison import Contender, Seconds, Work, at_least, at_most, group
from .workloads import resources


@cache
def inputs(n: int) -> tuple[Path, int]:
    """Write the files that are read; return their folder and the width of tokens."""
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
    file_jobs.make_inputs(folder, "in", n)
    file_jobs.make_inputs(folder, "in-few", 1)
    file_jobs.make_wide(folder, n * 6 // 10)
    run("sign CSV", folder, n, 0)
    added = (folder / "out.csv").stat().st_size - (folder / "in.csv").stat().st_size
    return folder, round(added / n) - 1


def run(name: str, folder: Path, n: int, width: int) -> Seconds:
    """Do one job in a new process."""
    command = [sys.executable, "-m", "benchmarks.file_jobs"]
    done = subprocess.run(
        [*command, name, str(folder), str(n), str(width)],
        env=workloads.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    seconds = Seconds(found["seconds"])
    seconds.peak = found["peak"]
    return seconds


def job(name: str) -> Callable[[int], Work]:
    def prepare(n: int) -> Work:
        folder, width = inputs(n)
        return lambda: run(name, folder, n, width)

    return prepare


def settle(n: int) -> None:
    """Remove what was written, and free as much memory as a file will take.

    Otherwise the first to write pays for pages that the host took away meanwhile, and for
    what is still to be written.
    """
    folder, width = inputs(n)
    for file in folder.glob("[!i]*"):
        file.unlink()
    file_jobs.plain_bytes(folder, n * (width + 100), False)()
    (folder / "bytes").unlink()
    os.sync()


def pair(ours: str, floor: str, share: float) -> list[Contender]:
    goals = [at_least(share, floor)]
    return [Contender(ours, job(ours), goals=goals), Contender(floor, job(floor))]


SIGN, WIDE = "sign Parquet", "sign Parquet, one large row group"

test_files = group(
    "rows of files",
    [
        *pair(SIGN, "pyarrow Parquet", 0.6),
        *pair("sign CSV", "pyarrow CSV", 0.7),
        *pair("tokens to a file", "bytes to a file", 0.8),
        *pair("tokens to a pipe", "bytes to a pipe", 0.8),
        Contender(WIDE, job(WIDE), goals=[at_most(1.5, SIGN, peak=True)]),
    ],
    n=workloads.N,
    unit="row",
    rounds=3,
    floor="bytes to a file",
    settle=settle,
)
