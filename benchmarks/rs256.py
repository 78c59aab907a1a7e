"""Tokens of a Vonage application: RSA, and what there is around it.

``python -m benchmarks.rs256`` compares ours with the bare signature, which nothing that
signs with RSA can beat, with itself on more threads, and with the official SDK.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from functools import partial

from tokbox.tokens.crew import cpu_count, share
from tokbox.tokens.rs256 import PIECE
from tokbox.tokens.rsa import PrivateKey
from tokbox.tokens.session import SessionSigner
from tokbox.tokens.signer import Signer

from . import compare, run, workloads
from .goals import AT_LEAST, Goal
from .measure import Workload, timed
from .rivals import Unavailable, vonage_python

#: Signatures in a round: some hundredths of a second. Many short rounds, since whatever
#: else runs on the machine disturbs one workload more than the other.
N = 200
ROUNDS = 21
#: The official SDK makes one of so many.
SHARE = 100

BARE = "bare signature"
BARE_THREADS = "bare signature, a thread each CPU"
SDK = vonage_python.label

GOALS = [
    Goal("tokens(n) against the bare signature", BARE, "tokens(n)", AT_LEAST, 0.9, 0.9),
    Goal(
        "tokens(n, multithread) against tokens(n)",
        "tokens(n)",
        "tokens(n, multithread)",
        AT_LEAST,
        1.7,
        1.7,
    ),
    Goal(
        "the bare signature on as many threads against one: what the machine gives",
        BARE,
        BARE_THREADS,
        AT_LEAST,
        None,
        None,
    ),
    Goal("tokens(n) against vonage", SDK, "tokens(n)", AT_LEAST, 100, 100),
    Goal("token() against vonage", SDK, "token()", AT_LEAST, 100, 100),
    Goal(
        "verify_many(n) against the bare verification",
        "bare verification",
        "verify_many(n)",
        AT_LEAST,
        None,
        None,
    ),
]


def session(key: PrivateKey) -> SessionSigner:
    """Return the signer of the common work, for an application."""
    application = vonage_python.APPLICATION_ID
    said = f"1~{application}~~1700000000123~Ab3~~~".encode()
    session_id = "1_" + base64.urlsafe_b64encode(said).decode().rstrip("=")
    return Signer.from_private_key(application, key).session(session_id)


def bare(key: PrivateKey, message: bytes, n: int, threads: int = 1) -> Callable[[], float]:
    """Return a workload's `run`: sign *message* *n* times and do nothing else."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    private = key._key

    def sign(rows: range) -> None:
        for _ in rows:
            private.sign(message, PKCS1v15(), SHA256())

    return timed(lambda: share(sign, n, piece=PIECE, threads=threads))


def ours(n: int = N) -> list[Workload]:
    """What users call, and the RSA that is in it."""
    key = PrivateKey(vonage_python.private_key())
    public = key.public_key()
    one = session(key)
    claims = (workloads.ROLE, workloads.CONNECTION_DATA, workloads.EXPIRATION)
    tokens = one.tokens(n, True, *claims)
    message, _, _ = tokens[0].encode().rpartition(b".")
    signature = key._sign(message)

    def one_by_one() -> None:
        for _ in range(n):
            one.token(*claims)

    def verify_bare() -> None:
        for _ in range(n):
            public._holds(message, signature)

    def verify_many() -> None:
        one._signer.verify_many(tokens).raise_first()

    found = [
        Workload(BARE, n, bare(key, message, n)),
        Workload("tokens(n)", n, timed(lambda: one.tokens(n, False, *claims))),
        Workload("token()", n, timed(one_by_one)),
        Workload("bare verification", n, timed(verify_bare)),
        Workload("verify_many(n)", n, timed(verify_many)),
    ]
    if cpu_count() > 1:
        many = timed(lambda: one.tokens(n, True, *claims))
        found.append(Workload("tokens(n, multithread)", n, many))
        found.append(Workload(BARE_THREADS, n, bare(key, message, n, cpu_count())))
    return found


def gather(n: int = N) -> tuple[list[Workload], dict[str, str]]:
    """All workloads that can run here, and why the others cannot."""
    found, missing = ours(n), {}
    if cpu_count() < 2:
        missing["tokens(n, multithread)"] = "this process may use one CPU only"
    try:
        sdk = vonage_python.make()
    except Unavailable as reason:
        missing[SDK] = str(reason)
    else:
        count = max(1, n // SHARE)
        note = "it parses and checks the key again for every token"
        found.append(Workload(SDK, count, partial(sdk, count), note=note))
    return found, missing


def main() -> int:
    rounds = compare.rounds_asked_for("benchmarks.rs256", __doc__ or "", ROUNDS)
    found, missing = gather()
    machine = run.machine()
    print(compare.compare(found, GOALS, missing, rounds, machine=machine, what="token"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
