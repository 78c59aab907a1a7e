"""Every kernel against the plain twin, on random input."""

from __future__ import annotations

import random

import pytest

from tokbox import _fastsign
from tokbox.tokens import t1

from .. import reference

#: Compared tokens for each kernel and destination.
ROWS = 100_000
#: One more than the block is where padding and signature move.
EDGES = [0, 1, 2, 3, 31, 32, 33, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000]
PLANES = [
    (0x20, 0x7E), (0xA0, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x1FFFF),
    (0x20000, 0x2FFFF), (0x30000, 0x3FFFF), (0xE0000, 0x10FFFF),
]  # fmt: skip


def random_text(rng: random.Random) -> str:
    length = rng.choice(EDGES) if rng.random() < 0.5 else rng.randrange(200)
    # Most text is of one kind; some holds every plane.
    planes = rng.choices(PLANES, k=1 if rng.random() < 0.7 else 8)
    return "".join(chr(rng.randint(*rng.choice(planes))) for _ in range(length))


def random_nonce(rng: random.Random, n: int) -> bytes:
    """24 bytes; half of the time such that a batch of *n* carries into high digits."""
    random_bytes = rng.randbytes(24)
    if rng.random() < 0.5:
        low = 10 ** rng.randint(1, 9) - rng.randint(1, n + 1)
        middle = 10**9 - 1 if rng.random() < 0.5 else rng.randrange(10**9)
        random_bytes = random_bytes[:8] + middle.to_bytes(8, "little")
        random_bytes += (max(low, 0) % 10**9).to_bytes(8, "little")
    return random_bytes


def random_batches(seed: int):
    """(key, secret, api key, DATA, nonce bytes, n) until there are enough tokens."""
    rng = random.Random(seed)
    rows = 0
    while rows < ROWS:
        api_key = str(rng.randrange(10 ** rng.randint(1, 12)))
        secret = rng.randbytes(rng.choice([1, 20, 40, 63, 64, 65, 100, 200]))
        data = reference.signed_part(
            session_id="1_" + "A" * rng.randrange(250),
            create_time=rng.randrange(10**9, 4 * 10**9),
            expiration=rng.choice([0, 1, 86400, 2592000]),
            role=rng.choice(["publisher", "subscriber", "moderator", "publisheronly"]),
            connection_data=random_text(rng),
            classes=rng.choice(["", "focus", "focus small"]),
        )
        n = rng.choice([1, 2, 3, 15, 16, 17, 31, 33, 49, 100, 1001, 2500])
        yield api_key, secret, data, random_nonce(rng, n), n
        rows += n


def expected(api_key, secret, data, nonce_bytes, n):
    start = reference.nonce_start(nonce_bytes)
    return [reference.t1(api_key, secret, f"{data}{start + i}") for i in range(n)]


@pytest.mark.parametrize("destination", ["strings", "memory", "lines"])
def test_batches_equal_the_plain_twin(destination):
    for api_key, secret, data, nonce_bytes, n in random_batches(seed=len(destination)):
        plan = _fastsign.Plan(
            _fastsign.Key(secret), t1.head(api_key), data.encode(), nonce_bytes
        )
        if destination == "strings":
            got = plan.strings(n)
        else:
            lines = destination == "lines"
            stride = plan.token_length + lines
            memory = _fastsign.Memory(n * stride)
            plan.fill(memory, n, lines=lines)
            got = memory.strings(0, stride, plan.token_length, n)
            if lines:
                assert bytes(memory) == "".join(f"{token}\n" for token in got).encode()
        assert got == expected(api_key, secret, data, nonce_bytes, n)


def test_a_part_of_a_batch_is_the_same_wherever_it_begins():
    rng = random.Random(1)
    for api_key, secret, data, nonce_bytes, n in random_batches(seed=1):
        first = rng.randrange(10**9) if rng.random() < 0.5 else rng.randrange(10**15)
        n = min(n, 20)
        plan = _fastsign.Plan(
            _fastsign.Key(secret), t1.head(api_key), data.encode(), nonce_bytes
        )
        memory = _fastsign.Memory(n * plan.token_length)
        plan.fill(memory, n, first=first)
        got = memory.strings(0, plan.token_length, plan.token_length, n)
        start = reference.nonce_start(nonce_bytes) + first
        assert got == [
            reference.t1(api_key, secret, f"{data}{start + i}") for i in range(n)
        ]
        assert all(len(str(start + i)) == 27 for i in range(n))


def test_quoting_equals_the_standard_library():
    from urllib.parse import quote_plus

    rng = random.Random(2)
    for c in range(0x110000):
        if (c % 16 == 0 and not 0xD800 <= c <= 0xDFFF) or c < 0x800:
            assert _fastsign.quote_plus(chr(c)) == quote_plus(chr(c)).encode()
    for _ in range(5000):
        text = random_text(rng)
        assert _fastsign.quote_plus(text) == quote_plus(text).encode()


def test_macs_equal_the_standard_library_at_every_length():
    import hashlib
    import hmac

    rng = random.Random(3)
    for length in range(300):
        secret, message = rng.randbytes(rng.randrange(1, 150)), rng.randbytes(length)
        key = _fastsign.Key(secret)
        assert key.hmac_sha1(message) == hmac.digest(secret, message, hashlib.sha1)
        assert key.hmac_sha256(message) == hmac.digest(secret, message, hashlib.sha256)
