"""tokbox beside others, by pytest-benchmark.

``python -m pytest benchmarks/bench_tokens.py --benchmark-enable``. For ratios, floors and
goals see run.py: there everything takes turns, here one follows the other.
"""

from __future__ import annotations

import pytest

import tokbox

from . import workloads
from .peers import PEERS
from .rivals import Unavailable

CLAIMS = tuple(workloads.CLAIMS.values())
BATCH = 200_000


@pytest.fixture(scope="module")
def session():
    with tokbox.Tokbox(workloads.API_KEY, workloads.SECRET) as tb:
        yield tb.session(workloads.SESSION_ID)


def rounds(benchmark, function, n):
    """Time *function*, which makes *n* tokens, a few times; say what one token takes."""
    benchmark.pedantic(function, rounds=5, warmup_rounds=1)
    if benchmark.stats:  # none where benchmarks are switched off
        benchmark.extra_info["ns_per_token"] = round(benchmark.stats["median"] / n * 1e9, 1)


@pytest.mark.benchmark(group="one token")
def test_one_token(benchmark, session):
    assert len(benchmark(session.token, *CLAIMS)) == workloads.TOKEN_LENGTH


@pytest.mark.benchmark(group="a list")
@pytest.mark.parametrize("multithread", [False, True], ids=["1 thread", "threads"])
def test_tokens(benchmark, session, multithread):
    rounds(benchmark, lambda: session.tokens(BATCH, multithread, *CLAIMS), BATCH)


@pytest.mark.benchmark(group="a batch in one buffer")
@pytest.mark.parametrize("multithread", [False, True], ids=["1 thread", "threads"])
def test_token_batch(benchmark, session, multithread):
    options = {"multithread": multithread, **workloads.CLAIMS}
    rounds(benchmark, lambda: session.token_batch(BATCH, **options), BATCH)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_others(benchmark, peer):
    try:
        run = peer.make()
    except Unavailable as reason:
        pytest.skip(f"{peer.name} cannot run here: {reason}")
    benchmark.group = peer.name  # each makes its own number, so there is no common table
    count = peer.count(BATCH)
    rounds(benchmark, lambda: run(count), count)
