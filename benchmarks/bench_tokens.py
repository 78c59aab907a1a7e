"""tokbox beside the official Python SDK and the seed, by pytest-benchmark.

Run it with ``make bench`` (which also takes the ratios, see run.py) or alone:
``python -m pytest benchmarks/bench_tokens.py --benchmark-enable``.
"""

from __future__ import annotations

import pytest

import tokbox

from . import workloads
from .rivals import Unavailable, opentok_python, plain_go, seed_go

CLAIMS = (workloads.ROLE, workloads.CONNECTION_DATA, workloads.EXPIRATION)


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


@pytest.mark.benchmark(group="one token")
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_one_token_by_opentok(benchmark, kind):
    run = opentok_python.make(kind)
    benchmark(run, 1)


@pytest.mark.benchmark(group="a list of a million")
@pytest.mark.parametrize("multithread", [False, True], ids=["1 thread", "threads"])
def test_tokens(benchmark, session, multithread):
    n = workloads.N
    rounds(benchmark, lambda: session.tokens(n, multithread, *CLAIMS), n)


@pytest.mark.benchmark(group="a batch of a million")
@pytest.mark.parametrize("multithread", [False, True], ids=["1 thread", "threads"])
def test_token_batch(benchmark, session, multithread):
    n = workloads.N
    rounds(benchmark, lambda: session.token_batch(n, multithread, *CLAIMS), n)


@pytest.mark.benchmark(group="ten thousand by others")
@pytest.mark.parametrize(
    ("rival", "mode"),
    [
        (opentok_python, "t1"),
        (opentok_python, "jwt"),
        (seed_go, "single"),
        (seed_go, "multithread"),
        (plain_go, "single"),
        (plain_go, "multithread"),
    ],
    ids=lambda value: getattr(value, "label", value),
)
def test_others(benchmark, rival, mode):
    try:
        run = rival.make(mode)
    except Unavailable as reason:
        pytest.skip(f"{rival.label} cannot run here: {reason}")
    rounds(benchmark, lambda: run(10_000), 10_000)
