"""Work on files, each piece in a process of its own: ``python -m benchmarks.file_jobs``.

The process prints how long the work took, without imports, and the most memory it needed.
It imports nothing that the work does not need, so that its memory can be compared.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tokbox.cli import main as tokbox

from . import workloads

#: Rows that are made, read and written at once.
STEP = 1 << 16

OPTIONS = (
    *("--session-id", "col:session", "--role", "col:role"),
    *("--connection-data", "col:user"),
)


def make_inputs(folder: Path, stem: str, n: int) -> None:
    """Write *n* rows as Parquet and as CSV."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    roles = ("publisher", "subscriber", "moderator")
    columns = {
        "session": [workloads.SESSION_ID] * n,
        "role": [roles[row % 3] for row in range(n)],
        "user": [f"user-{row}" for row in range(n)],
    }
    pq.write_table(pa.table(columns), folder / f"{stem}.parquet", row_group_size=STEP)
    pa.csv.write_csv(pa.table(columns), folder / f"{stem}.csv")


def make_wide(folder: Path, n: int, width: int = 500) -> None:
    """Write a single row group of *n* rows with *width* random characters each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "session": [workloads.SESSION_ID] * n,
        "role": ["publisher"] * n,
        "user": random_strings(n, width),
    }
    pq.write_table(pa.table(columns), folder / "in-wide.parquet", row_group_size=n)


def random_strings(n: int, width: int) -> list[str]:
    """Return strings as wide as tokens, which have as little in common."""
    text = base64.b64encode(os.urandom(n * width * 3 // 4 + 3)).decode()
    return [text[i : i + width] for i in range(0, n * width, width)]


def pyarrow_parquet(folder: Path, width: int) -> Callable[[], None]:
    """Read all columns with pyarrow, and write them with a column of random strings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = pa.array(random_strings(STEP, width), pa.large_string())

    def work() -> None:
        with pq.ParquetFile(folder / "in.parquet") as source:
            schema = source.schema_arrow
            options: dict[str, Any] = {
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

    column = pa.array(random_strings(STEP, width), pa.large_string())

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

    # Imports what is needed. Not to the same file: some file systems write at once what
    # replaces another file.
    run("in-few", "few")
    return lambda: run(source, "out")


@contextlib.contextmanager
def drained() -> Iterator[int]:
    """Yield a pipe whose other end reads and drops everything."""
    source, target = os.pipe()
    reader = subprocess.Popen(["cat"], stdin=source, stdout=subprocess.DEVNULL)
    os.close(source)
    try:
        yield target
    finally:
        os.close(target)
        reader.wait()


def tokens(folder: Path, n: int, to_pipe: bool) -> Callable[[], None]:
    def run(n: int, output: str) -> None:
        assert tokbox(["tokens", workloads.SESSION_ID, "-n", str(n), "-o", output]) == 0

    def work() -> None:
        if not to_pipe:
            run(n, str(folder / "tokens.txt"))
            return
        with drained() as pipe:
            run(n, f"/dev/fd/{pipe}")

    run(1, os.devnull)  # imports what is needed
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


#: The jobs by name; each takes the folder, the rows, and the width of their tokens.
JOBS: dict[str, Callable[[Path, int, int], Callable[[], None]]] = {
    "sign Parquet": lambda folder, n, width: sign(folder, "parquet"),
    "sign Parquet, one large row group": lambda folder, n, width: sign(
        folder, "parquet", "in-wide"
    ),
    "pyarrow Parquet": lambda folder, n, width: pyarrow_parquet(folder, width),
    "sign CSV": lambda folder, n, width: sign(folder, "csv"),
    "pyarrow CSV": lambda folder, n, width: pyarrow_csv(folder, width),
    "tokens to a file": lambda folder, n, width: tokens(folder, n, False),
    "bytes to a file": lambda folder, n, width: plain_bytes(
        folder, n * (workloads.TOKEN_LENGTH + 1), False
    ),
    "tokens to a pipe": lambda folder, n, width: tokens(folder, n, True),
    "bytes to a pipe": lambda folder, n, width: plain_bytes(
        folder, n * (workloads.TOKEN_LENGTH + 1), True
    ),
}


def peak() -> int:
    """Return the most memory that this process had at once, in bytes.

    Not ``ru_maxrss``, which starts with what the parent had.
    """
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(kilobytes) * 1024


def main(name: str, folder: str, n: str, width: str) -> None:
    """Do one job and print what it took."""
    work = JOBS[name](Path(folder), int(n), int(width))
    start = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
