"""Arrow arrays as columns, from any producer."""

from __future__ import annotations

import gc
import struct
import threading
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.support import applications
from tests.support.batches import KEY, OTHER_SESSION, SECRET, SESSION, sign
from tests.support.corpus import CORPUS, make_jwt
from tests.support.kernels import every_kernel
from tests.tokens.arrow.structs import Made, int32s, int64s
from tests.tokens.verify.test_verify import NOW
from tests.tokens.verify.test_verify_many import said
from tokbox import decode, decode_many
from tokbox._arrow import imported_structs, is_arrow, read
from tokbox._memory import IntColumn, ListColumn, StringColumn
from tokbox.errors import (
    InvalidArrowError,
    InvalidClaimsError,
    InvalidInputError,
    TokenError,
)
from tokbox.tokens.signer import Signer
from tokbox.types import Decoded

pa = pytest.importorskip("pyarrow")

WORDS = ["", "a", None, "Zoë & Co", "x" * 12, "y" * 13, "\U0001f600" * 300, None, "end"]
STRINGS = [pa.string(), pa.large_string(), pa.string_view()]


class OnlyArray:
    """An object that only exports the Arrow interface."""

    def __init__(self, inner):
        self._inner = inner

    def __arrow_c_array__(self, requested_schema=None):
        return self._inner.__arrow_c_array__(requested_schema)


class OnlyStream:
    """The same of a stream."""

    def __init__(self, inner):
        self._inner = inner

    def __arrow_c_stream__(self, requested_schema=None):
        return self._inner.__arrow_c_stream__(requested_schema)


def to_list(value):
    return list(read(value, "column"))


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


### Reading ###


@pytest.mark.parametrize("type_", STRINGS, ids=str)
@pytest.mark.parametrize("cut", [slice(None), slice(3, None), slice(1, -2), slice(0, 0)])
def test_strings_of_every_layout_are_read_in_place(type_, cut):
    array = pa.array(WORDS, type_)[cut]
    assert is_arrow(array)
    assert type(read(array, "column")) is StringColumn
    assert to_list(OnlyArray(array)) == WORDS[cut]
    assert to_list(OnlyStream(pa.chunked_array([array, array]))) == WORDS[cut] * 2


@pytest.mark.parametrize(
    "name", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
)
def test_integers_of_every_width_are_read(name):
    type_ = getattr(pa, name)()
    bits = type_.bit_width
    signed = not name.startswith("u")
    most = 2 ** (bits - signed) - 1
    values = [0, 1, None, most, -most - 1 if signed else most - 1]
    assert type(read(pa.array(values, type_), "column")) is IntColumn
    assert to_list(OnlyArray(pa.array(values, type_))) == values
    assert to_list(pa.array(values, type_)[2:]) == values[2:]


