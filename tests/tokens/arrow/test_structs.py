"""Inconsistent Arrow structs are refused, and every imported struct is released."""

from __future__ import annotations

import ctypes
import sys

import pytest

from tests.tokens.arrow.structs import Made, MadeStream, int32s, int64s, view
from tokbox._arrow import imported_structs, read
from tokbox.errors import InvalidArrowError

pytestmark = pytest.mark.skipif(
    sys.byteorder != "little", reason="the arrays are made for little-endian machines"
)


def strings(**fields):
    return Made(b"u", 2, [None, int32s(0, 1, 3), b"abc"], **fields)


def integers(*values, **fields):
    return Made(b"l", len(values), [None, int64s(*values)], **fields)


def lists(offsets=(0, 1, 2), children=None, **fields):
    children = [strings()] if children is None else children
    return Made(b"+l", 2, [None, int32s(*offsets)], children=children, **fields)


def ends(*rows):
    return Made(b"i", len(rows), [None, int32s(*rows)])


def runs(length=3, children=None, **fields):
    children = [ends(1, 3), strings()] if children is None else children
    return Made(b"+r", length, [], children=children, **fields)


def fixed_lists(form=b"+w:1", children=None, **fields):
    children = [strings()] if children is None else children
    return Made(form, 2, [None], children=children, **fields)


def table(children=None, length=2, **fields):
    children = [strings()] if children is None else children
    return Made(b"+s", length, [None], children=children, **fields)


GOOD = {
    "strings": (strings, ["a", "bc"]),
    "a slice": (lambda: strings(offset=1, length=1), ["bc"]),
    "nothing": (lambda: Made(b"u", 0, [None, None, None]), []),
    "nothing of many bytes": (lambda: Made(b"U", 0, [None, None, b"abc"]), []),
    "empty strings without text": (
        lambda: Made(b"u", 2, [None, int32s(0, 0, 0), None]),
        ["", ""],
    ),
    "large": (lambda: Made(b"U", 1, [None, int64s(1, 3), b"abc"]), ["bc"]),
    "views": (
        lambda: Made(
            b"vu",
            3,
            [
                None,
                view(3, b"abc") + view(13, b"abcd" + int32s(0, 1)) + view(0, b""),
                b"-abcdefghijklm-",
                int64s(15),
            ],
        ),
        ["abc", "abcdefghijklm", ""],
    ),
    "nulls": (
        lambda: Made(b"u", 2, [b"\x02", int32s(0, 1, 3), b"abc"], null_count=1),
        [None, "bc"],
    ),
    "integers": (lambda: integers(1, -1), [1, -1]),
    "lists": (lists, [["a"], ["bc"]]),
    "a table": (table, ["a", "bc"]),
    "a dictionary": (lambda: integers(1, 0, 1, dictionary=strings()), ["bc", "a", "bc"]),
    "runs": (runs, ["a", "bc", "bc"]),
    "a slice of runs": (lambda: runs(length=1, offset=1), ["bc"]),
    "runs of integers": (
        lambda: runs(children=[ends(1, 3), integers(7, 8)]),
        [7, 8, 8],
    ),
    "no runs": (lambda: runs(length=0, children=[ends(), strings(length=0)]), []),
    "runs in a table with nulls": (
        lambda: Made(b"+s", 3, [b"\x05"], children=[runs()], null_count=1),
        ["a", None, "bc"],
    ),
    "fixed lists": (fixed_lists, [["a"], ["bc"]]),
    "fixed lists of nothing": (lambda: fixed_lists(b"+w:0"), [[], []]),
    "booleans": (
        lambda: Made(b"b", 3, [b"\x05", b"\x06"], null_count=1),
        [False, None, True],
    ),
}

