"""How fast are the rows of files signed, and in how much memory?

``python -m benchmarks.files`` signs *n* rows (session id, role, user id) of a Parquet file
and of a CSV file, as ``tokbox sign`` does, and next to it lets pyarrow read and write the
same files with a ready-made column of random strings, as wide as tokens, in place of the
signing. And it lets ``tokbox tokens`` write *n* tokens to a file and into a pipe, next to
a loop that writes the same number of bytes. Each run is a process of its own, which says
how long the work took (without imports) and what memory it needed at most. The memory is
also compared for a Parquet file whose single row group has 600,000 rows of 500 bytes.

The machine may be shared: ``chrt -r 1 python -m benchmarks.files`` takes precedence.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tokbox.cli import main as tokbox

from . import workloads

#: Rows that are made, read and written at once where it is up to us.
STEP = 1 << 16

OPTIONS = (
    *("--session-id", "col:session", "--role", "col:role"),
    *("--connection-data", "col:user"),
)


def make_inputs(folder: Path, stem: str, n: int) -> None:
    """Write *n* rows as Parquet and as CSV, a piece at a time."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    names = ("session", "role", "user")
    schema = pa.schema([(name, pa.string()) for name in names])
    with (
        pq.ParquetWriter(folder / f"{stem}.parquet", schema) as parquet,
        pa.csv.CSVWriter(folder / f"{stem}.csv", schema) as csv,
    ):
        for first in range(0, n, STEP):
            rows = range(first, min(n, first + STEP))
            columns = (
                [workloads.SESSION_ID] * len(rows),
                [("publisher", "subscriber", "moderator")[row % 3] for row in rows],
                [f"user-{row}" for row in rows],
            )
            batch = pa.record_batch([pa.array(column) for column in columns], schema)
            parquet.write_batch(batch)
            csv.write_batch(batch)


def random_column(width: int) -> Any:
    """Strings as wide as tokens, which have as little in common."""
    import pyarrow as pa

    text = base64.b64encode(os.urandom(STEP * width))[: STEP * width].decode()
    strings = [text[i : i + width] for i in range(0, len(text), width)]
    return pa.array(strings, pa.large_string())


def make_wide(folder: Path) -> None:
    """Write one row group of 600,000 rows with 500 random bytes each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, width = 600_000, 500
    text = base64.b64encode(os.urandom(n * width * 3 // 4)).decode()
    columns = {
        "session": [workloads.SESSION_ID] * n,
        "role": ["publisher"] * n,
        "user": [text[i : i + width] for i in range(0, len(text), width)],
    }
    pq.write_table(pa.table(columns), folder / "in-wide.parquet", row_group_size=n)


def pyarrow_parquet(folder: Path, width: int) -> Callable[[], None]:
    """Read all columns with pyarrow, and write them with a column of random strings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = random_column(width)

    def work() -> None:
        with pq.ParquetFile(folder / "in.parquet") as source:
            schema = source.schema_arrow
            options = {
                "use_dictionary": schema.names,
                "write_statistics": schema.names,
                "compression": {**dict.fromkeys(schema.names, "SNAPPY"), "token": "NONE"},
            }
            schema = schema.append(pa.field("token", column.type))
            with pq.ParquetWriter(folder / "out.parquet", schema, **options) as writer:
                for batch in source.iter_batches(STEP):
                    token = column.slice(0, batch.num_rows)
                    writer.write_batch(batch.append_column("token", token))

    return work


def pyarrow_csv(folder: Path, width: int) -> Callable[[], None]:
    import pyarrow as pa
    import pyarrow.csv

    column = random_column(width)

    def work() -> None:
        with pa.csv.open_csv(folder / "in.csv") as reader:
            schema = reader.schema.append(pa.field("token", column.type))
            with pa.csv.CSVWriter(folder / "out.csv", schema) as writer:
                for batch in reader:
                    for i in range(0, batch.num_rows, STEP):
                        part = batch.slice(i, STEP)
                        token = column.slice(0, part.num_rows)
                        writer.write_batch(part.append_column("token", token))

    return work


def sign(folder: Path, suffix: str, source: str = "in") -> Callable[[], None]:
    def run(source: str, target: str) -> None:
        ends = [str(folder / f"{name}.{suffix}") for name in (source, target)]
        assert tokbox(["sign", ends[0], "-o", ends[1], *OPTIONS]) == 0

    def work() -> None:
        run(source, "out")

    # To import what is needed. Not to the same file: some file systems write at once what
    # takes the place of another.
    run("in-few", "few")

    return work


@contextlib.contextmanager
def drained() -> Iterator[int]:
    """A pipe that somebody reads and throws away."""
    ours, theirs = os.pipe()
    reader = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL)
    os.close(ours)
    try:
        yield theirs
    finally:
        os.close(theirs)
        reader.wait()


def tokens(folder: Path, n: int, to_pipe: bool) -> Callable[[], None]:
    def run(n: int, output: str) -> None:
        arguments = [workloads.SESSION_ID, "-n", str(n), "-o", output]
        assert tokbox(["tokens", *arguments]) == 0

    def work() -> None:
        if not to_pipe:
            run(n, str(folder / "tokens.txt"))
            return
        with drained() as pipe:
            run(n, f"/dev/fd/{pipe}")

    run(1, os.devnull)  # to import what is needed

    return work