def test_lists_and_nulls_are_read():
    names = [["focus"], [], None, ["a", None, "b"]]
    for values in (pa.string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        for kind in (pa.list_, pa.large_list):
            array = pa.array(names, kind(values))
            assert to_list(OnlyArray(array)) == names
            assert to_list(array[1:]) == names[1:]
    assert to_list(pa.array([[1, 2], [3]])) == [[1, 2], [3]]
    assert to_list(OnlyArray(pa.nulls(3))) == [None, None, None]


@pytest.mark.parametrize("index", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("type_", STRINGS, ids=str)
def test_dictionaries_are_looked_up(index, type_):
    indices = pa.array([1, 0, None, 2, 1], getattr(pa, index)())
    dictionary = pa.array(["a", "b" * 20, None], type_)
    array = pa.DictionaryArray.from_arrays(indices, dictionary)
    expected = ["b" * 20, "a", None, None, "b" * 20]
    assert to_list(OnlyArray(array)) == expected
    assert to_list(array[1:-1]) == expected[1:-1]
    other = pa.DictionaryArray.from_arrays(indices, pa.array(["x", "y", "z"], type_))
    chunks = pa.chunked_array([array, other])
    assert to_list(OnlyStream(chunks)) == [*expected, "y", "x", None, "z", "y"]
    numbers = pa.DictionaryArray.from_arrays(indices, pa.array([10, 20, 30]))
    assert to_list(numbers) == [20, 10, None, 30, 20]


def test_a_table_of_one_column_is_that_column():
    table = pa.table({"data": WORDS})
    assert to_list(OnlyStream(table)) == WORDS
    assert to_list(OnlyStream(table.slice(3, 4))) == WORDS[3:7]
    assert to_list(OnlyArray(table.to_batches()[0].slice(2))) == WORDS[2:]
    rows = pa.StructArray.from_arrays(
        [pa.array(WORDS)[1:]], ["data"], mask=pa.array([False, False, True, *[False] * 5])
    )
    assert to_list(rows) == ["a", None, None, *WORDS[4:]]
    assert to_list(rows[2:]) == [None, *WORDS[4:]]
    with pytest.raises(InvalidArrowError, match="one column, not an Arrow table of 2"):
        to_list(pa.table({"a": [1], "b": [2]}))


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (pa.array([1.5]), 1.5),
        (pa.array([True]), True),
        (pa.array([Decimal("1.50")]), Decimal("1.50")),
        (pa.array([timedelta(1)]), timedelta(1)),
        (pa.array([2**62], pa.duration("s")), "<Arrow duration of 4611686018427387904000000000 ns>"),
        (pa.array([1], pa.duration("ns")), "<Arrow duration of 1 ns>"),
        (pa.array([(1, 0, 0)], pa.month_day_nano_interval()), "<Arrow interval of months>"),
        (pa.array([b"a"]), "<Arrow binary>"),
        (pa.array([b"a"], pa.binary_view()), "<Arrow binary>"),
        (pa.array([datetime(2026, 1, 1)]), "<Arrow timestamp>"),
        (pa.array([[{"a": "b"}]]), ["<Arrow struct>"]),
        (pa.array([[[[[["a"]]]]]]), [[[[["<Arrow array that is nested deeply>"]]]]]),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_another_type_is_refused_in_its_row(array, value, signer):
    with pytest.raises(InvalidClaimsError, match="row 0: connection_data must") as caught:
        signer.sign_rows(SESSION, connection_data=array)
    refused = caught.value.value
    assert refused == value or repr(refused) == str(value).replace("'", "")
    nulls = pa.nulls(1, array.type)
    assert not signer.sign_rows(SESSION, connection_data=nulls, errors="null").failures


@every_kernel
@pytest.mark.parametrize(
    ("form", "values", "seconds"),
    [
        (b"tiD", int32s(0, 60_000, 1, 0), [60, 86_400]),
        (b"tiD", int32s(0, 500, -1, 0), [None, None]),
        (b"_pli128", int64s(60, 0, -1, -1), [60, None]),
        (b"_plu128", int64s(60, 0, 60, 1), [60, None]),
        (b"d:38,0", int64s(60, 0, 60, 1), [60, None]),
        (b"d:38,2", int64s(6000, 0, 6001, 0), [60, None]),
        (b"d:38,20", (6 * 10**21).to_bytes(16, "little") + int64s(1, 0), [60, None]),
        (b"d:5,-1", int64s(6, 0, 12, 0), [60, 120]),
        (b"d:9,2,64", int64s(6000, 6001), [60, None]),
        (b"tDn", int64s(60 * 10**9, 60 * 10**9 + 1), [60, None]),
        (b"tDs", int64s(60, 2**63 - 1), [60, None]),
        (b"g", struct.pack("=2d", 60, 2**60), [60, None]),
        (b"f", struct.pack("=2f", 60, 0.5), [60, None]),
        (b"e", struct.pack("=2e", 60, 0.5), [60, None]),
    ],
)
def test_numbers_of_every_width_are_seconds_if_they_are_whole(
    form, values, seconds, signer
):
    made = Made(form, 2, [None, values])
    batch = signer.sign_rows(SESSION, expiration=made, errors="null")
    found = [token and decode(token) for token in batch]
    assert [token and token.end_time - token.create_time for token in found] == seconds
    # One row after the other, so that one that is not whole is alone.
    for row, wanted in enumerate(seconds):
        made = Made(form, 1, [None, values], offset=row)
        (token,) = signer.sign_rows(SESSION, expiration=made, errors="null")
        assert (token is None) == (wanted is None)


def test_a_private_format_is_refused_in_each_row(signer):
    made = Made(b"_plsecret", 2, [None, None])
    errors = signer.sign_rows(SESSION, connection_data=made, errors="null").failures
    assert [repr(error.value) for error in errors.values()] == ["<Arrow private type>"] * 2


def test_metadata_without_an_extension_name_change_nothing(signer):
    field = pa.field("data", pa.binary(16), metadata={"a": "b", "c": ""})
    table = pa.table([pa.array([b"x" * 16], pa.binary(16))], pa.schema([field]))
    assert [repr(value) for value in read(table, "column")] == ["<Arrow binary>"]


def test_an_arrow_error_is_an_input_and_a_type_error():
    with pytest.raises(InvalidArrowError) as caught:
        to_list(pa.table({"a": [1], "b": [2]}))
    assert caught.value.field == "column"
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, InvalidInputError)


@pytest.mark.parametrize("sizes", [[1] * 300, [1] * 63 + [500] + [0, 2] * 100, [300] * 130])
def test_chunks_of_any_size_are_read_in_order(sizes):
    numbers = iter(range(sum(sizes)))
    chunked = pa.chunked_array(
        [[f"row {next(numbers)}" for _ in range(size)] for size in sizes], pa.string()
    )
    assert to_list(OnlyStream(chunked)) == chunked.to_pylist()
    assert imported_structs() == 0


@pytest.mark.parametrize("good", [1, 64, 100])
def test_small_chunks_go_back_when_the_stream_fails(good):
    def fail():
        for _ in range(good):
            yield pa.record_batch({"data": ["a"]})
        raise LookupError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"data": pa.string()}), fail())
    with pytest.raises(InvalidArrowError, match="the disk is gone"):
        to_list(OnlyStream(reader))
    assert imported_structs() == 0


