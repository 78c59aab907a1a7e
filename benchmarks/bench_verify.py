"""Verifying tokens, against signing the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokbox import Tokbox

from . import workloads
from .bench_rows import sign_rows
from .comparison import Contender, Work, at_most, group
from .rivals.python import load


def signed(n: int, kind: Any) -> tuple[Tokbox, Any]:
    """Return a client, and n tokens that it signed."""
    tb, rows = Tokbox(workloads.API_KEY, workloads.SECRET), workloads.connection_data(n)
    return tb, tb.sign_rows(workloads.SESSION_ID, connection_data=rows, kind=kind)


def verify_many(kind: str = "t1", multithread: bool = False) -> Callable[[int], Work]:
    def prepare(n: int) -> Work:
        tb, tokens = signed(n, kind)

        def work() -> Any:
            verification = tb.verify_many(tokens, multithread=multithread)
            verification.raise_first()
            return verification

        return work

    return prepare


def verify(kind: str = "t1") -> Callable[[int], Work]:
    """Verify one token after the other."""

    def prepare(n: int) -> Work:
        tb, tokens = signed(n, kind)
        return lambda: [tb.verify(token) for token in tokens]

    return prepare


def pyjwt(n: int) -> Work:
    decode, (_, tokens) = load("jwt", "PyJWT").decode, signed(n, "jwt")
    return lambda: [decode(each, workloads.SECRET, ["HS256"]) for each in tokens]


SIGN = "sign_rows(n)"
test_verify = group(
    "verifying tokens",
    [
        Contender(SIGN, sign_rows()),
        Contender("verify()", verify(), 10),
        Contender("verify_many(n)", verify_many(), goals=[at_most(1.3, SIGN)]),
        Contender("verify_many(n, multithread)", verify_many(multithread=True)),
        Contender("verify(), HS256", verify("jwt"), 10),
        Contender("verify_many(n), HS256", verify_many("jwt")),
        Contender("PyJWT decode HS256", pyjwt, 100),
    ],
    n=workloads.N,
    floor=SIGN,
)