def plain_bytes(folder: Path, size: int, to_pipe: bool) -> Callable[[], None]:
    """Write as many bytes, always the same ones, in pieces of 3 MB."""
    piece = base64.b64encode(os.urandom(3 << 18 << 2))[: 3 << 20]

    def work() -> None:
        with contextlib.ExitStack() as stack:
            if to_pipe:
                handle = stack.enter_context(drained())
            else:
                handle = os.open(folder / "bytes", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                stack.callback(os.close, handle)
            rest = size
            while rest:
                rest -= os.write(handle, memoryview(piece)[: min(rest, len(piece))])

    return work


def peak() -> int:
    """The most memory that this process had at once, in bytes.

    Not ``ru_maxrss``, which begins with what the parent had.
    """
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(kilobytes) * 1024


def one(name: str, folder: Path, n: int, width: int) -> None:
    """Do one piece of work in this process, and print what it took."""
    os.environ |= {
        "TOKBOX_API_KEY": workloads.API_KEY,
        "TOKBOX_SECRET": workloads.SECRET,
    }
    lines = n * (workloads.TOKEN_LENGTH + 1)
    work = {
        "sign parquet": lambda: sign(folder, "parquet"),
        "sign wide": lambda: sign(folder, "parquet", "in-wide"),
        "pyarrow parquet": lambda: pyarrow_parquet(folder, width),
        "sign csv": lambda: sign(folder, "csv"),
        "pyarrow csv": lambda: pyarrow_csv(folder, width),
        "tokens file": lambda: tokens(folder, n, False),
        "bytes file": lambda: plain_bytes(folder, lines, False),
        "tokens pipe": lambda: tokens(folder, n, True),
        "bytes pipe": lambda: plain_bytes(folder, lines, True),
    }[name]()
    start = time.perf_counter()
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": peak()}))


PAIRS = (
    ("sign parquet", "pyarrow parquet", 0.6),
    ("sign csv", "pyarrow csv", 0.7),
    ("tokens file", "bytes file", 0.8),
    ("tokens pipe", "bytes pipe", 0.8),
)


def settle(folder: Path, size: int) -> None:
    """Have nothing left to be written, and as much memory free, freshly used, as a file
    will take. Else who writes first pays for pages that the host took away meanwhile."""
    plain_bytes(folder, size, False)()
    (folder / "bytes").unlink()
    os.sync()


def measure(name: str, folder: Path, n: int, width: int) -> dict[str, float]:
    """Run one piece of work in a fresh process, onto files that are not there yet."""
    for file in folder.glob("[!i]*"):
        file.unlink()
    settle(folder, n * (width + 100))
    command = [sys.executable, "-m", "benchmarks.files", "--one", name]
    sizes = ["--folder", str(folder), "-n", str(n), "--width", str(width)]
    done = subprocess.run([*command, *sizes], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files")
    parser.add_argument("-n", type=int, default=1_000_000, help="rows and tokens")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where files are written")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--width", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.folder, options.n, options.width)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        make_inputs(folder, "in", options.n)
        make_inputs(folder, "in-few", 1)
        make_wide(folder)
        options.width = token_width(folder, options)
        print(f"{options.n:,} rows, median of {options.rounds} rounds")
        for ours, theirs, goal in PAIRS:
            report(ours, theirs, goal, folder, options)
        report_memory(folder, options)


def token_width(folder: Path, options: argparse.Namespace) -> int:
    """How many characters the tokens of the rows have, on an average."""
    measure("sign csv", folder, options.n, 0)
    more = (folder / "out.csv").stat().st_size - (folder / "in.csv").stat().st_size
    return round(more / options.n) - 1


def report(
    ours: str, theirs: str, goal: float, folder: Path, options: argparse.Namespace
) -> None:
    """Take a ratio in each round, and print the median and what memory was needed."""
    sizes = (folder, options.n, options.width)
    measure(ours, *sizes)  # the first one pays for what is cold
    rounds = [
        (measure(ours, *sizes), measure(theirs, *sizes)) for _ in range(options.rounds)
    ]
    ratio = median(theirs["seconds"] / ours["seconds"] for ours, theirs in rounds)
    seconds = median(ours["seconds"] for ours, _ in rounds)
    other = median(theirs["seconds"] for _, theirs in rounds)
    peaks = [max(each["peak"] for each in side) / 1e6 for side in zip(*rounds, strict=True)]
    print(
        f"{ours:13} {seconds:7.2f} s  {options.n / seconds:10,.0f}/s  {peaks[0]:5.0f} MB"
        f" | {theirs:15} {other:7.2f} s  {peaks[1]:5.0f} MB"
        f" | {ratio:5.0%} of its speed (goal {goal:.0%})",
        flush=True,
    )


def report_memory(folder: Path, options: argparse.Namespace) -> None:
    """Compare the memory for one large row group of wide rows with that for small rows."""
    sizes = (folder, options.n, options.width)
    names = ("sign wide", "sign parquet")
    rounds = [
        [measure(name, *sizes)["peak"] for name in names] for _ in range(options.rounds)
    ]
    wide, small = (median(side) / 1e6 for side in zip(*rounds, strict=True))
    ratio = median(wide / small for wide, small in rounds)
    size = (folder / "in-wide.parquet").stat().st_size / 1e6
    print(
        f"sign wide: {wide:.0f} MB for a row group of {size:.0f} MB"
        f" | sign parquet: {small:.0f} MB | {ratio:.2f} times the memory (goal 1.5)"
    )


if __name__ == "__main__":
    main()
