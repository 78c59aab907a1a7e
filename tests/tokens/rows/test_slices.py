"""A slice of a batch is what a slice of the list of its tokens would be."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.batches import KEY, SECRET, SESSION
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.signer import Signer

BOUNDS = [None, 0, 1, 3, 6, 7, 9, -1, -7, -9]


@pytest.fixture(params=["alike", "varying"])
def batch(request: pytest.FixtureRequest) -> TokenBatch[Any]:
    """Seven tokens of one length, or each longer than the one before."""
    signer = Signer(KEY, SECRET)
    if request.param == "alike":
        return signer.session(SESSION).token_batch(7)
    # Data of 3 bytes more is a token of 4 characters more, or of none.
    return signer.sign_rows(SESSION, connection_data=["x" * 5 * row for row in range(7)])


@pytest.mark.parametrize("step", [None, 1, 2, 3, 7, -1, -2])
def test_a_slice_is_a_slice_of_the_list(batch: TokenBatch[Any], step: int | None) -> None:
    tokens = batch.tolist()
    for start, stop in itertools.product(BOUNDS, BOUNDS):
        part, expected = batch[start:stop:step], tokens[start:stop:step]
        text = "".join(expected)
        ends = [0, *itertools.accumulate(map(len, expected))]
        assert part.tolist() == list(part) == expected
        assert [part[row] for row in range(-len(expected), 0)] == expected
        assert part.nbytes == len(text)
        assert bytes(part.data) == text.encode()
        assert [int(offset) for offset in part.offsets] == ends


def test_a_slice_of_a_slice_counts_from_it(batch: TokenBatch[Any]) -> None:
    tokens = batch.tolist()
    assert batch[1:][::2][1:].tolist() == tokens[1:][::2][1:] == [tokens[3], tokens[5]]
    assert bytes(batch[2:5][1:].data).decode() == tokens[3] + tokens[4]


def test_a_batch_is_equal_to_one_of_the_same_tokens(batch: TokenBatch[Any]) -> None:
    assert batch == batch[:]
    assert batch != batch[1:]
    assert batch != 5
    assert not batch[:0]
