"""The hashes and HMACs of the C core without Python, in every variant."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from urllib.parse import quote_plus

import pytest

from tests.native.kernels.variants import Harness, hexed
from tests.support import reference, vectors
from tests.support.batches import random_text

HASHES = [(1, "SHA1", hashlib.sha1), (256, "SHA2/SHA256", hashlib.sha256)]
both_hashes = pytest.mark.parametrize(
    ("bits", "name", "plain"), HASHES, ids=["sha1", "sha256"]
)
#: More than twice the lanes of any kernel, and a remainder.
CROWD = 37


def path(name: str, kind: str) -> str:
    folder, _, file = name.partition("/")
    return f"hashes/{folder}/{file or folder}{kind}.rsp"


def part(harness: Harness, cases: list) -> list:
    """This variant's share; the first case and the last are always in it."""
    return [*cases[: -1 : harness.variant.share], cases[-1]]


def crowd(message: bytes, place: int) -> list[bytes]:
    """*message* at one place among others of its length."""
    rng = random.Random(len(message))
    messages = [rng.randbytes(len(message)) for _ in range(CROWD)]
    messages[place] = message
    return messages


def test_every_kernel_of_the_variant_is_usable(harness):
    assert not [str(row) for row in harness.compiled if row.state == -1]
    for bits in (1, 256):
        assert harness.variant.rows <= {row.name for row in harness.rows(bits)}


def test_no_kernel_goes_untried(harness):
    if absent := sorted({row.name for row in harness.compiled if row.state == 0}):
        pytest.skip(
            f"{harness.variant.name}: the CPU has not what {', '.join(absent)} needs"
        )


def test_no_kernel_is_usable_that_was_not_tried(harness):
    assert harness.ask(["stranger", "codec stranger"]) == [
        "0",
        "error: no usable row of that name",
    ]


def test_each_engine_has_its_codec(harness):
    names = [*harness.engines(), "best"]
    codecs = dict(zip(names, harness.ask(f"codec {name}" for name in names), strict=True))
    assert codecs["portable"] == "portable"
    if "sha-ni" in codecs:
        assert codecs["sha-ni"] in ("avx2", "portable")
    if "avx512" in harness.variant.rows:
        assert codecs["avx512"] == codecs["best"] == "avx512"
        assert codecs["avx2"] == "avx2"


def test_a_new_key_does_not_change_the_codec_of_an_existing_key(harness):
    engines = [*harness.engines(), "best"]
    codecs = harness.ask(f"codec {engine}" for engine in engines)
    for engine, codec in zip(engines, codecs, strict=True):
        others = harness.ask(f"codec {engine} {other}" for other in engines)
        assert set(others) == {codec}


@both_hashes
@pytest.mark.parametrize("kind", ["ShortMsg", "LongMsg"])
def test_cavp_messages_side_by_side(harness, bits, name, plain, kind):
    cases = part(harness, vectors.cavp_messages(path(name, kind)))
    crowds = [crowd(message, i % CROWD) for i, (message, _) in enumerate(cases)]
    others = [" ".join(plain(m).hexdigest() for m in messages) for messages in crowds]
    for row in harness.rows(bits):
        answers = harness.ask(
            f"hash {bits} {row.name} {' '.join(map(hexed, messages))}"
            for messages in crowds
        )
        for i, ((_, digest), answer) in enumerate(zip(cases, answers, strict=True)):
            assert answer.split()[i % CROWD] == digest.hex(), row
        assert answers == others, row


@both_hashes
def test_cavp_messages_one_at_a_time(harness, bits, name, plain):
    cases = [
        case
        for kind in ("ShortMsg", "LongMsg")
        for case in part(harness, vectors.cavp_messages(path(name, kind)))
    ]
    for row in (row for row in harness.rows(bits) if row.single):
        answers = harness.ask(f"digest {bits} {row.name} {hexed(m)}" for m, _ in cases)
        assert answers == [digest.hex() for _, digest in cases], row