def test_an_error_of_the_stream_is_reported():
    def fail():
        yield pa.record_batch({"data": ["a"]})
        raise LookupError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"data": pa.string()}), fail())
    with pytest.raises(InvalidArrowError, match="the disk is gone"):
        to_list(OnlyStream(reader))
    assert imported_structs() == 0


### Signing ###


def both(signer, columns, **options):
    """The tokens of columns as they are, and of the same as Arrow arrays of every kind."""
    plain = sign(signer, **columns, **options)
    for kind in STRINGS:
        arrays = {
            name: pa.array(values, None if name == "expiration" else kind)
            for name, values in columns.items()
        }
        yield plain, sign(signer, **arrays, **options)
        # Not the first rows of their buffers, and in pieces.
        yield (
            plain,
            sign(
                signer,
                **{
                    name: OnlyStream(
                        pa.chunked_array(
                            [
                                pa.concat_arrays([array[:1], array])[1:][:5],
                                array[5:6],
                                array[:0],
                                array[6:],
                            ]
                        )
                    )
                    for name, array in arrays.items()
                },
                **options,
            ),
        )


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_arrow_columns_are_signed_like_lists(signer, kind):
    columns = {
        "session_id": [SESSION, OTHER_SESSION, SESSION, SESSION] * 5,
        "role": ["publisher", "subscriber", "moderator", "publisheronly"] * 5,
        "connection_data": ["", None, "Zoë & Co", "x" * 1000, "\U0001f600" * 1000] * 4,
        "expiration": [0, 60, 2_592_000, 1] * 5,
        "initial_layout_class_list": ["", None, "focus", "a b", "é ü"] * 4,
    }
    for plain, arrow in both(signer, columns, kind=kind):
        assert arrow == plain
        assert None not in arrow.tolist()


