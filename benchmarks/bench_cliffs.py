"""Paths beside their nearest equivalent, each with a limit: a row must not cost much more.

A missed limit is a failure. Times of tables are the CPU seconds of all threads per row.
Those of ``--threads`` are elapsed time, so they need free CPUs: more than the two that
reading and verifying take without that option.
"""

from __future__ import annotations

from functools import partial

from .bench_files import FILE, sign, tokbox, tokens
from .comparison import Contender, at_least, at_most, group

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
    ],
    n=200_000,
    unit="row",
    floor=CSV,
    strict=True,
)

TOKENS, TEXT = "tokens to a file", "verify a text file"

test_threads = group(
    "tokens of files, elapsed time",
    [
        Contender(TOKENS, tokens(FILE)),
        Contender(
            f"{TOKENS}, --threads", tokens(FILE, "--threads"), goals=[at_least(1.5, TOKENS)]
        ),
        Contender(TEXT, verify(("signed", "txt"))),
        Contender(
            f"{TEXT}, --threads",
            verify(("signed", "txt"), "--threads"),
            goals=[at_least(1.5, TEXT)],
        ),
    ],
    n=3_000_000,
    floor=TOKENS,
    strict=True,
)
