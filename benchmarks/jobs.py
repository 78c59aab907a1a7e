"""One piece of work on files in a process of its own: ``python -m benchmarks.jobs``.

The process prints the seconds and the CPU seconds of the work, without imports, and the
most memory it needed. It imports only what the work needs, so that memory can be compared.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Work = Callable[[], object]
#: Replaced in arguments by a pipe whose reader drops everything.
PIPE = "PIPE"
#: Rows that pyarrow reads and writes at once, and bytes that are written at once.
STEP, PIECE = 1 << 16, 3 << 20


def tokbox(small: str, command: str) -> Work:
    """Run a command of tokbox, given as JSON, after *small*, which does the same for one
    row and imports what is needed. Both may find rows that are rejected."""
    from tokbox.cli import main

    def run(arguments: list[str]) -> None:
        assert main(arguments) in (0, 4), arguments

    run(json.loads(small))
    return lambda: run(json.loads(command))


def tokbox_on_one_cpu(small: str, command: str) -> Work:
    """Run a command of tokbox, with all of its threads on one CPU."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return tokbox(small, command)


def random_strings(n: int, width: int) -> list[str]:
    """Return strings as wide as tokens, which have as little in common."""
    text = base64.b64encode(os.urandom(n * width * 3 // 4 + 3)).decode()
    return [text[i : i + width] for i in range(0, n * width, width)]


def pyarrow_parquet(source: str, target: str, width: str) -> Work:
    """Read all columns, and write them with a column of random strings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = pa.array(random_strings(STEP, int(width)), pa.large_string())

    def work() -> None:
        with pq.ParquetFile(source) as file:
            names = file.schema_arrow.names
            compression = {**dict.fromkeys(names, "SNAPPY"), "token": "NONE"}
            schema = file.schema_arrow.append(pa.field("token", column.type))
            with pq.ParquetWriter(
                target,
                schema,
                use_dictionary=names,
                write_statistics=names,
                compression=compression,
            ) as writer:
                for batch in file.iter_batches(STEP):
                    token = column.slice(0, batch.num_rows)
                    writer.write_batch(batch.append_column("token", token))

    return work


def pyarrow_csv(source: str, target: str, width: str) -> Work:
    """Read all columns, and write them with a column of random strings."""
    import pyarrow as pa
    import pyarrow.csv

    column = pa.array(random_strings(STEP, int(width)), pa.large_string())

    def work() -> None:
        with pa.csv.open_csv(source) as reader:
            schema = reader.schema.append(pa.field("token", column.type))
            with pa.csv.CSVWriter(target, schema) as writer:
                for batch in reader:
                    for i in range(0, batch.num_rows, STEP):
                        part = batch.slice(i, STEP)
                        token = column.slice(0, part.num_rows)
                        writer.write_batch(part.append_column("token", token))

    return work


def plain_bytes(target: str, size: str) -> Work:
    """Write *size* bytes, always the same ones."""
    piece = memoryview(base64.b64encode(os.urandom(PIECE))[:PIECE])

    def work() -> None:
        with open(target, "wb", buffering=0) as file:
            rest = int(size)
            while rest:
                rest -= file.write(piece[: min(rest, len(piece))])

    return work


def peak() -> int:
    """Return the most memory that this process had at once, in bytes.

    Not ``ru_maxrss``, which starts with what the parent had.
    """
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(kilobytes) * 1024


def main(name: str, *arguments: str) -> None:
    """Do the work of the function *name* and print what it took."""
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    pipe = f"/dev/fd/{reader.stdin.fileno()}"  # type: ignore[union-attr]
    work = globals()[name](*(each.replace(PIPE, pipe) for each in arguments))
    start, cpu = time.perf_counter(), time.process_time()
    work()
    took = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    print(json.dumps({**took, "peak": peak()}))
    reader.communicate()


if __name__ == "__main__":
    main(*sys.argv[1:])