#: Invalid claims, and valid but unusual ones.
ODD = {
    "connection_data": ["\0", "x\0", "é\0", "x" * 1001, "é" * 1001, "x" * 5000, "\n\t\x7f"],
    "session_id": ["", "1_", None, SESSION + "x", SESSION[:-1], "2" + SESSION[1:]],
    "role": ["", None, "king", "publishe", "publishers", "PUBLISHER", "\0"],
    "expiration": [-1, 2_592_001, None, 2**62, -(2**62)],
    "initial_layout_class_list": [" ", "a  b", " a", "a ", "a\tb", "\x1f", "\0", "x" * 1001, "é", "a\u2003b", "~ !"],
}  # fmt: skip
GOOD = {
    "connection_data": "a",
    "session_id": SESSION,
    "role": "moderator",
    "expiration": 5,
    "initial_layout_class_list": "a",
}


@pytest.mark.parametrize("field", ODD)
def test_arrow_columns_are_refused_like_lists(signer, field):
    column = {field: [GOOD[field], *ODD[field], *ODD[field][::-1], GOOD[field]]}
    rest = {} if field == "session_id" else {"session_id": SESSION}
    for plain, arrow in both(signer, {**column}, errors="null", **rest):
        assert arrow == plain
        assert [(e.row, str(e)) for e in arrow.failures.values()] == [
            (e.row, str(e)) for e in plain.failures.values()
        ]


def test_unsigned_integers_beyond_the_signed_ones_are_refused_as_they_are(signer):
    column = pa.array([1, 2**64 - 1, 2**63], pa.uint64())
    batch = signer.sign_rows(SESSION, expiration=column, errors="null")
    assert [e.value for e in batch.failures.values()] == [2**64 - 1, 2**63]


def damaged(type_):
    """Invalid UTF-8 in an array that declares UTF-8."""
    return pa.array(
        [
            b"ok",
            b"\xff",
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xc0\x80",
            b"\xc3\xa9",
            b"12345678\x80",
        ],
        pa.large_binary() if type_ == pa.large_string() else pa.binary(),
    ).view(type_)


@pytest.mark.parametrize("type_", STRINGS[:2], ids=str)
def test_invalid_utf8_becomes_lone_surrogates_and_is_refused(signer, type_):
    array = damaged(type_)
    assert to_list(array)[:2] == ["ok", "\udcff"]
    batch = signer.sign_rows(SESSION, connection_data=array, errors="null")
    assert [*batch.failures] == [1, 2, 3, 4, 6]
    assert {e.field for e in batch.failures.values()} == {"connection_data"}
    with pytest.raises(InvalidClaimsError, match="surrogate") as caught:
        signer.sign_rows(SESSION, connection_data=array)
    assert caught.value.row == 1


@every_kernel
@pytest.mark.parametrize("length", [*range(20), 999, 1000, 1001])
def test_texts_of_every_length_are_judged_byte_by_byte(signer, length):
    """Characters that need escapes are found at any position."""
    texts = ["x" * length]
    for i in range(length):
        for odd in ("\0", "é", "\x7f", "\x01"):
            texts.append("x" * i + odd + "x" * (length - i - 1))
    for plain, arrow in both(
        signer, {"connection_data": texts}, session_id=SESSION, errors="null"
    ):
        assert arrow == plain
        assert [*arrow.failures] == [*plain.failures]


@every_kernel
def test_rows_that_are_alike_are_judged_once_more_where_that_matters(signer):
    """Bad rows that point to the same text are all refused, and an empty session is none."""
    dictionary = pa.array([SESSION, "1_none", "", OTHER_SESSION])
    indices = pa.array([0, 0, 1, 1, 2, 2, 0, 3, 3, 2, 0], pa.int8())
    column = pa.DictionaryArray.from_arrays(indices, dictionary)
    batch = signer.sign_rows(column, errors="null")
    assert [*batch.failures] == [2, 3, 4, 5, 9]
    batch = signer.sign_rows(pa.array(["", "", SESSION]), errors="null")
    assert [*batch.failures] == [0, 1]


