"""Secrets in memory after use: another process reads the memory of this one."""

from __future__ import annotations

import ctypes
import itertools
import subprocess
import sys

import pytest

from tokbox import _fastsign

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="/proc shows a process's memory"
)

SECRET = "canary0secret0canary0secret0canary0secret"

#: Signs and verifies in every way, then waits while it is looked at: first with the key,
#: then without it.
PROGRAM = """
import gc, sys
from tokbox import _fastsign
from tokbox.tokens.signer import Signer

kernel, key, session_id = sys.argv[1:]
_fastsign.select_kernel(kernel)
signer = Signer(key, sys.stdin.readline().rstrip())
session = signer.session(session_id)
for kind in ("t1", "jwt"):
    token = session.token(kind=kind)
    tokens = session.tokens(1000, kind=kind)
    batch = session.token_batch(20_000, multithread=True, kind=kind)
    rows = signer.sign_rows(
        session_id, connection_data=[f"row {row}" for row in range(20_000)], kind=kind,
        multithread=True,
    )
    assert signer.verify(token) and signer.verify_many(rows, multithread=True).ok
signer._jwt({"iss": key})
print("open", flush=True)
sys.stdin.readline()
signer.close()
del signer, session
gc.collect()
print("closed", flush=True)
sys.stdin.readline()
"""

KEY = "12345678"
SESSION = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg"


def states() -> list[bytes]:
    """Return the four hash states that are equivalent to the secret, as stored in memory."""
    key = _fastsign.Key(SECRET.encode())
    size = type(key).__basicsize__
    memory = ctypes.string_at(id(key), size)
    # Of SHA-1 (five words), then of SHA-256 (eight), at the end of the object.
    places = ((128, 5), (96, 5), (64, 8), (32, 8))
    return [memory[size - back : size - back + 4 * words] for back, words in places]


def remains(state: bytes) -> list[bytes]:
    """Return what a compiler may have spilled: parts of a state, or a word per lane."""
    words = [state[at : at + 4] for at in range(0, len(state), 4)]
    return [4 * word for word in words] + [a + b for a, b in itertools.pairwise(words)]


def tell(child: subprocess.Popen[str], line: str = "") -> str:
    """Send a line to *child*, and return its answer."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(line + "\n")
    child.stdin.flush()
    return child.stdout.readline().rstrip()


def found(pid: int, needles: list[bytes]) -> list[int]:
    """Return how often each needle is in what a process may write to."""
    counts = [0] * len(needles)
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            where, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(number, 16) for number in where.split("-"))
            memory.seek(start)
            content = memory.read(end - start)
            for i, needle in enumerate(needles):
                counts[i] += content.count(needle)
    return counts


def test_nothing_of_a_key_is_left_after_its_end(kernel: str) -> None:
    whole = states()
    parts = [part for state in whole for part in remains(state)]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kernel, KEY, SESSION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        before = found(child.pid, whole) if tell(child, SECRET) == "open" else []
        after = found(child.pid, parts) if tell(child) == "closed" else []
        tell(child)
    assert before
    assert all(before)
    assert after == [0] * len(parts)
