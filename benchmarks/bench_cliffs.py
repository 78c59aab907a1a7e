"""Paths beside their nearest equivalent, each with a limit: a row must not cost much more.

Times are the CPU seconds of all threads of a command per row, without those of a table of
one row. Those of ``--threads`` are elapsed time, so they need free CPUs: more than the two
that reading and verifying take without that option. A missed limit is a failure.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from . import workloads
from .comparison import Contender, Goal, Seconds, Work, at_least, at_most, group
from .workloads import resources

CLAIMS = ("--session-id", "col:session", "--role", "col:role")
EXPIRATION = (*CLAIMS, "--expiration", "col:seconds")

Rows = Iterator[dict[str, str]]
Clock = Callable[[], float]


def rows(n: int, others: int) -> Rows:
    """Yield rows with a session, a role, seconds and *others* more columns."""
    for i in range(n):
        row = {"session": workloads.SESSION_ID, "role": ("publisher", "moderator")[i % 2]}
        row |= {f"column{k}": f"value {i * k}" for k in range(others)}
        yield {**row, "seconds": str(60 + i % 3600)}


def rejected(n: int, role: str) -> Rows:
    """Yield the same, but every other row has an unknown role: *role*, with its number in
    place of ``{}``."""
    for i, row in enumerate(rows(n, 2)):
        yield row if i % 2 else {**row, "role": role.format(i)}


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


TABLES: dict[str, Callable[[int], Rows]] = {
    "one row": lambda n: rows(1, 0),
    "2 columns": lambda n: rows(n, 2),
    "300 columns": lambda n: rows(n, 300),
    "rejected": lambda n: rejected(n, "guest"),
    "rejected, all different": lambda n: rejected(n, "guest {}"),
}


@cache
def folder() -> Path:
    return Path(resources.enter_context(tempfile.TemporaryDirectory()))


@cache
def source(table: str, suffix: str, n: int) -> str:
    """Write a table of n rows, or n tokens ("signed"), and return its path."""
    path = folder() / f"{table}-{n}.{suffix}"
    if table != "signed":
        write(path, TABLES[table](n))
    elif suffix == "txt":
        tokbox("tokens", workloads.SESSION_ID, "-n", str(n), "-o", str(path))
    else:
        tokbox("sign", source("2 columns", suffix, n), "-o", str(path), *CLAIMS)
    return str(path)


def tokbox(*arguments: str) -> None:
    """Run a command. It may find rows that are rejected."""
    done = subprocess.run(
        [sys.executable, "-m", "tokbox", *arguments],
        env=workloads.environment(),
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode in (0, 4), done


def cpu_time() -> float:
    """Return the CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def command(
    *arguments: str | tuple[str, str], clock: Clock = cpu_time
) -> Callable[[int], Work]:
    """Run a command on tables, each given as its name and suffix."""

    def prepare(n: int) -> Work:
        given = [each if isinstance(each, str) else source(*each, n) for each in arguments]
        given = [each.format(n=n, folder=folder()) for each in given]

        def work() -> Seconds:
            start = clock()
            tokbox(*given)
            return Seconds(clock() - start)

        return work

    return prepare


def sign(
    table: str, suffix: str, claims: tuple[str, ...] = CLAIMS, clock: Clock = cpu_time
) -> Callable[[int], Work]:
    output = ("-o", f"{{folder}}/out.{suffix}", "--rejects", "{folder}/rejects.csv")
    return command("sign", (table, suffix), *output, *claims, clock=clock)


EMPTY, CSV, VERIFY = "a table of one row", "sign CSV", "verify CSV"
WIDE = "sign CSV, 300 columns"


def limit(most: float, other: str = CSV) -> list[Goal]:
    return [at_most(most, other, less=EMPTY)]


test_tables = group(
    "rows of tables, CPU time",
    [
        Contender(EMPTY, sign("one row", "csv")),
        Contender(CSV, sign("2 columns", "csv")),
        Contender("sign NDJSON", sign("2 columns", "ndjson"), goals=limit(3)),
        Contender(WIDE, sign("300 columns", "csv"), 4),
        Contender(
            "sign NDJSON, 300 columns",
            sign("300 columns", "ndjson"),
            4,
            goals=limit(3, WIDE),
        ),
        Contender("sign CSV, 50 % rejected", sign("rejected", "csv"), goals=limit(2)),
        Contender(
            "sign CSV, 50 % rejected, all different",
            sign("rejected, all different", "csv"),
            goals=limit(2),
        ),
        Contender(
            "sign CSV, an expiration column",
            sign("2 columns", "csv", EXPIRATION),
            goals=limit(1.3),
        ),
        Contender(VERIFY, command("verify", ("signed", "csv"))),
        Contender(
            "verify NDJSON", command("verify", ("signed", "ndjson")), goals=limit(3, VERIFY)
        ),
    ],
    n=200_000,
    unit="row",
    rounds=5,
    floor=CSV,
    strict=True,
)


def tokens(*options: str) -> Callable[[int], Work]:
    output = ("-n", "{n}", "-o", "{folder}/tokens.txt")
    arguments = ("tokens", workloads.SESSION_ID, *output, *options)
    return command(*arguments, clock=time.perf_counter)


def verify(*options: str) -> Callable[[int], Work]:
    return command("verify", ("signed", "txt"), *options, clock=time.perf_counter)


def faster(than: str) -> list[Goal]:
    return [at_least(1.5, than, less=EMPTY)]


TOKENS, TEXT = "tokens to a file", "verify a text file"

test_threads = group(
    "tokens of files, elapsed time",
    [
        Contender(EMPTY, sign("one row", "csv", clock=time.perf_counter)),
        Contender(TOKENS, tokens()),
        Contender(f"{TOKENS}, --threads", tokens("--threads"), goals=faster(TOKENS)),
        Contender(TEXT, verify()),
        Contender(f"{TEXT}, --threads", verify("--threads"), goals=faster(TEXT)),
    ],
    n=3_000_000,
    rounds=5,
    floor=TOKENS,
    strict=True,
    settle=lambda n: None,
)