@every_kernel
def test_layout_classes_are_lists_of_strings(signer):
    names = [["focus"], [], None, ["a", "b"], ["a b"], [""]]
    array = OnlyArray(pa.array(names))
    batch = signer.sign_rows(SESSION, initial_layout_class_list=array, errors="null")
    found = [token and decode(token).initial_layout_class_list for token in batch]
    assert found == [("focus",), (), (), ("a", "b"), None, None]


NAMES = [
    ["focus", "full"], [], None, ["a b"], ["a", ""], [None], ["é"], ["a\0"], ["x" * 999],
    ["x" * 1000], ["x" * 500, "y" * 499], ["x" * 500, "y" * 500], ["x"] * 501,
]  # fmt: skip


@every_kernel
@pytest.mark.parametrize("type_", STRINGS, ids=str)
@pytest.mark.parametrize("length", [None, 2])
def test_arrow_lists_of_names_are_signed_as_python_lists(signer, type_, length):
    names = [
        each for each in NAMES if length is None or each is None or len(each) == length
    ]
    lists = [pa.list_(type_), pa.large_list(type_)]
    for list_ in lists if length is None else [pa.list_(type_, length)]:
        array = pa.array(names, list_)
        column = OnlyStream(pa.chunked_array([array, array[:3], array[3:]]))
        plain, found = (
            sign(signer, initial_layout_class_list=each, errors="null")
            for each in (names * 2, column)
        )
        assert found.tolist() == plain.tolist()
        assert [str(error) for error in found.failures.values()] == [
            str(error) for error in plain.failures.values()
        ]


def test_lists_are_read_in_place():
    array = pa.array([["a", None], None, []])
    assert type(read(array, "column")) is ListColumn
    assert to_list(array) == array.to_pylist()
    with pytest.raises(IndexError):
        read(array, "column")[3]


@every_kernel
def test_a_str_of_another_class_can_be_connection_data(signer):
    class Text(str):
        __slots__ = ()

    assert (
        decode(signer.session(SESSION).token(connection_data=Text("é"))).connection_data
        == "é"
    )


@every_kernel
def test_a_buffer_that_changes_while_it_is_signed_leaves_the_memory_whole(signer):
    """Another thread may spoil the text of its own rows, and nothing else: what was judged
    is what is signed."""
    n, length = 5000, 40
    buffer = bytearray(b"x" * (n * length))
    offsets = pa.array(range(0, n * length + 1, length), pa.int32()).buffers()[1]
    array = pa.StringArray.from_buffers(n, offsets, pa.py_buffer(buffer))
    stop = threading.Event()

    def spoil():
        pieces = [b"\0" * length, b"\xff" * length, b"%" * length, b"x" * length]
        i = 0
        while not stop.is_set():
            row = i * 7919 % n
            buffer[row * length : (row + 1) * length] = pieces[i % 4]
            i += 1

    thread = threading.Thread(target=spoil)
    thread.start()
    try:
        batches = [
            signer.sign_rows(
                SESSION, connection_data=array, kind=kind, errors="null", multithread=True
            )
            for kind in ("t1", "jwt") * 3
        ]
    finally:
        stop.set()
        thread.join()
    for batch in batches:
        left_out = set(batch.failures)
        assert {row for row, token in enumerate(batch) if token is None} == left_out
        assert signer.verify_many(batch).failures.keys() == left_out
        for token in batch[::10]:
            assert token is None or len(decode(token).connection_data) == length


### Verifying and decoding ###


@every_kernel
@pytest.mark.parametrize("type_", STRINGS, ids=str)
def test_tokens_in_arrow_arrays_are_verified(signer, type_):
    tokens = [t for t in CORPUS if t is None or (type(t) is str and t.isprintable())][:3000]
    tokens = [t for t in tokens if t is None or "\ud800" not in t]
    expected = said(signer.verify_many(tokens, now=NOW))
    array = pa.array(tokens, type_)
    for given in (OnlyArray(array), OnlyStream(pa.chunked_array([array[:99], array[99:]]))):
        found = signer.verify_many(given, now=NOW)
        assert said(found) == expected
    assert signer.verify_many(pa.nulls(2)).failures.keys() == {0, 1}


