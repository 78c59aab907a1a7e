"""Files: ``tokbox sign`` and ``tokens``, against work that only moves as many bytes.

pyarrow reads and writes the same files with a ready column of random strings, as wide as
tokens, in place of the signing; a loop writes as many bytes as tokens have. Memory is
compared for a Parquet file with a single row group of wide rows. Each run is a process of
its own and writes a file that does not exist yet; see jobs.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pyarrow import csv, parquet

from . import jobs, workloads
from .bench_tokens import session
from .comparison import Contender, Seconds, Work, at_least, at_most, group
from .workloads import resources

Rows = Iterator[dict[str, str]]
Prepare = Callable[[int], Work]
#: The options of ``tokbox sign`` for the columns below.
CLAIMS = ("--session-id", "col:session", "--role", "col:role")
DATA = ("--connection-data", "col:column1")
#: The targets of commands.
FILE, PIPE = "{folder}/out {n}", jobs.PIPE


def rows(n: int, others: int) -> Rows:
    """Yield rows with a session, a role, seconds, a number and *others* more columns."""
    for i in range(n):
        row = {"session": workloads.SESSION_ID, "role": ("publisher", "moderator")[i % 2]}
        row |= {f"column{k}": f"value {i * k}" for k in range(others)}
        yield {**row, "seconds": str(60 + i % 3600), "number": str(i)}


def rejected(n: int, role: str) -> Rows:
    """Yield the same rows, every other one with an unknown role that contains its number
    in place of ``{}``."""
    for i, row in enumerate(rows(n, 2)):
        yield row if i % 2 else {**row, "role": role.format(i)}


def wide(n: int) -> Rows:
    """Yield rows with 500 random characters each."""
    for row, text in zip(rows(n, 2), jobs.random_strings(n, 500), strict=True):
        yield {**row, "column1": text}


TABLES: dict[str, Callable[[int], Rows]] = {
    "2 columns": lambda n: rows(n, 2),
    "300 columns": lambda n: rows(n, 300),
    "rejected": lambda n: rejected(n, "guest"),
    "rejected, all different": lambda n: rejected(n, "guest {}"),
    "wide": wide,
}


@cache
def folder() -> Path:
    """Return the folder of all files; the names of those that are read start with "in"."""
    return Path(resources.enter_context(tempfile.TemporaryDirectory()))


@cache
def source(table: str, suffix: str, n: int) -> str:
    """Write a table of *n* rows and return its path.

    The tables "signed" and "expired" have tokens, and a txt file has nothing else.
    """
    path = folder() / f"in {table} {n}.{suffix}"
    command = [sys.executable, "-m", "tokbox"]
    if suffix == "txt":
        command += ["tokens", workloads.SESSION_ID, "-n", str(n), "-o", str(path)]
    elif table in ("signed", "expired"):
        command += ["sign", source("2 columns", suffix, n), "-o", str(path), *CLAIMS]
        if table == "expired":
            command += ["--nonce", "derived", "--run-id", "long ago", "--issued-at", "1"]
            command += ["--row-key", "col:number"]
    elif suffix == "parquet":
        columns = csv.read_csv(source(table, "csv", n))
        parquet.write_table(
            columns, path, row_group_size=n if table == "wide" else jobs.STEP
        )
        return str(path)
    else:
        with path.open("w", encoding="utf-8") as file:
            for i, row in enumerate(TABLES[table](n)):
                if suffix == "csv" and not i:
                    file.write(",".join(row) + "\n")
                line = json.dumps(row) if suffix == "ndjson" else ",".join(row.values())
                file.write(line + "\n")
        return str(path)
    subprocess.run(command, env=workloads.environment(), check=True)
    return str(path)


def job(name: str, *arguments: str, clock: str = "seconds") -> Work:
    """Return work that runs a function of jobs.py in a new process."""
    command = [sys.executable, "-m", "benchmarks.jobs", name, *arguments]
    options: Any = {"env": workloads.environment(), "capture_output": True, "text": True}

    def work() -> Seconds:
        done = subprocess.run(command, **options)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        seconds = Seconds(found[clock])
        seconds.peak = found["peak"]
        return seconds

    return work


def tokbox(
    *arguments: str | tuple[str, str], clock: str = "seconds", name: str = "tokbox"
) -> Prepare:
    """Return the work of a contender: a command of tokbox.

    Tables are given as tuples of name and suffix; ``{n}`` and ``{folder}`` are replaced.
    *name* is the function of jobs.py that runs the command.
    """

    def line(n: int) -> str:
        filled = (
            each.format(n=n, folder=folder()) if isinstance(each, str) else source(*each, n)
            for each in arguments
        )
        return json.dumps(list(filled))

    return lambda n: job(name, line(1), line(n), clock=clock)


def sign(table: str, suffix: str, *claims: str, clock: str = "seconds") -> Prepare:
    files = (
        "-o",
        f"{{folder}}/out {{n}}.{suffix}",
        "--rejects",
        "{folder}/rejects {n}.csv",
    )
    return tokbox("sign", (table, suffix), *files, *CLAIMS, *claims, clock=clock)


def tokens(target: str, *options: str, name: str = "tokbox") -> Prepare:
    output = ("-n", "{n}", "-o", target)
    return tokbox("tokens", workloads.SESSION_ID, *output, *options, name=name)


def pyarrow(suffix: str) -> Prepare:
    def prepare(n: int) -> Work:
        token = session().token("publisher", f"value {n}", 3600)
        files = source("2 columns", suffix, n), str(folder() / f"out.{suffix}")
        return job(f"pyarrow_{suffix}", *files, str(len(token)))

    return prepare


def plain_bytes(target: str) -> Prepare:
    def prepare(n: int) -> Work:
        size = n * (workloads.TOKEN_LENGTH + 1)
        return job("plain_bytes", target.format(folder=folder(), n=n), str(size))

    return prepare


def settle(n: int) -> None:
    """Remove what was written, and free as much memory as a file will take.

    Otherwise the first to write pays for pages that the host took away meanwhile, and for
    what is still to be written.
    """
    for file in folder().glob("[!i]*"):
        file.unlink()
    plain_bytes("{folder}/settle")(n)()
    (folder() / "settle").unlink()
    os.sync()


SIGN, WIDE = "sign Parquet", "sign Parquet, one large row group"
PARQUET, CSV = "pyarrow Parquet", "pyarrow CSV"
BYTES, PIPED = "bytes to a file", "bytes to a pipe"
WIDE_GOAL = at_most(1.5, SIGN, peak=True)

test_files = group(
    "rows of files",
    [
        Contender(PARQUET, pyarrow("parquet")),
        Contender(
            SIGN, sign("2 columns", "parquet", *DATA), goals=[at_least(0.6, PARQUET)]
        ),
        Contender(WIDE, sign("wide", "parquet", *DATA), 2, goals=[WIDE_GOAL]),
        Contender(CSV, pyarrow("csv")),
        Contender("sign CSV", sign("2 columns", "csv", *DATA), goals=[at_least(0.7, CSV)]),
        Contender(BYTES, plain_bytes(FILE)),
        Contender("tokens to a file", tokens(FILE), goals=[at_least(0.8, BYTES)]),
        Contender(PIPED, plain_bytes(PIPE)),
        Contender("tokens to a pipe", tokens(PIPE), goals=[at_least(0.8, PIPED)]),
    ],
    n=workloads.N,
    unit="row",
    rounds=3,
    floor="bytes to a file",
    settle=settle,
)