BAD = {
    "no format": lambda: Made(None, 2, [None, int32s(0, 1, 3), b"abc"]),
    "an empty format": lambda: Made(b"", 2, [None, int32s(0, 1, 3), b"abc"]),
    "a format that Arrow lacks": lambda: Made(b"G", 1, [None, int64s(0)]),
    "two letters": lambda: Made(b"ll", 1, [None, int64s(0)]),
    "no ASCII": lambda: Made(b"\xff\xfe", 1, [None, int64s(0)]),
    "a negative length": lambda: strings(length=-1),
    "a negative offset": lambda: strings(offset=-1),
    "an offset beyond everything": lambda: strings(offset=2**63 - 1),
    "a sum beyond everything": lambda: strings(offset=2**62, length=2**62),
    "a negative number of buffers": lambda: strings(n_buffers=-1),
    "too few buffers": lambda: strings(n_buffers=1),
    "no text": lambda: strings(n_buffers=2),
    "too many buffers": lambda: Made(b"u", 1, [None, int32s(0, 1), b"a", b"b"]),
    "no list of buffers": lambda: strings(buffers=None),
    "a missing buffer": lambda: Made(b"u", 2, [None, None, b"abc"]),
    "a missing text": lambda: Made(b"u", 2, [None, int32s(0, 1, 3), None]),
    "missing integers": lambda: Made(b"i", 2, [None, None]),
    "missing views": lambda: Made(b"vu", 1, [None, None, int64s()]),
    "missing bits": lambda: strings(null_count=1),
    "offsets that fall": lambda: Made(b"u", 2, [None, int32s(0, 3, 1), b"abc"]),
    "offsets that fall at last": lambda: Made(b"u", 2, [None, int32s(3, 3, 0), b"abc"]),
    "negative offsets": lambda: Made(b"u", 2, [None, int32s(-1, 1, 3), b"abc"]),
    "large offsets that fall": lambda: Made(b"U", 1, [None, int64s(2**62, 1), b"abc"]),
    "views without sizes": lambda: Made(b"vu", 1, [None, view(1, b"a")]),
    "a negative view": lambda: Made(b"vu", 1, [None, view(-1, b"a"), int64s()]),
    "a view of no buffer": lambda: Made(
        b"vu", 1, [None, view(13, b"abcd" + int32s(0, 0)), int64s()]
    ),
    "a view of a negative buffer": lambda: Made(
        b"vu", 1, [None, view(13, b"abcd" + int32s(-1, 0)), b"x" * 20, int64s(20)]
    ),
    "a view from before its buffer": lambda: Made(
        b"vu", 1, [None, view(13, b"abcd" + int32s(0, -1)), b"x" * 20, int64s(20)]
    ),
    "a view beyond its buffer": lambda: Made(
        b"vu", 1, [None, view(13, b"abcd" + int32s(0, 8)), b"x" * 20, int64s(20)]
    ),
    "a view of a missing buffer": lambda: Made(
        b"vu", 1, [None, view(13, b"abcd" + int32s(0, 0)), None, int64s(20)]
    ),
    "a view of a buffer without a size": lambda: Made(
        b"vu", 1, [None, view(13, b"abcd" + int32s(0, 0)), b"x" * 20, None]
    ),
    "lists without children": lambda: lists(children=[]),
    "lists of no child": lambda: lists(children=[None]),
    "lists with a number of children and none": lambda: lists(children=[], n_children=1),
    "lists of two children": lambda: lists(children=[strings(), strings()]),
    "lists beyond their child": lambda: lists((0, 1, 3)),
    "lists that fall": lambda: lists((0, 2, 1)),
    "lists from before their child": lambda: lists((-1, 1, 2)),
    "lists of a bad child": lambda: lists(children=[strings(length=-1)]),
    "a table without columns": lambda: table([]),
    "a table of no column": lambda: table([None]),
    "a table of two columns": lambda: table([strings(), strings()]),
    "a table longer than its column": lambda: table(length=3),
    "a table that ends behind its column": lambda: table(offset=1),
    "runs without children": lambda: runs(children=[]),
    "runs of no child": lambda: runs(children=[None, None]),
    "runs with a number of children and none": lambda: runs(children=[], n_children=2),
    "runs of one child": lambda: runs(children=[ends(2)]),
    "runs whose array has one child": lambda: runs(n_children=1),
    "runs that end at strings": lambda: runs(children=[strings(), strings()]),
    "runs that end before the last row": lambda: runs(length=4),
    "more runs than values": lambda: runs(children=[ends(1, 2, 3), strings()]),
    "lists of a size that is no number": lambda: fixed_lists(b"+w:x"),
    "lists of an enormous size": lambda: fixed_lists(b"+w:" + b"9" * 5000),
    "lists longer than their child": lambda: fixed_lists(b"+w:2"),
    "fixed lists without children": lambda: fixed_lists(children=[]),
    "a decimal of no width": lambda: Made(b"d:5,1,7", 1, [None, int64s(0)]),
    "a duration of an unknown unit": lambda: Made(b"tDx", 1, [None, int64s(0)]),
    "booleans without a buffer": lambda: Made(b"b", 1, [None]),
    "doubles without a buffer": lambda: Made(b"g", 1, [None, None]),
    "a dictionary in the schema only": lambda: (
        integers(0, dictionary=strings()) and _without_dictionary("array")
    ),
    "a dictionary in the array only": lambda: _without_dictionary("schema"),
    "an index beyond the dictionary": lambda: integers(0, 2, dictionary=strings()),
    "an index before the dictionary": lambda: integers(0, -1, dictionary=strings()),
    "an index beyond other values": lambda: integers(0, 2, dictionary=integers(1, 2)),
    "an index before other values": lambda: integers(0, -1, dictionary=integers(1, 2)),
    "a dictionary looked up by strings": lambda: strings(dictionary=strings()),
    "a bad dictionary": lambda: integers(0, dictionary=strings(length=-1)),
}


