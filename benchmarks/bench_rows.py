"""`sign_rows`: tokens of one session with different connection data in each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from tokbox import Derived, Tokbox, _memory

from . import workloads
from .bench_tokens import LIST, fresh_strings, limits
from .comparison import Contender, Work, at_most, group
from .rivals import python


def sign_rows(
    column: Callable[[int], Sequence[str] | pa.Array] = workloads.connection_data,
    *,
    reuse: bool = False,
    derived: bool = False,
    **options: Any,
) -> Callable[[int], Work]:
    """Sign n rows in one call; with *reuse*, into the memory of the batch before."""

    def prepare(n: int) -> Work:
        tb, given = Tokbox(workloads.API_KEY, workloads.SECRET), dict(options)
        given["connection_data"] = column(n)
        if reuse:
            given["memory_pool"] = _memory.MemoryPool()
        if derived:
            given["nonce"] = Derived(
                run_id="benchmark", row_key=range(n), issued_at=1_700_000_000
            )
        return lambda: tb.sign_rows(workloads.SESSION_ID, **given)

    return prepare


def one_by_one(n: int) -> Work:
    token = Tokbox(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID).token
    return lambda: [token("publisher", row) for row in workloads.connection_data(n)]


def arrow(n: int) -> pa.Array:
    return pa.array(workloads.connection_data(n))


test_rows = group(
    "rows with different connection data",
    [
        Contender(LIST, fresh_strings(workloads.TOKEN_LENGTH)),
        Contender("token(), one by one", one_by_one, 10),
        Contender("sign_rows(n)", sign_rows(), goals=[at_most({"sha-ni": 2}, LIST)]),
        Contender("sign_rows(n, multithread)", sign_rows(multithread=True)),
        Contender(
            "sign_rows(n), reused memory",
            sign_rows(reuse=True),
            goals=[at_most(limits(0.8, 2), LIST)],
        ),
        Contender("sign_rows(n), Arrow", sign_rows(arrow)),
        Contender("sign_rows(n), Arrow, reused memory", sign_rows(arrow, reuse=True)),
        Contender(
            "sign_rows(n), derived nonces, reused memory",
            sign_rows(derived=True, reuse=True),
        ),
        Contender("sign_rows(n), HS256", sign_rows(kind="jwt")),
        Contender(
            "opentok (Python) T1", partial(python.opentok(use_jwt=False), rows=True), 100
        ),
        Contender("PyJWT HS256", partial(python.pyjwt, rows=True), 100),
    ],
    n=workloads.N,
    floor=LIST,
)
