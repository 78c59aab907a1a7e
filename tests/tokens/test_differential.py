"""Every kernel against the plain twin, on random input."""

from __future__ import annotations

import random
from urllib.parse import quote_plus

import pytest

from tests.support import reference
from tests.support.batches import expected, random_batches, random_text
from tests.support.kernels import every_kernel
from tests.support.sizes import size
from tokbox import _fastsign, _memory
from tokbox.tokens import jwt, t1

#: Compared tokens for each kernel, kind and destination.
ROWS = size(10_000, 100_000)


def make_plan(kind, api_key, secret, data, nonce_bytes):
    is_jwt = kind == "jwt"
    head = jwt.head() if is_jwt else t1.head(api_key)
    key = _fastsign.Key(secret)
    return _fastsign.BatchPlan(key, head, data.encode(), jwt=is_jwt, random=nonce_bytes)


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("destination", ["strings", "memory", "lines"])
def test_batches_equal_the_reference(destination, kind):
    for *batch, n in random_batches(len(destination), ROWS):
        plan = make_plan(kind, *batch)
        if destination == "strings":
            got = plan.strings(n)
        else:
            lines = destination == "lines"
            stride = plan.token_length + lines
            memory = _memory.Memory(n * stride)
            plan.fill(memory, n, lines=lines)
            got = memory.strings(0, stride, plan.token_length, n)
            if lines:
                assert bytes(memory) == "".join(f"{token}\n" for token in got).encode()
        assert got == expected(*batch, n, kind=kind)


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_a_part_of_a_batch_is_the_same_wherever_it_begins(kind):
    rng = random.Random(1)
    for *batch, n in random_batches(1, ROWS):
        first = rng.randrange(10**9) if rng.random() < 0.5 else rng.randrange(10**15)
        n = min(n, 20)
        plan = make_plan(kind, *batch)
        memory = _memory.Memory(n * plan.token_length)
        plan.fill(memory, n, first=first)
        got = memory.strings(0, plan.token_length, plan.token_length, n)
        assert got == expected(*batch, n, first, kind)
        assert len(str(reference.nonce_start(batch[-1]) + first + n)) == 27


def test_quoting_equals_the_standard_library():
    from urllib.parse import quote_plus

    rng = random.Random(2)
    for c in range(0x110000):
        if (c % 16 == 0 and not 0xD800 <= c <= 0xDFFF) or c < 0x800:
            assert _fastsign.quote_plus(chr(c)) == quote_plus(chr(c)).encode()
    for _ in range(5000):
        text = random_text(rng)
        assert _fastsign.quote_plus(text) == quote_plus(text).encode()


@every_kernel
def test_macs_equal_the_standard_library_at_every_length():
    import hashlib
    import hmac

    rng = random.Random(3)
    for length in range(300):
        secret, message = rng.randbytes(rng.randrange(1, 150)), rng.randbytes(length)
        key = _fastsign.Key(secret)
        assert key.hmac_sha1(message) == hmac.digest(secret, message, hashlib.sha1)
        assert key.hmac_sha256(message) == hmac.digest(secret, message, hashlib.sha256)


def test_an_odd_character_is_quoted_at_any_position():
    """In every place of a text of every length up to three vector registers."""
    for length in range(1, 100):
        for place in range(length):
            text = "a" * place + " " + "~" * (length - place - 1)
            assert _fastsign.quote_plus(text) == quote_plus(text).encode()
        assert _fastsign.quote_plus("z" * length) == b"z" * length
