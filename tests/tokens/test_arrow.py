"""Arrow arrays as columns, whoever made them."""

from __future__ import annotations

import pytest

from tokbox._arrow import held, is_arrow, read
from tokbox.errors import InvalidClaims
from tokbox.tokens.signer import Signer

pa = pytest.importorskip("pyarrow")

def to_list(value):
    return list(read(value, "column"))


KEY, SECRET = "40000123", "example0secret0example0secret0example0sec"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
WORDS = ["", "a", None, "Zoë & Co", "x" * 12, "y" * 13, "\U0001f600" * 300, None, "end"]


@pytest.mark.parametrize(
    "type_", [pa.string(), pa.large_string(), pa.string_view()], ids=str
)
@pytest.mark.parametrize("cut", [slice(None), slice(3, None), slice(1, -2), slice(0, 0)])
def test_strings_of_every_layout_are_read(type_, cut):
    array = pa.array(WORDS, type_)[cut]
    assert is_arrow(array)
    assert to_list(array) == WORDS[cut]
    assert to_list(pa.chunked_array([array, array])) == WORDS[cut] * 2


@pytest.mark.parametrize(
    "name", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
)
def test_integers_of_every_width_are_read(name):
    values = [0, 1, None, 127]
    assert to_list(pa.array(values, getattr(pa, name)())) == values
    assert to_list(pa.array(values, getattr(pa, name)())[2:]) == values[2:]


def test_lists_dictionaries_and_nulls_are_read():
    names = [["focus"], [], None, ["a", "b"]]
    assert to_list(pa.array(names, pa.list_(pa.string()))) == names
    assert to_list(pa.array(names, pa.large_list(pa.string()))[1:]) == names[1:]
    assert to_list(pa.array(["a", "b", None, "a"]).dictionary_encode()) == [
        "a",
        "b",
        None,
        "a",
    ]
    assert to_list(pa.nulls(3)) == [None, None, None]


def test_other_types_are_refused_by_name():
    with pytest.raises(TypeError, match="'g'"):
        to_list(pa.array([1.5]))


def test_what_is_no_utf8_becomes_lone_surrogates():
    array = pa.array([b"ok", b"\xff"], pa.binary()).view(pa.string())
    assert to_list(array) == ["ok", "\udcff"]
    with pytest.raises(InvalidClaims) as caught:
        Signer(KEY, SECRET).sign_rows(SESSION, connection_data=array)
    assert (caught.value.row, caught.value.field) == (1, "connection_data")


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_rows_from_arrow_are_signed(kind):
    signer = Signer(KEY, SECRET)
    table = pa.table(
        {
            "session": pa.array([SESSION] * 4).dictionary_encode(),
            "role": ["publisher", "subscriber", "moderator", "publisheronly"],
            "data": pa.array(["a", None, "Zoë & Co", "d"], pa.string_view()),
            "seconds": pa.array([60, 3600, 0, 7200], pa.int32()),
            "classes": [["focus"], None, [], ["a", "b"]],
        }
    )
    batch = signer.sign_rows(*table.columns, kind=kind)
    claims = [signer.verify(token) for token in batch]
    assert [c.role for c in claims] == table["role"].to_pylist()
    assert [c.connection_data for c in claims] == ["a", "", "Zoë & Co", "d"]
    assert [c.expire_time and c.expire_time - c.create_time for c in claims] == [
        60,
        3600,
        None,
        7200,
    ]
    assert [c.initial_layout_class_list for c in claims] == [("focus",), (), (), ("a", "b")]


def test_polars_columns_are_signed():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"data": ["a", "b" * 40], "seconds": [60, 120]})
    signer = Signer(KEY, SECRET)
    batch = signer.sign_rows(
        SESSION, connection_data=frame["data"], expiration=frame["seconds"]
    )
    assert [signer.verify(token).connection_data for token in batch] == ["a", "b" * 40]


def test_arrays_are_released():
    before = pa.total_allocated_bytes()
    array = pa.array(["x" * 1000] * 1000)
    for _ in range(50):
        to_list(array)
        to_list(pa.chunked_array([array, array]))
    del array
    assert pa.total_allocated_bytes() <= before + 10_000
