"""Memory of batches that are gone, for the batches to come."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest

import tokbox
from tests.support.kernels import every_kernel
from tokbox import _memory
from tokbox.errors import InvalidInputError

KEY, SECRET = "40000123", "canary0secret0canary0secret0canary0secret"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"

#: Large enough that fresh memory is requested from the system for each batch.
LARGE = 20_000


@pytest.fixture
def signer():
    return tokbox.Signer(KEY, SECRET)


@pytest.fixture
def session(signer):
    return signer.session(SESSION)


def address(batch):
    """The address of a batch's text, which shows whether memory was reused."""
    return _memory.address(batch._memory)


@every_kernel
def test_a_batch_uses_the_memory_of_one_that_is_gone(session):
    pool = tokbox.types.MemoryPool()
    batch = session.token_batch(LARGE, memory_pool=pool)
    first = address(batch)
    del batch
    batch = session.token_batch(LARGE, memory_pool=pool)
    assert address(batch) == first
    assert len(set(batch)) == LARGE


@every_kernel
def test_rows_use_it_as_well_if_there_is_enough_of_it(session, signer):
    pool = tokbox.types.MemoryPool()
    batch = session.token_batch(1000, memory_pool=pool)
    first = address(batch)
    del batch
    few = signer.sign_rows(session.session_id, connection_data=["a"] * 10, memory_pool=pool)
    assert address(few) == first
    del few
    many = signer.sign_rows(
        session.session_id, connection_data=["b" * 500] * LARGE, memory_pool=pool
    )
    assert signer.verify_many(many).ok
    assert {signer.verify(token).connection_data for token in many[::100]} == {"b" * 500}


@every_kernel
@pytest.mark.parametrize(
    "keep",
    [
        lambda batch: batch,
        lambda batch: batch[3:5],
        lambda batch: batch.data,
        lambda batch: memoryview(batch.data)[:10],
        iter,
    ],
    ids=["batch", "slice", "bytes", "view", "iterator"],
)
def test_memory_that_is_still_looked_at_is_left_alone(session, keep):
    pool = tokbox.types.MemoryPool()
    batch = session.token_batch(100, memory_pool=pool)
    first = address(batch)
    kept = keep(batch)
    if hasattr(kept, "__next__"):
        next(kept)
    before = bytes(batch.data)
    del batch
    assert address(session.token_batch(100, memory_pool=pool)) != first
    if isinstance(kept, memoryview):
        assert before.startswith(bytes(kept))
    else:
        assert all(token.encode() in before for token in kept)


@every_kernel
def test_a_stream_runs_in_two_pieces_of_memory(session):
    used = []
    for batch in session.iter_batches(1000, chunk=50):
        used.append(address(batch))
    assert len(set(used)) == 2
    # If a batch is released before the next one is made, one buffer is enough.
    used = []
    stream = session.iter_batches(1000, chunk=50)
    while (batch := next(stream, None)) is not None:
        used.append(address(batch))
        del batch
    assert len(set(used)) == 1


@every_kernel
def test_threads_can_share_a_pool(session):
    pool = tokbox.types.MemoryPool()
    seen: list[list[str]] = []

    def work():
        for _ in range(50):
            seen.append(list(session.token_batch(200, memory_pool=pool)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({token for tokens in seen for token in tokens}) == 4 * 50 * 200


@every_kernel
def test_a_pool_may_go_before_its_memory(session):
    pool = tokbox.types.MemoryPool()
    batch = session.token_batch(100, memory_pool=pool)
    del pool
    assert len(set(batch)) == 100


def test_a_pool_cannot_be_pickled_or_copied():
    pool = tokbox.types.MemoryPool()
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="memory pool"):
            attempt(pool)


def test_an_object_that_is_not_a_pool_is_refused(session):
    with pytest.raises(InvalidInputError, match="memory_pool must be a tokbox"):
        session.token_batch(1, memory_pool=object())