@both_hashes
def test_cavp_monte(harness, bits, name, plain):
    seed, digests = vectors.cavp_monte(path(name, "Monte"))
    chain = [seed, *digests]
    # Every link by itself, so that a part of them is a test too.
    links = part(harness, list(zip(chain, digests, strict=False)))
    for row in harness.rows(bits):
        answers = harness.ask(
            f"monte {bits} {row.name} {start.hex()}" for start, _ in links
        )
        assert answers == [end.hex() for _, end in links], row


@pytest.mark.parametrize(
    ("bits", "file"), [(1, "HMAC/rfc-2202-sha1.txt"), (256, "HMAC/rfc-4231-sha256.txt")]
)
def test_rfc_hmac(harness, bits, file):
    cases = vectors.rfc_hmac(file)
    for engine in harness.engines():
        answers = harness.ask(
            f"hmac {bits} {engine} {hexed(key)} {hexed(message)}"
            for key, message, _ in cases
        )
        assert answers == [mac.hex() for _, _, mac in cases], engine


@pytest.mark.parametrize("bits", [1, 256])
def test_wycheproof_hmac(harness, bits):
    groups = vectors.wycheproof(f"hmac_sha{bits}_test.json")["testGroups"]
    cases = [(group["tagSize"] // 4, case) for group in groups for case in group["tests"]]
    for engine in harness.engines():
        answers = harness.ask(
            f"hmac {bits} {engine} {case['key'] or '-'} {case['msg'] or '-'}"
            for _, case in cases
        )
        for (digits, case), answer in zip(cases, answers, strict=True):
            valid = answer[:digits] == case["tag"]
            assert valid == (case["result"] == "valid"), (engine, case["comment"])


@both_hashes
def test_macs_side_by_side_equal_the_standard_library(harness, bits, name, plain):
    """At every length about a block's end, and for every remainder of the lanes."""
    rng = random.Random(bits)
    batches = []
    for length in part(harness, list(range(0, 200))):
        key = rng.randbytes(rng.randrange(1, 150))
        batches.append((key, [rng.randbytes(length) for _ in range(rng.randint(1, CROWD))]))
    macs = [" ".join(hmac.new(k, m, plain).hexdigest() for m in ms) for k, ms in batches]
    for row in harness.rows(bits):
        answers = harness.ask(
            f"macs {bits} {row.name} {key.hex()} {' '.join(map(hexed, messages))}"
            for key, messages in batches
        )
        assert answers == macs, row


def test_quoting_equals_the_standard_library(harness):
    rng = random.Random(2)
    texts = [chr(c) for c in range(0x100)]
    texts += [random_text(rng) for _ in range(2000 // harness.variant.share)]
    expected = [hexed(quote_plus(text).encode()) for text in texts]
    for engine in harness.engines():
        commands = [f"quote {engine} {hexed(text.encode())}" for text in texts]
        assert harness.ask(commands) == expected, engine


def test_base64_equals_the_standard_library(harness):
    rng = random.Random(3)
    samples = [rng.randbytes(n) for n in [*range(100), 1000, 1001, 1002]]
    expected = [hexed(base64.b64encode(data)) for data in samples]
    for engine in harness.engines():
        commands = [f"base64 {engine} {hexed(data)}" for data in samples]
        assert harness.ask(commands) == expected, engine


def test_base64url_equals_the_standard_library(harness):
    rng = random.Random(3)
    samples = [rng.randbytes(n) for n in [*range(100), 1000, 1001, 1002]]
    expected = [hexed(reference.base64url(data).encode()) for data in samples]
    for engine in harness.engines():
        commands = [f"base64url {engine} {hexed(data)}" for data in samples]
        assert harness.ask(commands) == expected, engine


def test_comparison_sees_every_bit(harness):
    data = random.Random(4).randbytes(20)
    altered = [
        (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(20, "big") for bit in range(160)
    ]
    answers = harness.ask(f"equal {data.hex()} {other.hex()}" for other in [data, *altered])
    assert answers == ["1", *"0" * 160]
