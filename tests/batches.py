"""Random batches of tokens, most of them near some edge, and what they must be."""

from __future__ import annotations

import random
from collections.abc import Iterator

from . import reference

#: (API key, secret, DATA, nonce bytes, n)
Batch = tuple[str, bytes, str, bytes, int]

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


def random_batches(seed: int, tokens: int) -> Iterator[Batch]:
    """Batches until there are that many tokens."""
    rng = random.Random(seed)
    made = 0
    while made < tokens:
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
        made += n


def expected(
    api_key: str,
    secret: bytes,
    data: str,
    nonce_bytes: bytes,
    n: int,
    first: int = 0,
    kind: str = "t1",
) -> list[str]:
    """Tokens *first* ... of a batch, by the plain twin."""
    start = reference.nonce_start(nonce_bytes) + first
    if kind == "jwt":
        return [reference.jwt(secret, f'{data}{start + i}"}}') for i in range(n)]
    return [reference.t1(api_key, secret, f"{data}{start + i}") for i in range(n)]
