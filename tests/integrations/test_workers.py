"""Nonces of many workers, as plain processes: no two of a run are equal."""

from __future__ import annotations

import base64
import multiprocessing

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.support.batches import KEY, NOW, SECRET, SESSION
from tests.support.sizes import size
from tokbox.integrations.job import SigningJob, col
from tokbox.tokens.derive import Derived

WORKERS, ROWS = 64, size(1000, 100_000)
DIGITS = 27


def nonces(job: SigningJob, worker: int) -> bytes:
    """Sign the rows of one worker, in two batches, and return the digits alone."""
    first = worker * ROWS
    sign = job.open()
    found = []
    for start in (first, first + ROWS // 2):
        ids = range(start, start + ROWS // 2)
        batch = pa.table({"id": ids, "name": ["guest"] * len(ids)})
        # The nonce is what a token ends with.
        ends = (base64.b64decode(t[-40:]) for t in sign(batch)["token"].to_pylist())
        found += [end[-DIGITS:] for end in ends]
    return b"".join(found)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "how",
    [None, Derived(run_id="r", row_key=col("id"), issued_at=NOW)],
    ids=["random", "derived"],
)
def test_no_two_of_64_workers_make_the_same_nonce(monkeypatch, how):
    monkeypatch.setenv("A_SECRET", SECRET)
    job = SigningJob(
        project_id=KEY,
        key="env:A_SECRET",
        session_id=SESSION,
        connection_data=col("name"),
        nonce=how,
    )
    # Each worker is a process, forked from one that has signed before.
    job.open()(pa.table({"id": [1], "name": ["guest"]}))
    fork = multiprocessing.get_context("fork")
    with fork.Pool(2, maxtasksperchild=1) as pool:
        tasks = ((job, worker) for worker in range(WORKERS))
        digits = b"".join(pool.starmap(nonces, tasks, chunksize=1))
    n = WORKERS * ROWS
    assert len(digits) == n * DIGITS
    found = pa.Array.from_buffers(pa.binary(DIGITS), n, [None, pa.py_buffer(digits)])
    assert pc.count_distinct(found).as_py() == n
