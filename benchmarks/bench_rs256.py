"""Tokens of a Vonage application: RSA-2048, and what tokbox adds to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tokbox import Tokbox

from . import workloads
from .comparison import Contender, Rival, Work, at_least, group, repeat
from .rivals import Unavailable, python
from .workloads import CLAIMS, resources

CPUS = len(os.sched_getaffinity(0))
BARE, BARE_THREADS = "bare signature", "bare signature, a thread per CPU"
BARE_VERIFY, SDK = "bare verification", "vonage (Python) JWT RS256"


@cache
def application() -> Tokbox:
    return Tokbox.from_private_key(workloads.APPLICATION_ID, workloads.private_key())


def call(method: str, **options: Any) -> Callable[[int], Callable[[], Any]]:
    def prepare(n: int) -> Work:
        if CPUS < 2 and options:
            raise Unavailable("this process may use one CPU only")
        make = getattr(application().session(workloads.APPLICATION_SESSION_ID), method)
        return lambda: make(n, **CLAIMS, **options)

    return prepare


def one_by_one(n: int) -> Work:
    session = application().session(workloads.APPLICATION_SESSION_ID)
    return repeat(partial(session.token, **CLAIMS), n)


def openssl() -> tuple[Work, Work]:
    """Return calls that sign, and that verify, the message of a token, and nothing else."""
    key: Any = load_pem_private_key(workloads.private_key().encode(), None)
    token = application().session(workloads.APPLICATION_SESSION_ID).token(**CLAIMS)
    sign = partial(key.sign, token.rpartition(".")[0].encode(), PKCS1v15(), SHA256())
    return sign, partial(key.public_key().verify, sign(), *sign.args)


def bare(threads: int) -> Callable[[int], Work]:
    """Sign the same message n times by OpenSSL."""

    def prepare(n: int) -> Work:
        if threads > CPUS:
            raise Unavailable("this process may use one CPU only")
        pool = resources.enter_context(ThreadPoolExecutor(threads))
        part = repeat(openssl()[0], n // threads)
        return lambda: list(pool.map(lambda _: part(), range(threads)))

    return prepare


def bare_verification(n: int) -> Work:
    return repeat(openssl()[1], n)


def verify_many(multithread: bool) -> Callable[[int], Work]:
    def prepare(n: int) -> Work:
        tb, tokens = application(), call("tokens")(n)()
        return lambda: tb.verify_many(tokens, multithread=multithread).raise_first()

    return prepare


# Many short rounds: whatever else runs on the machine disturbs one contender only.
test_rs256 = group(
    "RS256 tokens",
    [
        Contender(BARE, bare(1)),
        Contender(BARE_THREADS, bare(2), goals=[at_least(None, BARE)]),
        Contender("token()", one_by_one, goals=[at_least(100, SDK)]),
        Contender(
            "tokens(n)", call("tokens"), goals=[at_least(0.9, BARE), at_least(100, SDK)]
        ),
        Contender(
            "tokens(n, multithread)",
            call("tokens", multithread=True),
            goals=[at_least(1.7, "tokens(n)")],
        ),
        Rival(SDK, python.vonage, 100, note="it parses and checks the key for every token"),
    ],
    n=200,
    rounds=21,
    floor=BARE,
)

test_rs256_verification = group(
    "verifying RS256 tokens",
    [
        Contender(BARE_VERIFY, bare_verification),
        Contender(
            "verify_many(n)", verify_many(False), goals=[at_least(None, BARE_VERIFY)]
        ),
        Contender("verify_many(n, multithread)", verify_many(True)),
    ],
    n=200,
    rounds=21,
    floor=BARE_VERIFY,
)
