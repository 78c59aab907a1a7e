"""Schemas of other tools in the key-value metadata of a Parquet file.

Spark, Avro, Arrow and pandas store their own schema in a key of the footer, and prefer it
to the Parquet schema when they read the file. A new column is added to these schemas. If
this is not possible, the key is removed, and the tools use the Parquet schema.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

from tokbox.integrations.job import load

__all__ = ["add_column"]

#: Errors of an unexpected schema. The exceptions of pyarrow are derived from these.
_NOT_POSSIBLE = (ValueError, TypeError, LookupError, NotImplementedError, RecursionError)

Key = tuple[bytes, bytes | None]


def add_column(keys: list[Key], name: str) -> list[Key]:
    """Add a column of text to the schemas in *keys*; return all keys that are kept."""
    kept: list[Key] = []
    for key, value in keys:
        add = _SCHEMAS.get(key)
        if add is not None and value is not None:
            try:
                value = add(value, name)
            except _NOT_POSSIBLE:
                continue
        kept.append((key, value))
    return kept


def _arrow(value: bytes, name: str) -> bytes:
    """Arrow: a schema as a message of IPC, in base64. It has keys itself."""
    arrow = load("pyarrow", "pyarrow", "arrow")
    schema = arrow.ipc.read_schema(arrow.py_buffer(base64.b64decode(value)))
    schema = schema.append(arrow.field(name, arrow.string()))
    keys = dict(add_column(list((schema.metadata or {}).items()), name))
    return base64.b64encode(schema.with_metadata(keys).serialize())


def _spark(value: bytes, name: str) -> bytes:
    schema = json.loads(value)
    column = {"name": name, "type": "string", "nullable": True, "metadata": {}}
    schema["fields"].append(column)
    return json.dumps(schema).encode()


def _avro(value: bytes, name: str) -> bytes:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("this is no name in Avro")
    schema = json.loads(value)
    schema["fields"].append({"name": name, "type": ["null", "string"], "default": None})
    return json.dumps(schema).encode()


def _pandas(value: bytes, name: str) -> bytes:
    schema = json.loads(value)
    column = {"name": name, "field_name": name, "pandas_type": "unicode"}
    schema["columns"].append({**column, "numpy_type": "object", "metadata": None})
    # Names of columns are converted to labels of these kinds, and *name* is text.
    if [each["pandas_type"] for each in schema["column_indexes"]] != ["mixed-integer"]:
        encoding = {"encoding": "UTF-8"}
        text = {"pandas_type": "unicode", "numpy_type": "object", "metadata": encoding}
        level = schema["column_indexes"][0] if len(schema["column_indexes"]) == 1 else {}
        named = {each: level.get(each) for each in ("name", "field_name")}
        schema["column_indexes"] = [{**named, **text}]
    return json.dumps(schema).encode()


def _iceberg(value: bytes, name: str) -> bytes:
    raise ValueError("the ids of columns are assigned by the catalog of a table")


_SCHEMAS: dict[bytes, Callable[[bytes, str], bytes]] = {
    b"ARROW:schema": _arrow,
    b"org.apache.spark.sql.parquet.row.metadata": _spark,
    b"parquet.avro.schema": _avro,
    b"avro.schema": _avro,
    b"pandas": _pandas,
    b"iceberg.schema": _iceberg,
}