@every_kernel
def test_batches_are_verified_as_arrow_arrays(signer):
    batch = signer.session(SESSION).token_batch(100)
    assert not signer.verify_many(OnlyArray(batch)).failures
    assert not signer.verify_many(OnlyStream(batch[3:50])).failures


def decoded(tokens):
    """The result of `decode` for each token, or the exception's type and message."""
    found = []
    for token in tokens:
        try:
            found.append(decode(token))
        except TokenError as error:
            found.append((type(error), str(error)))
    return found


def test_many_are_decoded_as_one_by_one():
    many = decode_many(CORPUS)
    assert isinstance(many, Decoded)
    assert len(many) == len(CORPUS)
    expected = decoded(CORPUS)
    got = [(type(r), str(r)) if isinstance(r, TokenError) else r for r in many]
    assert got == expected
    assert list(many.failures) == [i for i, r in enumerate(expected) if type(r) is tuple]
    assert many[-1:] == [many[len(CORPUS) - 1]]
    assert f"{len(many.failures):,} cannot be read" in repr(many)
    with pytest.raises(TokenError):
        many.raise_first()
    with pytest.raises(IndexError):
        many[len(CORPUS)]


@every_kernel
def test_tokens_of_every_kind_of_column_are_decoded(signer):
    batch = signer.sign_rows(SESSION, connection_data=["a", "\0", "c"], errors="null")
    for given in (batch, OnlyArray(batch), OnlyStream(batch), batch.tolist(), iter(batch)):
        many = decode_many(given)
        assert many[0].connection_data == "a"
        assert many.failures.keys() == {1}
    with pytest.raises(InvalidInputError, match="many tokens, not one"):
        decode_many(batch[0])
    with pytest.raises(InvalidArrowError, match=r"^tokens must"):
        decode_many(pa.array([1.5]))


@every_kernel
def test_decoded_tokens_are_a_table(signer):
    tokens = [
        *signer.sign_rows(
            [SESSION, OTHER_SESSION],
            connection_data=["é", None],
            expiration=[60, 0],
            initial_layout_class_list=[["a", "b"], None],
        ),
        signer.session(SESSION).token(kind="jwt"),
        make_jwt(nbf=1_700_000_100),
        "T1==",
    ]
    many = decode_many(tokens)
    for table in (
        pa.table(OnlyStream(many)),
        pa.table(many),
        pa.record_batch(OnlyArray(many)),
    ):
        table.validate(full=True)
        rows = table.to_pylist()
        assert [row["reason"] for row in rows] == [None] * 4 + ["truncated"]
        assert [row["not_before"] for row in rows] == [None] * 3 + [1_700_000_100, None]
        assert set(rows[4].values()) == {None, "truncated"}
        for row, token in zip(rows, many, strict=False):
            if row["reason"] is None:
                row.pop("reason")
                row["initial_layout_class_list"] = tuple(row["initial_layout_class_list"])
                assert row == {name: getattr(token, name) for name in row}
    assert pa.schema(many) == table.schema
    assert pa.table(decode_many([])).num_rows == 0


### Other libraries ###


@every_kernel
def test_polars_columns_are_signed_and_batches_become_series(signer):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {"data": ["a", None, "b" * 40], "seconds": [60, 120, 0], "role": ["publisher"] * 3},
        schema_overrides={"role": pl.Categorical, "seconds": pl.UInt16},
    )
    for part in (frame, frame[1:], pl.concat([frame, frame], rechunk=False)):
        batch = signer.sign_rows(
            SESSION,
            role=OnlyStream(part["role"]),
            connection_data=OnlyStream(part["data"]),
            expiration=OnlyStream(part["seconds"]),
        )
        found = [decode(token).connection_data for token in batch]
        assert found == [data or "" for data in part["data"]]
        assert pl.Series(batch).to_list() == batch.tolist()
        assert not signer.verify_many(pl.Series(batch)).failures
    classes = pl.Series([["a", "b"], [], None])
    batch = signer.sign_rows(SESSION, initial_layout_class_list=OnlyStream(classes))
    assert [decode(t).initial_layout_class_list for t in batch] == [("a", "b"), (), ()]
    frame = pl.DataFrame(decode_many([*batch, "T1=="]))
    assert frame["session_id"].to_list() == [SESSION] * 3 + [None]
    assert frame["reason"].to_list() == [None] * 3 + ["truncated"]


