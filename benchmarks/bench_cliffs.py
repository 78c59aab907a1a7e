"""Paths beside their nearest equivalent, each with a limit: a row must not cost much more.

A missed limit is a failure. Times of tables are the CPU seconds of all threads per row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tokbox import Tokbox, decode
from tokbox.tokens.crew import cpu_count
from tokbox.types import MemoryPool

from . import workloads
from .bench_files import FILE, sign, tokbox, tokens
from .comparison import Contender, Work, at_least, at_most, group

sign = partial(sign, clock="cpu")
verify = partial(tokbox, "verify")

CSV, WIDE, VERIFY = "sign CSV", "sign CSV, 300 columns", "verify CSV"

test_tables = group(
    "rows of tables, CPU time",
    [
        Contender(CSV, sign("2 columns", "csv")),
        Contender("sign NDJSON", sign("2 columns", "ndjson"), goals=[at_most(3, CSV)]),
        Contender(WIDE, sign("300 columns", "csv"), 4),
        Contender(
            "sign NDJSON, 300 columns",
            sign("300 columns", "ndjson"),
            4,
            goals=[at_most(3, WIDE)],
        ),
        Contender(
            "sign CSV, 50 % rejected", sign("rejected", "csv"), goals=[at_most(2, CSV)]
        ),
        Contender(
            "sign CSV, 50 % rejected, all different",
            sign("rejected, all different", "csv"),
            goals=[at_most(2, CSV)],
        ),
        Contender(
            "sign CSV, an expiration column",
            sign("2 columns", "csv", "--expiration", "col:seconds"),
            goals=[at_most(1.3, CSV)],
        ),
        Contender(VERIFY, verify(("signed", "csv"), clock="cpu")),
        Contender(
            "verify NDJSON",
            verify(("signed", "ndjson"), clock="cpu"),
            goals=[at_most(3, VERIFY)],
        ),
        Contender(
            "verify CSV, all expired",
            verify(("expired", "csv"), clock="cpu"),
            goals=[at_most(2, VERIFY)],
        ),
    ],
    n=200_000,
    unit="row",
    floor=CSV,
    strict=True,
)

TOKENS, TEXT = "tokens to a file", "verify a text file"
#: Without ``--threads``, one thread reads or writes and one works. On two CPUs they were
#: seen to use 1.9 of them with tokens, and 1.6 with a text file.
THREADS = 1.5 if cpu_count() > 2 else 0.9

test_threads = group(
    "tokens of files, elapsed time",
    [
        Contender(TOKENS, tokens(FILE)),
        Contender(
            f"{TOKENS}, --threads",
            tokens(FILE, "--threads"),
            goals=[at_least(THREADS, TOKENS)],
        ),
        Contender(TEXT, verify(("signed", "txt"))),
        Contender(
            f"{TEXT}, --threads",
            verify(("signed", "txt"), "--threads"),
            goals=[at_least(THREADS, TEXT)],
        ),
    ],
    n=3_000_000,
    floor=TOKENS,
    strict=True,
)


def verify_many(
    kind: Any = "t1",
    secret: str = workloads.SECRET,
    change: Callable[[Sequence[str]], Any] = list,
    later: int = 0,
    multithread: bool = False,
) -> Callable[[int], Work]:
    """Verify n tokens that *secret* signed and *change* changed, some seconds *later*."""

    def prepare(n: int) -> Work:
        rows = workloads.connection_data(n)
        session_id, now = workloads.SESSION_ID, None
        tokens = Tokbox(workloads.API_KEY, secret).sign_rows(
            session_id, connection_data=rows, kind=kind
        )
        if later:
            now = decode(tokens[0]).create_time + later
        given = change(tokens)
        tb = Tokbox(workloads.API_KEY, workloads.SECRET)
        return lambda: tb.verify_many(given, now=now, multithread=multithread)

    return prepare


def foreign(tokens: Sequence[str]) -> list[str]:
    """Return as many tokens of another API key."""
    session_id = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35hYmNkfn4"
    return Tokbox("12345678", workloads.SECRET).session(session_id).tokens(len(tokens))


def half_null(tokens: Sequence[str]) -> Any:
    """Return an Arrow column in which every other token is null."""
    import pyarrow as pa

    return pa.array([None if i % 2 else token for i, token in enumerate(tokens)])


class Text(str):
    """A subclass of str."""

    __slots__ = ()


GOOD, GOOD_JWT = "good tokens", "good tokens, HS256"
OTHER = "another0secret" * 3

test_verify = group(
    "verify_many()",
    [
        Contender(GOOD, verify_many()),
        Contender(
            f"{GOOD}, 2 threads or more",
            verify_many(multithread=True),
            goals=[at_least(1.5, GOOD)],
        ),
        Contender("expired", verify_many(later=10**6), goals=[at_most(2, GOOD)]),
        Contender("another secret", verify_many(secret=OTHER), goals=[at_most(2, GOOD)]),
        Contender("another API key", verify_many(change=foreign), goals=[at_most(2, GOOD)]),
        Contender(
            "an Arrow column, half of it null",
            verify_many(change=half_null),
            goals=[at_most(1.2, GOOD)],
        ),
        Contender(
            "a subclass of str",
            verify_many(change=lambda tokens: [*map(Text, tokens)]),
            goals=[at_most(1.5, GOOD)],
        ),
        Contender(GOOD_JWT, verify_many("jwt")),
        Contender(
            "expired, HS256", verify_many("jwt", later=10**6), goals=[at_most(2, GOOD_JWT)]
        ),
        Contender(
            "another secret, HS256", verify_many("jwt", OTHER), goals=[at_most(2, GOOD_JWT)]
        ),
    ],
    n=workloads.N // 4,
    floor=GOOD,
    strict=True,
)


def tokens_of_one_session(
    method: str, *, multithread: bool = False
) -> Callable[[int], Work]:
    """Call a method of the signer of a session, which signs n tokens."""
    call = getattr(
        Tokbox(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID), method
    )
    return lambda n: lambda: call(n, multithread=multithread)


def rows_in_memory(*, reuse: bool) -> Callable[[int], Work]:
    """Sign n rows, into memory that is fresh or that the last call has used."""

    def prepare(n: int) -> Work:
        rows, tb = workloads.connection_data(n), Tokbox(workloads.API_KEY, workloads.SECRET)
        pool = MemoryPool() if reuse else None
        session_id = workloads.SESSION_ID
        return lambda: tb.sign_rows(session_id, connection_data=rows, memory_pool=pool)

    return prepare


LIST, BATCH, REUSED = "tokens(n)", "token_batch(n)", "sign_rows() into used memory"

test_memory = group(
    "tokens in fresh memory",
    [
        Contender(LIST, tokens_of_one_session("tokens")),
        Contender(
            f"{LIST}, 2 threads or more",
            tokens_of_one_session("tokens", multithread=True),
            goals=[at_least(1.5, LIST)],
        ),
        # Both sign the same bytes, which takes more than half of the time of tokens(n).
        Contender(BATCH, tokens_of_one_session("token_batch"), goals=[at_most(0.85, LIST)]),
        Contender(
            f"{BATCH}, 2 threads or more",
            tokens_of_one_session("token_batch", multithread=True),
            goals=[at_least(1.6, BATCH)],
        ),
        Contender(REUSED, rows_in_memory(reuse=True)),
        Contender(
            "sign_rows() into fresh memory",
            rows_in_memory(reuse=False),
            goals=[at_most(1.2, REUSED)],
        ),
    ],
    n=workloads.N,
    floor=LIST,
    strict=True,
)
