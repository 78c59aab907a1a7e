"""Tokens of one session with constant claims, T1 and HS256: tokbox, its floors, rivals."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tokbox import Session, Tokbox, _fastsign, _memory

from . import workloads
from .comparison import (
    ANY,
    Contender,
    Ours,
    Rival,
    Seconds,
    Work,
    at_least,
    at_most,
    group,
    repeat,
)
from .rivals import Unavailable, programs, python
from .workloads import CLAIMS, JWT_LENGTH, TOKEN_LENGTH, N

LIST = "list of n fresh strings"
FRESH = "same bytes, one fresh buffer"
OPENTOK = "opentok (Python) T1"
SEED = ("aogz/tokbox (Go) Tokens(n, false)", "aogz/tokbox (Go) Tokens(n, true)")
PLAIN_GO = ("plain Go 1 goroutine", "plain Go 1 goroutine a CPU")

#: Tokens of a batch of `iter_batches`, and of the pieces that the floors copy: those stay
#: in a near cache, so that only writing takes time.
CHUNK, PIECE = 8192, 256


def session(kernel: str | None = None) -> Session:
    """Return the common session, on *kernel* or on the active one."""
    active = os.environ.get("TOKBOX_KERNEL") or None
    _fastsign.select_kernel(kernel or active)
    try:
        return Tokbox(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID)
    finally:
        _fastsign.select_kernel(active)


def call(method: str, **options: Any) -> Callable[[int], Work]:
    """Make n tokens by one call."""

    def prepare(n: int) -> Work:
        make = getattr(session(), method)
        return lambda: make(n, **CLAIMS, **options)

    return prepare


def drain(kernel: str | None = None, **options: Any) -> Callable[[int], Work]:
    """Sign n tokens into memory that is used again and again."""

    def prepare(n: int) -> Work:
        batches = session(kernel).iter_batches

        def work() -> None:
            for _ in batches(n, **CLAIMS, **options):
                pass

        return work

    return prepare


def one_by_one(**options: Any) -> Callable[[int], Work]:
    """Call `token` n times, and keep one token at a time."""
    return lambda n: repeat(partial(session().token, **CLAIMS, **options), n)


def reuse(threads: int) -> Callable[[int], Work]:
    """Sign n tokens into the memory of the batch before."""

    def prepare(n: int) -> Work:
        if threads > len(os.sched_getaffinity(0)):
            raise Unavailable("this process may use one CPU only")
        make, pool = session().token_batch, _memory.MemoryPool()
        return lambda: make(n, multithread=threads > 1, memory_pool=pool, **CLAIMS)

    return prepare


def free(n: int) -> Work:
    tokens = session().tokens

    def work() -> Seconds:
        made = tokens(n, **CLAIMS)
        start = time.perf_counter()
        del made
        return Seconds(time.perf_counter() - start)

    return work


def fresh_strings(length: int) -> Callable[[int], Work]:
    """Copy a token of *length* characters into each string of a list."""

    def prepare(n: int) -> Work:
        one = _memory.Memory(length)
        return lambda: one.strings(0, 0, length, n)

    return prepare


def pieces(n: int) -> list[bytes]:
    piece = b"x" * TOKEN_LENGTH * PIECE
    return [piece] * (n // PIECE) + [piece[: n % PIECE * TOKEN_LENGTH]]


def fresh_buffer(n: int) -> Work:
    parts = pieces(n)
    return lambda: b"".join(parts)


def reused_buffer(n: int) -> Work:
    parts = pieces(n)
    memory = memoryview(bytearray(CHUNK * TOKEN_LENGTH))

    def work() -> None:
        at = 0
        for part in parts:
            memory[at : at + len(part)] = part
            at = (at + len(part)) % len(memory)

    return work


def limits(avx512: float, sha_ni: float, other: float | None = None) -> dict[str, float]:
    """Return limits for the kernels that have one, and for *other* ones."""
    found = {"avx512": avx512, "sha-ni": sha_ni}
    return found if other is None else {**found, ANY: other}


def kernels(hash_name: str, **options: Any) -> list[Contender]:
    """Each compiled kernel that this CPU can run, by `iter_batches`."""
    names = [row["name"] for row in _fastsign.kernels()[hash_name] if row["usable"]]
    return [
        Contender(f"iter_batches(n) on {name}", drain(name, **options)) for name in names
    ]


STAND_IN = "a stand-in: the seed's token by Go's standard library"

test_t1 = group(
    "T1 tokens",
    [
        Contender(LIST, fresh_strings(TOKEN_LENGTH)),
        Contender(FRESH, fresh_buffer),
        Contender("same bytes, reused memory", reused_buffer),
        Ours("token()", one_by_one(), 10, goals=[at_least(limits(12, 10, 5), OPENTOK)]),
        Ours(
            "tokens(n)",
            call("tokens"),
            goals=[
                at_most(limits(1.25, 1.7), LIST),
                at_least(limits(75, 50, 15), OPENTOK),
                at_least(limits(17, 12, 4), *SEED),
                at_least(None, *PLAIN_GO),
            ],
        ),
        Ours(
            "tokens(n, multithread)",
            call("tokens", multithread=True),
            goals=[at_most(limits(1.1, 1.25), LIST)],
        ),
        Contender("freeing tokens(n)", free),
        Ours(
            "token_batch(n)", call("token_batch"), goals=[at_most(limits(1.3, 1.9), FRESH)]
        ),
        Contender("token_batch(n, multithread)", call("token_batch", multithread=True)),
        Contender("token_batch(n), reused memory", reuse(1)),
        Contender(
            "token_batch(n, multithread), reused memory",
            reuse(2),
            goals=[at_least(limits(1.85, 1.85, 1.7), "token_batch(n), reused memory")],
        ),
        Ours(
            "iter_batches(n)",
            drain(),
            goals=[
                at_most(limits(0.25, 0.75), LIST),
                at_least(limits(350, 110), OPENTOK),
                at_least(limits(80, 25), *SEED),
                at_least(None, *PLAIN_GO),
            ],
        ),
        Contender("iter_batches(n, multithread)", drain(multithread=True)),
        *kernels("sha1"),
        Rival(SEED[0], programs.go("go_seed", "single"), 10),
        Rival(SEED[1], programs.go("go_seed", "multithread"), 10),
        Rival(PLAIN_GO[0], programs.go("go_plain", "single"), 10, note=STAND_IN),
        Rival(PLAIN_GO[1], programs.go("go_plain", "multithread"), 10, note=STAND_IN),
        Rival(OPENTOK, python.opentok(use_jwt=False), 100),
        Rival("opentok (Node) T1", programs.node("opentok-t1"), 100),
    ],
    n=N,
    floor=LIST,
)

test_hs256 = group(
    "HS256 tokens",
    [
        Contender(LIST, fresh_strings(JWT_LENGTH)),
        Contender("token()", one_by_one(kind="jwt"), 10),
        Ours("tokens(n)", call("tokens", kind="jwt")),
        Contender("tokens(n, multithread)", call("tokens", kind="jwt", multithread=True)),
        Contender("iter_batches(n), T1", drain()),
        Ours(
            "iter_batches(n)",
            drain(kind="jwt"),
            goals=[at_most(2.5, "iter_batches(n), T1")],
        ),
        *kernels("sha256", kind="jwt"),
        Rival("opentok (Python) JWT HS256", python.opentok(use_jwt=True), 200),
        Rival("opentok (Node) JWT HS256", programs.node("opentok-jwt"), 2000),
        Rival(
            "PyJWT HS256", python.pyjwt, 100, note="the library alone: it checks no claim"
        ),
        Rival("fast-jwt (Node) HS256", programs.node("fast-jwt"), 100),
        Rival(
            "jsonwebtoken (Rust) HS256",
            programs.node("node-rs"),
            100,
            note="called from Node.js, through @node-rs/jsonwebtoken",
        ),
        Rival(
            "livekit-api HS256",
            python.livekit,
            400,
            note="a token of another service, with the same life, name and room",
        ),
    ],
    n=N,
    floor=LIST,
)