@every_kernel
def test_pandas_columns_are_signed(signer):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"data": ["a", None, "é"], "seconds": [1, 2, 3]})
    if not hasattr(frame["data"], "__arrow_c_stream__"):
        pytest.skip("Series of this pandas are no Arrow streams")
    batch = signer.sign_rows(
        SESSION,
        connection_data=OnlyStream(frame["data"]),
        expiration=OnlyStream(frame["seconds"]),
    )
    assert [decode(token).connection_data for token in batch] == ["a", "", "é"]


@every_kernel
def test_results_of_duckdb_are_signed_and_batches_are_its_tables(signer):
    duckdb = pytest.importorskip("duckdb")
    db = duckdb.connect()
    query = db.sql(
        "select case when i % 3 = 0 then null else 'user-' || i end as data "
        "from range(5000) t(i) order by i"
    )
    batch = signer.sign_rows(SESSION, connection_data=OnlyStream(query))
    expected = ["" if i % 3 == 0 else f"user-{i}" for i in range(5000)]
    assert [decode(token).connection_data for token in batch] == expected
    tokens = pa.table({"token": pa.array(batch)})
    many = pa.table(decode_many(batch))
    assert db.sql("select count(distinct token) from tokens").fetchall() == [(5000,)]
    assert db.sql("select max(connection_data) from many").fetchall() == [("user-998",)]
    assert len(tokens) == len(many)


@every_kernel
def test_arrays_of_nanoarrow_are_signed_and_batches_become_some(signer):
    na = pytest.importorskip("nanoarrow")
    array = na.c_array(["a", None, "é"], na.string())
    batch = signer.sign_rows(SESSION, connection_data=OnlyArray(array))
    assert [decode(token).connection_data for token in batch] == ["a", "", "é"]
    assert na.Array(batch).to_pylist() == batch.tolist()


def test_an_application_signs_arrow_columns_too():
    columns = {
        "connection_data": pa.array(["a", None, "é"]),
        "expiration": pa.array([1, 2, 3], pa.uint8()),
        "role": pa.array(["publisher", "moderator", "publisher"]).dictionary_encode(),
    }
    pem = applications.private_pem()
    signer = Signer.from_private_key(applications.APPLICATION, pem)
    batch = signer.sign_rows(applications.SESSION, **columns)
    assert [decode(token).connection_data for token in batch] == ["a", "", "é"]
    assert [decode(token).role for token in batch] == [
        "publisher",
        "moderator",
        "publisher",
    ]
    assert not signer.verify_many(pa.array(batch)).failures


### Nothing is kept ###


@every_kernel
def test_arrays_are_given_back(signer):
    gc.collect()  # what other tests left in cycles
    before, already = pa.total_allocated_bytes(), imported_structs()
    array = pa.array(["x" * 1000] * 1000)
    for _ in range(5):
        for given in (array, pa.chunked_array([array, array]), array.dictionary_encode()):
            column = read(given, "column")
            assert imported_structs() > already
            del column
            signer.sign_rows(SESSION, connection_data=given)
            with pytest.raises(InvalidClaimsError):
                signer.sign_rows(given, connection_data=given)
            signer.verify_many(given)
            decode_many(given)
            assert imported_structs() == already
        with pytest.raises(InvalidArrowError):
            read(pa.table({"a": array, "b": array}), "column")
        assert imported_structs() == already
    del array, given
    assert pa.total_allocated_bytes() <= before + 10_000


def test_texts_keep_the_array_that_they_are_of():
    column = read(pa.array(["a" * 100, "b"]), "column")
    assert imported_structs() > 0
    assert column[0] == "a" * 100
    with pytest.raises(IndexError):
        column[2]
