"""Thrift structs, and schemas of other tools in the footer of a Parquet file."""

from __future__ import annotations

import base64
import json

import pyarrow as pa
import pytest

from tokbox.cli.tables.parquet_keys import add_column
from tokbox.cli.tables.thrift import (
    BINARY,
    I32,
    LIST,
    STRUCT,
    binary,
    dump,
    integer,
    parse,
    read_binary,
    read_integer,
)

#: A field of each type, as `parse` returns a struct: type and bytes by field number.
EVERY_TYPE = {
    1: (1, b""),  # true
    2: (2, b""),  # false
    3: (3, b"\xff"),  # 8 bits
    4: (4, integer(-300)),
    5: (I32, integer(2**31 - 1)),
    21: (6, integer(-(2**63))),  # far from the field before
    20: (7, b"\x80" * 8),  # a double, in a field with a smaller number
    300: (BINARY, binary(b"\x00" * 200)),
    301: (LIST, b"\xf5\x10" + integer(1000) * 16),
    302: (10, b"\x28" + binary(b"a") + binary(b"")),  # a set
    303: (LIST, b"\x31\x01\x02\x01"),  # booleans
    304: (11, b"\x00"),  # an empty map
    305: (11, b"\x02\x5c" + (integer(7) + b"\x15\x02\x00") * 2),
    306: (STRUCT, b"\x05\x88\x27\x02\x00"),
    307: (13, b"u" * 16),
    308: (I32, integer(1)),
}


def test_a_struct_is_written_as_it_was_read() -> None:
    data = dump(EVERY_TYPE)
    assert parse(b"before" + data + b"after", {}, 6) == (EVERY_TYPE, 6 + len(data))
    assert parse(data, None) == (data, len(data))


@pytest.mark.parametrize("n", [0, 1, 14, 15, 200])
def test_a_list_of_structs_is_parsed_and_written(n: int) -> None:
    fields = {1: (LIST, [{1: (I32, integer(i))} for i in range(n)])}
    data = dump(fields)
    assert parse(data, {1: [{}]}) == (fields, len(data))
    raw, _ = parse(data, {1: [None]})
    assert raw[1][1] == [b"\x15" + integer(i) + b"\x00" for i in range(n)]
    assert dump(raw) == data


@pytest.mark.parametrize(
    "value", [0, 1, -1, 63, 64, -64, -65, 2**31 - 1, 2**63 - 1, -(2**63)]
)
def test_integers_are_read_as_they_were_written(value: int) -> None:
    assert read_integer(integer(value)) == value


@pytest.mark.parametrize("n", [0, 1, 127, 128, 70_000])
def test_binaries_are_read_as_they_were_written(n: int) -> None:
    assert read_binary(binary(b"x" * n)) == b"x" * n


SPARK = b"org.apache.spark.sql.parquet.row.metadata"


def changed(key: bytes, value: object, name: str = "token") -> object:
    """Return the new JSON value of a key, or None if the key is removed."""
    ((kept, after),) = add_column([(key, json.dumps(value).encode())], name) or [
        (key, b"null")
    ]
    assert kept == key
    assert after is not None
    return json.loads(after)


def test_the_schema_of_spark_gets_the_column() -> None:
    field = {"name": "é", "type": "long", "nullable": False, "metadata": {"comment": "x"}}
    token = {"name": "token", "type": "string", "nullable": True, "metadata": {}}
    schema = {"type": "struct", "fields": [field]}
    assert changed(SPARK, schema) == {"type": "struct", "fields": [field, token]}


@pytest.mark.parametrize("key", [b"parquet.avro.schema", b"avro.schema"])
def test_the_schema_of_avro_gets_the_column(key: bytes) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "n", "type": "long"}]}
    token = {"name": "token", "type": ["null", "string"], "default": None}
    assert changed(key, schema) == {**schema, "fields": [*schema["fields"], token]}
    assert changed(key, schema, "my token") is None


def test_the_schema_of_iceberg_is_removed() -> None:
    schema = {"type": "struct", "schema-id": 0, "fields": []}
    assert changed(b"iceberg.schema", schema) is None


@pytest.mark.parametrize("key", [SPARK, b"avro.schema", b"pandas", b"ARROW:schema"])
@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b"{}", b"\xff", b"1", b"[" * 100_000, b"AAAA"]
)
def test_a_schema_that_cannot_be_read_is_removed(key: bytes, value: bytes) -> None:
    assert add_column([(key, value)], "token") == []


def test_other_keys_stay() -> None:
    keys = [
        (b"geo", b"{}"),
        (b"org.apache.spark.version", b"4.0"),
        (b"geo", b"x"),
        (SPARK, None),
    ]
    assert add_column(keys, "token") == keys


def test_the_schema_of_arrow_gets_the_column_and_so_do_its_keys() -> None:
    pandas = {"columns": [], "column_indexes": [], "index_columns": []}
    schema = pa.schema(
        [pa.field("a", pa.dictionary(pa.int8(), pa.string_view()), metadata={"k": "v"})],
        {b"pandas": json.dumps(pandas).encode(), b"other": b"x"},
    )
    value = base64.b64encode(schema.serialize())
    ((_, after),) = add_column([(b"ARROW:schema", value)], "token")
    assert after is not None
    found = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(after)))
    assert found.remove_metadata() == schema.remove_metadata().append(
        pa.field("token", pa.string())
    )
    assert found.field("a").metadata == {b"k": b"v"}
    assert found.metadata[b"other"] == b"x"
    assert json.loads(found.metadata[b"pandas"])["columns"][0]["name"] == "token"
