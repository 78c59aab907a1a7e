"""No number in an Arrow struct makes the reader compute or read what it must not."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

import pytest

from tests.tokens.arrow.structs import GetNext, Made, MadeStream, int32s, int64s, view
from tokbox._arrow import imported_structs, read
from tokbox._memory import (
    IntColumn,
    Memory,
    StringColumn,
    StringSlice,
    fixed_offsets,
    to_int32_offsets,
)
from tokbox.errors import InvalidArrowError

pytestmark = pytest.mark.skipif(
    sys.byteorder != "little", reason="the arrays are made for little-endian machines"
)

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
HOSTILE = [0, -1, 2**31, 2**60, INT64_MIN, INT64_MAX]
HOSTILE_32 = [0, -1, 13, 2**31 - 1, -(2**31)]
FIELDS = ["length", "null_count", "offset", "n_buffers", "n_children"]
LONG = b"abcdefghijklm"


def texts(**fields):
    return Made(b"u", 2, [None, int32s(0, 1, 3), b"abc"], **fields)


def large_texts(**fields):
    return Made(b"U", 2, [None, int64s(0, 1, 3), b"abc"], **fields)


def views(*, text_length=13, which=0, start=1, size=15, **fields):
    """A short text and a long one, whose place is *start* in buffer *which*."""
    long = view(text_length, b"abcd" + int32s(which, start))
    buffers = [None, view(1, b"a") + long, b"-" + LONG + b"-", int64s(size)]
    return Made(b"vu", 2, buffers, **fields)


def integers(form=b"l", values=(1, 0), **fields):
    return Made(form, len(values), [None, _packed(form, values)], **fields)


def _packed(form, values):
    size = 1 << b"cCsSiIlL".index(form) // 2
    return b"".join(v.to_bytes(size, "little", signed=form.islower()) for v in values)


def lists(child=texts, offsets=(0, 1, 2), **fields):
    return Made(b"+l", 2, [None, int32s(*offsets)], children=[child()], **fields)


def large_lists(child=texts, offsets=(0, 1, 2), **fields):
    return Made(b"+L", 2, [None, int64s(*offsets)], children=[child()], **fields)


def table(child=texts, **fields):
    return Made(b"+s", 2, [None], children=[child()], **fields)


#: An array of each format that is read, and what it holds.
FORMATS = {
    "u": (texts, ["a", "bc"]),
    "U": (large_texts, ["a", "bc"]),
    "vu": (views, ["a", LONG.decode()]),
    **{
        form: (lambda form=form, **fields: integers(form.encode(), **fields), [1, 0])
        for form in "cCsSiIlL"
    },
    "n": (lambda **fields: Made(b"n", 2, [], **fields), [None, None]),
    "+l": (lists, [["a"], ["bc"]]),
    "+L": (large_lists, [["a"], ["bc"]]),
    "+l of +L": (lambda **fields: lists(large_lists, **fields), [[["a"]], [["bc"]]]),
    "+l of n": (
        lambda **fields: lists(lambda: Made(b"n", 2, []), **fields),
        [[None], [None]],
    ),
    "+s of u": (table, ["a", "bc"]),
    "+s of vu": (lambda **fields: table(views, **fields), ["a", LONG.decode()]),
    "+s of l": (lambda **fields: table(integers, **fields), [1, 0]),
    "dictionary of u": (
        lambda **fields: integers(dictionary=texts(), **fields),
        ["bc", "a"],
    ),
    "dictionary of vu": (
        lambda **fields: integers(b"C", dictionary=views(), **fields),
        [LONG.decode(), "a"],
    ),
    "dictionary of l": (
        lambda **fields: integers(b"s", dictionary=integers(), **fields),
        [0, 1],
    ),
    "dictionary of +l": (
        lambda **fields: integers(b"I", dictionary=lists(), **fields),
        [["bc"], ["a"]],
    ),
}


@pytest.fixture(autouse=True)
def small_machine(monkeypatch):
    """Pretend that there are 16 GiB of memory: a column of 2**31 rows needs 32."""
    there = {"SC_PHYS_PAGES": 2**22, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", there.__getitem__)


@pytest.fixture(scope="module")
def zeros():
    """Address of 32 GiB of zeros, which is enough for row 2**31 of any format."""
    size = 16 * (2**31 + 2)
    try:
        memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
    except (OSError, OverflowError):  # the address space is limited
        pytest.skip("there is no address space for 32 GiB")
    find = ctypes.pythonapi.PyObject_GetBuffer
    found = (ctypes.c_void_p * 16)()
    find(ctypes.py_object(memory), found, 0)
    yield found[0]
    ctypes.pythonapi.PyBuffer_Release(found)
    memory.close()


def parts_of(made):
    """The array, and all that it is made of."""
    yield made
    for child in made._parts:
        yield from parts_of(child)
    if hasattr(made, "_dictionary"):
        yield from parts_of(made._dictionary)


def outcome(source):
    """Return the values as a list, or the exception that reading them raised."""
    try:
        return list(read(source, "column"))
    except (InvalidArrowError, MemoryError) as error:
        return error
    finally:
        assert imported_structs() == 0


def is_unreadable(field, value):
    """Check whether the field names row 2**31, which the buffers of these arrays lack.

    The reader cannot detect that: ``test_an_offset_of_many_gigabytes_is_followed``.
    """
    return (field, value) == ("offset", 2**31)


@pytest.mark.parametrize("streamed", [False, True], ids=["array", "stream"])
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_hostile_field_is_refused_or_changes_nothing(name, field, streamed):
    make, expected = FORMATS[name]
    for which in range(len(list(parts_of(make())))):
        for value in HOSTILE:
            if is_unreadable(field, value):
                continue
            made = make()
            part = list(parts_of(made))[which]
            setattr(part.array, field, value)
            found = outcome(MadeStream(make(), [make(), made]) if streamed else made)
            allowed = (
                [expected, []] if (which, field, value) == (0, "length", 0) else [expected]
            )
            if streamed:
                allowed = [expected + rows for rows in allowed]
            told = (which, value, found)
            if isinstance(found, Exception):
                assert (field, value) != ("offset", 0), told
            else:
                assert found in allowed, told
            if field in ("length", "offset") and value not in (0, 2**31):
                assert isinstance(found, InvalidArrowError), told


@pytest.mark.parametrize("name", [name for name in FORMATS if "+s" not in name])
def test_an_offset_of_many_gigabytes_is_followed(name, zeros):
    made = FORMATS[name][0](offset=2**31, length=1)
    for i in range(1, made.array.n_buffers):
        made.array.buffers[i] = zeros
    zero = {"u": "", "U": "", "vu": "", "n": None, "+l": [], "+L": []}
    first = {"u": "a", "vu": "a", "l": 1, "+l": ["a"]}  # of a dictionary
    of = name.rpartition("dictionary of ")[2]
    expected = first[of] if of != name else zero.get(name.split()[0], 0)
    assert outcome(made) == [expected]


@pytest.mark.parametrize("field", ["n_children", "flags"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_hostile_field_of_a_schema_is_refused_or_changes_nothing(name, field):
    make, expected = FORMATS[name]
    for which in range(len(list(parts_of(make())))):
        for value in HOSTILE:
            made = make()
            setattr(list(parts_of(made))[which].schema, field, value)
            found = outcome(made)
            assert isinstance(found, InvalidArrowError) or found == expected, (which, value)


@pytest.mark.parametrize(
    "size",
    [
        -1, -13, INT64_MIN, *[INT64_MIN + n for n in (1, 12, 13, 14)],
        0, 12, 13, 2**60, INT64_MAX, INT64_MAX - 13,
    ],
)  # fmt: skip
def test_a_view_is_refused_if_the_size_of_its_buffer_cannot_be(size):
    assert isinstance(outcome(views(size=size)), InvalidArrowError)
    assert isinstance(outcome(views(size=size, start=2**31 - 1)), InvalidArrowError)
    assert isinstance(outcome(table(lambda: views(size=size))), InvalidArrowError)
    assert isinstance(outcome(integers(dictionary=views(size=size))), InvalidArrowError)


def test_a_view_may_end_where_its_buffer_does():
    assert outcome(views(size=14)) == outcome(views(size=2**31)) == ["a", LONG.decode()]


@pytest.mark.parametrize("number", ["text_length", "which", "start"])
@pytest.mark.parametrize("value", HOSTILE_32)
def test_a_hostile_number_in_a_view_is_refused(number, value):
    found = outcome(views(**{number: value}))
    if (number, value) in (
        ("text_length", 0),
        ("text_length", 13),
        ("which", 0),
        ("start", 0),
    ):
        assert len(found) == 2
    else:
        assert isinstance(found, InvalidArrowError)


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("make", [large_texts, large_lists])
def test_a_hostile_offset_is_refused(make, at):
    for value in HOSTILE:
        offsets = [0, 1, 2]
        offsets[at] = value
        made = make()
        made.array.buffers[1] = ctypes.addressof(
            kept := ctypes.create_string_buffer(int64s(*offsets))
        )
        # The reader cannot know that the buffer is shorter than 2**31 bytes.
        if (make, at, value) == (large_texts, 2, 2**31):
            read(made, "column")
        elif (at, value) in ((0, 0), (1, 0)):
            assert len(outcome(made)) == 2
        else:
            assert isinstance(outcome(made), InvalidArrowError), value
        del kept


@pytest.mark.parametrize("at", range(3))
def test_a_hostile_offset_of_32_bits_is_refused(at):
    for value in HOSTILE_32:
        offsets = [0, 1, 2]
        offsets[at] = value
        expected = (at, value) in ((0, 0), (1, 0))
        assert isinstance(outcome(lists(offsets=offsets)), InvalidArrowError) != expected, (
            value
        )
        made = Made(b"u", 2, [None, int32s(*offsets), b"abc" * 5])
        if (at, value) == (2, 2**31 - 1):
            read(made, "column")  # as above
        else:
            expected = expected or (at, value) == (2, 13)
            assert isinstance(outcome(made), InvalidArrowError) != expected, value


@pytest.mark.parametrize("form", "cCsSiIlL")
@pytest.mark.parametrize("values", [texts, views, integers, lists])
def test_a_hostile_index_is_refused(form, values):
    bits = 8 << "cCsSiIlL".index(form) // 2
    least, most = (0, 2**bits) if form.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    for index in {least, least + 1, 2, most // 2, most - 1, max(least, -1)} - {0, 1}:
        made = integers(form.encode(), [0, index], dictionary=values())
        assert isinstance(outcome(made), InvalidArrowError), index


def test_rows_that_cannot_fit_are_refused_before_there_is_memory_for_them():
    rows = 2**52
    for source in (
        texts(length=rows),
        integers(length=rows),
        lists(length=rows),
        Made(b"n", rows, []),
        integers(dictionary=Made(b"n", rows, [])),
        MadeStream(texts(), [texts(length=2**30 - 1), texts(length=2)]),
        MadeStream(Made(b"n", 2, []), [Made(b"n", rows, []) for _ in range(4096)]),
    ):
        found = outcome(source)
        assert isinstance(found, MemoryError)
        assert "rows need" in str(found)


def test_items_are_not_in_two_lists():
    made = Made(b"+l", 3, [b"\x05", int32s(0, 2, 0, 2)], children=[texts()])
    assert isinstance(outcome(made), InvalidArrowError)


def test_a_dictionary_of_texts_has_no_dictionary():
    for of_schema, of_array in ((True, True), (True, False), (False, True)):
        made = integers(dictionary=texts(dictionary=texts()))
        inner = made._dictionary
        if not of_schema:
            inner.schema.dictionary = type(inner.schema.dictionary)()
        if not of_array:
            inner.array.dictionary = type(inner.array.dictionary)()
        assert isinstance(outcome(made), InvalidArrowError)


@pytest.mark.parametrize("function", ["get_schema", "get_next", "get_last_error"])
def test_a_stream_without_a_function_is_refused(function):
    stream = MadeStream(texts(), [texts()])
    kind = type(getattr(stream.stream, function))
    setattr(stream.stream, function, kind() if kind is not GetNext else GetNext())
    with pytest.raises(InvalidArrowError, match="has all of its functions"):
        read(stream, "column")
    assert (stream.released, imported_structs()) == (1, 0)


@pytest.mark.parametrize("name", FORMATS)
def test_buffers_need_not_be_aligned(name):
    make, expected = FORMATS[name]
    made = make()
    for part in parts_of(made):
        moved = [
            None if b is None else ctypes.create_string_buffer(b"-" + b.raw)
            for b in part._buffers
        ]
        for i, buffer in enumerate(moved):
            if buffer is not None:
                part.array.buffers[i] = ctypes.addressof(buffer) + 1
        part._moved = moved
    assert outcome(made) == expected


### Columns and memory themselves ###


@pytest.mark.parametrize("n", [2**57, 2**60, INT64_MAX])
def test_a_column_larger_than_all_memory_is_a_memory_error(n):
    for make in (lambda: StringColumn(n, []), lambda: IntColumn(n, False)):
        with pytest.raises(MemoryError):
            make()


@pytest.mark.parametrize("n", [-1, INT64_MIN])
def test_a_column_of_fewer_rows_than_none_is_refused(n):
    for make in (lambda: StringColumn(n, []), lambda: IntColumn(n, True)):
        with pytest.raises(ValueError, match="negative"):
            make()


def offsets(*values):
    memory = Memory(8 * len(values))
    memory.put(0, int64s(*values))
    return memory


@pytest.mark.parametrize("value", [-1, 4, 2**60, INT64_MIN, INT64_MAX])
@pytest.mark.parametrize("at", range(3))
def test_offsets_that_leave_their_memory_are_refused(at, value):
    text = Memory(3)
    text.put(0, b"abc")
    places = [0, 1, 3]
    places[at] = value
    with pytest.raises(IndexError):
        StringSlice(text, offsets(*places), 0, 0, 2)
    with pytest.raises(IndexError):
        text.select(offsets(*places), 0, 1, 2)
    with pytest.raises(IndexError):
        text.join(offsets(*places), 0, 0, 1, 2)
    with pytest.raises(IndexError):
        [text.row(offsets(*places), row) for row in range(2)]
    if at < 2 or value < 0:
        with pytest.raises(IndexError):
            to_int32_offsets(offsets(*places), 0, 2)


def test_numbers_that_no_memory_has_are_refused():
    for n, length in ((2**62, 2), (-1, 1), (1, -1), (INT64_MAX, INT64_MAX)):
        with pytest.raises(OverflowError):
            fixed_offsets(n, length)
    for n in (2**60, INT64_MAX):
        with pytest.raises(MemoryError):
            fixed_offsets(n, 0)
        with pytest.raises(MemoryError):
            Memory(3).join(None, 3, 0, 0, n)
