"""What we measure of ourselves: floors, entry points, kernels.

A name here is what `goals` and the report go by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa

from tokbox import _fastsign, _memory
from tokbox.tokens.crew import cpu_count
from tokbox.tokens.derive import Derived
from tokbox.tokens.session import SessionSigner
from tokbox.tokens.signer import CHUNK, Signer

from . import workloads
from .measure import Workload, timed

CLAIMS = tuple(workloads.CLAIMS.values())

#: How many of n tokens are made one by one.
SINGLES = 10


def session(kernel: str | None = None) -> SessionSigner:
    """Return the signer of the common work, on one kernel or the best."""
    if kernel is None:
        return Signer(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID)
    _fastsign.select_kernel(kernel)
    try:
        return session()
    finally:
        _fastsign.select_kernel(None)


def drain(one: SessionSigner, n: int, multithread: bool = False, kind: str = "t1") -> None:
    """Sign *n* tokens into memory that is used again and again."""
    for _ in one.iter_batches(n, multithread=multithread, **workloads.CLAIMS, kind=kind):
        pass


def floors(n: int) -> list[Workload]:
    """What it costs to have that much text at all, without making any of it."""
    length = workloads.TOKEN_LENGTH
    one = _memory.Memory(length)
    text = b"x" * length
    # Copied from what stays in a near cache, so that only the writing costs.
    piece = text * 256
    reused = memoryview(bytearray(length * CHUNK))

    def pieces(count: int) -> list[bytes]:
        whole, rest = divmod(count, 256)
        return [piece] * whole + [text * rest]

    def reuse() -> None:
        for first in range(0, n, CHUNK):
            at = 0
            for part in pieces(min(CHUNK, n - first)):
                reused[at : at + len(part)] = part
                at += len(part)

    def strings() -> list[str]:
        return one.strings(0, 0, length, n)

    def fresh() -> bytes:
        return b"".join(pieces(n))

    return [
        Workload("list of n fresh strings", n, timed(strings), "floor"),
        Workload("same bytes, one fresh buffer", n, timed(fresh), "floor"),
        Workload("same bytes, reused memory", n, timed(reuse), "floor"),
    ]


def entry_points(
    n: int, memory: _memory.Memory, kernel: str | None = None
) -> list[Workload]:
    """What users call, on the active kernel or on a forced one.

    *memory* of n tokens is what "reused batch" signs into. With *kernel*, the group is
    "forced" and names end as `forced` says.
    """
    s = session(kernel)
    singles = max(1, n // SINGLES)
    plan = s._plan(*CLAIMS, (), "t1")

    def one_by_one() -> None:
        for _ in range(singles):
            s.token(*CLAIMS)

    def free_list() -> float:
        tokens = s.tokens(n, False, *CLAIMS)
        start = time.perf_counter()
        del tokens
        return time.perf_counter() - start

    def fill(threads: int) -> Callable[[], None]:
        return lambda: plan.fill(memory, n, threads=threads)

    def on(
        function: Callable[..., object], multithread: bool = False, **options: str
    ) -> Callable[[], float]:
        given = {"multithread": multithread, **workloads.CLAIMS, **options}
        return timed(lambda: function(n, **given))

    def stream(multithread: bool = False, kind: str = "t1") -> Callable[[], float]:
        return timed(lambda: drain(s, n, multithread, kind))

    def sign_rows(
        column: Any, memory_pool: _memory.MemoryPool | None = None
    ) -> Callable[[], float]:
        return timed(
            lambda: s._signer.sign_rows(
                workloads.SESSION_ID, connection_data=column, memory_pool=memory_pool
            )
        )

    def derived() -> object:
        return s._signer.sign_rows(
            workloads.SESSION_ID,
            connection_data=rows,
            memory_pool=pool,
            nonce=Derived(run_id="benchmark", row_key=keys, issued_at=1_700_000_000),
        )

    rows = workloads.connection_data(n)
    arrow = pa.array(rows)
    pool = _memory.MemoryPool()
    keys = range(n)
    signed = s._signer.sign_rows(workloads.SESSION_ID, connection_data=rows)

    def verify_many() -> object:
        found = s._signer.verify_many(signed)
        found.raise_first()
        return found

    table: list[tuple[str, int, Callable[[], float]]] = [
        ("token()", singles, timed(one_by_one)),
        ("tokens(n)", n, on(s.tokens)),
        ("tokens(n, multithread)", n, on(s.tokens, True)),
        ("tokens(n), HS256", n, on(s.tokens, kind="jwt")),
        ("freeing a list of tokens", n, free_list),
        ("token_batch(n)", n, on(s.token_batch)),
        ("token_batch(n, multithread)", n, on(s.token_batch, True)),
        ("reused batch, 1 thread", n, timed(fill(1))),
        ("iter_batches(n)", n, stream()),
        ("iter_batches(n, multithread)", n, stream(True)),
        ("iter_batches(n), HS256", n, stream(kind="jwt")),
        ("sign_rows(n)", n, sign_rows(rows)),
        ("sign_rows(n), reused memory", n, sign_rows(rows, pool)),
        ("sign_rows(n), Arrow", n, sign_rows(arrow)),
        ("sign_rows(n), Arrow, reused memory", n, sign_rows(arrow, pool)),
        ("sign_rows(n), derived nonces, reused memory", n, timed(derived)),
        ("verify_many(n)", n, timed(verify_many)),
    ]
    if cpu_count() > 1:
        table.append(("reused batch, 2 threads", n, timed(fill(2))))
    group, end = ("forced", forced(kernel)) if kernel else ("tokbox", "")
    return [Workload(name + end, count, run, group) for name, count, run in table]


def forced(kernel: str) -> str:
    """How the name of a workload ends that is forced onto *kernel*."""
    return f", {kernel} forced"


def kernels(n: int) -> list[Workload]:
    """Each compiled kernel that this CPU can run, on the same stream, for both hashes."""
    found = []
    for hash_name, kind in (("sha1", "t1"), ("sha256", "jwt")):
        for row in _fastsign.kernels()[hash_name]:
            if row["usable"]:
                s = session(row["name"])
                run = timed(partial(drain, s, n, kind=kind))
                name = f"{hash_name} on {row['name']}"
                found.append(Workload(name, n, run, "kernel"))
    return found