def _without_dictionary(of):
    made = integers(0, dictionary=strings())
    getattr(made, of).dictionary = type(getattr(made, of).dictionary)()
    return made


@pytest.mark.parametrize("name", GOOD)
def test_structs_that_are_right_are_read(name):
    make, expected = GOOD[name]
    made = make()
    assert list(read(made, "column")) == expected
    assert (made.released, imported_structs()) == (2, 0)


@pytest.mark.parametrize("name", BAD)
def test_structs_that_contradict_themselves_are_refused(name):
    made = BAD[name]()
    with pytest.raises(InvalidArrowError, match=r"^column must ") as caught:
        read(made, "column")
    assert (caught.value.field, caught.value.value) == ("column", None)
    assert made.released == 2
    assert imported_structs() == 0


@pytest.mark.parametrize("name", BAD)
def test_streams_of_such_structs_are_refused(name):
    good, bad = strings(), BAD[name]()
    bad_schema = bad.schema.format != good.schema.format
    stream = MadeStream(bad if bad_schema else good, [bad, strings()])
    if not bad_schema and bad.schema.dictionary:
        stream = MadeStream(bad, [bad, strings()])
    with pytest.raises(InvalidArrowError):
        read(stream, "column")
    assert (stream.released, imported_structs()) == (1, 0)


def test_a_stream_is_read_to_its_end_and_all_of_it_goes_back():
    schema, arrays = strings(), [strings(), strings(offset=1, length=1), strings(length=0)]
    stream = MadeStream(schema, arrays)
    column = read(stream, "column")
    assert list(column) == ["a", "bc", "bc"]
    assert [made.released for made in (schema, *arrays)] == [1, 0, 0, 0]
    del column
    assert [made.released for made in (schema, *arrays, stream)] == [1, 1, 1, 1, 1]
    assert imported_structs() == 0


@pytest.mark.parametrize(
    ("schema", "arrays", "said"),
    [(5, [], "error 5"), (None, [], "has a schema"), (strings(), [12], "error 12")],
    ids=["no schema", "an empty schema", "no array"],
)
def test_streams_that_break_off_are_refused(schema, arrays, said):
    stream = MadeStream(schema, arrays)
    with pytest.raises(InvalidArrowError, match=said):
        read(stream, "column")
    assert (stream.released, imported_structs()) == (1, 0)


def test_a_released_or_imported_array_is_refused():
    made, stream = strings(), MadeStream(strings())
    read(made, "column")
    read(stream, "column")
    for gone in (made, stream):
        with pytest.raises(InvalidArrowError, match="released or imported"):
            read(gone, "column")
        assert gone.released == (2 if gone is made else 1)
    half = strings()
    half.array.release = type(half.array.release)()
    with pytest.raises(InvalidArrowError, match="released or imported"):
        read(half, "column")
    assert (half.released, imported_structs()) == (1, 0)


@pytest.mark.parametrize(
    "handed",
    [
        None,
        (),
        (1, 2),
        ("a",),
        "ab",
        [1, 2],
        (1, 2, 3),
        pytest.param(object(), id="object"),
    ],
    ids=repr,
)
def test_an_object_that_is_not_a_capsule_is_refused(handed):
    class Odd:
        def __arrow_c_array__(self, requested_schema=None):
            return handed

    class OddStream:
        def __arrow_c_stream__(self, requested_schema=None):
            return handed

    for odd in (Odd(), OddStream()):
        with pytest.raises(InvalidArrowError, match="capsule"):
            read(odd, "column")


def test_capsules_in_each_other_s_place_are_refused():
    class Swapped:
        def __arrow_c_array__(self, requested_schema=None):
            return strings().__arrow_c_array__()[::-1]

        __arrow_c_stream__ = None

    with pytest.raises(InvalidArrowError, match="capsule named arrow_schema"):
        read(Swapped(), "column")


def test_an_exception_of_the_producer_s_own_is_left_as_it_is():
    class Broken:
        def __arrow_c_array__(self, requested_schema=None):
            raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        read(Broken(), "column")


def test_the_structs_have_the_sizes_of_the_specification():
    pointer = ctypes.sizeof(ctypes.c_void_p)
    assert ctypes.sizeof(type(strings().schema)) == 16 + 7 * pointer
    assert ctypes.sizeof(type(strings().array)) == 40 + 5 * pointer
