"""Text and numbers of subclasses and of other libraries, as the built-in types."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.support.lookalikes import (
    ArrayOfNoDimensions,
    Disguised,
    Index,
    Number,
    Pretender,
    bool_,
    member,
)
from tokbox.exact import exact_int, exact_number, exact_text, has_no_dimensions


@pytest.mark.parametrize("text", ["", "a", "é\U0001f600", "\ud800", "x" * 1000])
@pytest.mark.parametrize("kind", [str, Disguised, member])
def test_text_of_a_subclass_is_its_own_characters(text: str, kind: Any) -> None:
    found = exact_text(kind(text))
    assert type(found) is str
    assert found == text


def test_a_plain_str_and_a_plain_int_are_returned_as_they_are() -> None:
    text, number = "".join(["a", "b"]), 10**30
    assert exact_text(text) is text
    assert exact_int(number) is number


@pytest.mark.parametrize("value", [None, 1, b"a", bytearray(b"a"), ["a"]])
def test_a_value_that_is_not_text_is_none(value: object) -> None:
    assert exact_text(value) is None


def test_an_object_that_only_claims_to_be_a_str_is_not_text() -> None:
    assert isinstance(Pretender(), str)
    assert exact_text(Pretender()) is None


@pytest.mark.parametrize("number", [0, -1, 60, 2**63, 10**30])
@pytest.mark.parametrize("kind", [int, Number, Index])
def test_an_integer_of_any_kind_is_its_own_number(number: int, kind: Any) -> None:
    for convert in (exact_int, exact_number):
        found = convert(kind(number))
        assert type(found) is int
        assert found == number


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        bool_(1),
        ArrayOfNoDimensions(5),
        None,
        "5",
        Decimal(5),
        Fraction(5),
        [5],
        range(5),
    ],
)
def test_booleans_and_arrays_and_other_numbers_are_no_integers(value: object) -> None:
    assert exact_int(value) is None
    assert exact_number(value) is None


def test_a_float_is_a_number_and_no_integer() -> None:
    class Half(float):
        def __float__(self) -> float:
            return 7.0

    assert exact_int(0.5) is None
    for value in (0.5, Half(0.5)):
        assert type(exact_number(value)) is float
        assert exact_number(value) == 0.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [(ArrayOfNoDimensions(5), True), (5, False), ([5], False), (Index(5), False)],
)
def test_an_array_without_dimensions_is_recognised(value: object, expected: bool) -> None:
    assert has_no_dimensions(value) is expected


def test_numpy_values_are_converted() -> None:
    numpy = pytest.importorskip("numpy")
    for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        found = exact_int(getattr(numpy, kind)(5))
        assert (type(found), found) == (int, 5)
    assert exact_int(numpy.uint64(2**64 - 1)) == 2**64 - 1
    assert type(exact_text(numpy.str_("é"))) is str
    assert type(exact_number(numpy.float64(0.5))) is float
    for value in (numpy.bool_(True), numpy.array(5), numpy.array([5]), numpy.float64(5)):
        assert exact_int(value) is None
    assert exact_int(numpy.timedelta64(60, "s")) is None
    assert has_no_dimensions(numpy.array(5))
    assert not has_no_dimensions(numpy.array([5]))
    assert not has_no_dimensions(numpy.int64(5))
