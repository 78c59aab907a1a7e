"""Columns are copied before they are read, in pieces if they are long."""

from __future__ import annotations

import sys

import pytest

import tokbox
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.kernels import every_kernel
from tokbox import _fastsign

#: More than two pieces.
LONG = list(range(300_000))


@pytest.mark.parametrize("make", [list, iter, lambda values: (v for v in values)])
def test_a_long_column_is_copied_whole(make):
    assert _fastsign.copy_list(make(LONG)) == LONG


def test_a_list_is_copied_and_a_tuple_cannot_change():
    values, fixed = ["a"], ("a",)
    copy = _fastsign.copy_list(values)
    values.append("b")
    assert copy == ["a"]
    assert _fastsign.copy_list(fixed) is fixed


def test_a_released_list_is_empty():
    copy, fixed = _fastsign.copy_list(LONG), ("a",)
    for column in (copy, fixed, None):
        _fastsign.release_list(column)
    assert copy == []
    assert fixed == ("a",)


@every_kernel
def test_a_call_keeps_no_row_after_its_end():
    signer = tokbox.Signer(KEY, SECRET)
    column = ["".join(["row ", str(i)]) for i in range(3)]
    before = [sys.getrefcount(text) for text in column]
    batch = signer.sign_rows(SESSION, connection_data=column)
    assert [sys.getrefcount(text) for text in column] == before
    assert [signer.verify(token).connection_data for token in batch] == column


@every_kernel
@pytest.mark.parametrize("column", [{"a"}, None, "ab", {"a": 1}])
def test_the_core_accepts_only_copied_columns(column):
    with pytest.raises(TypeError):
        _fastsign.verify_many(_fastsign.Key(b"s"), b"", b"1", column, 0, 0)
