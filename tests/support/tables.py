"""Tables for the commands that read them, in every format."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.cli import SESSION

FORMATS = ("csv", "ndjson", "parquet")
Rows = Sequence[Mapping[str, Any]]


def rows(n: int) -> list[dict[str, str]]:
    """Rows with a session, a role and a distinct user."""
    return [
        {"session": SESSION, "role": ("publisher", "moderator")[i % 2], "user": f"u-{i}"}
        for i in range(n)
    ]


def write(
    path: Path, table: Rows, names: Sequence[str] = ("session", "role", "user")
) -> str:
    """Write a table in the format of the suffix of *path*; return the path as text."""
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(table)
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(row) + "\n" for row in table), encoding="utf-8")
    else:
        columns = {name: [row[name] for row in table] for name in names}
        schema = pa.schema([(name, pa.string()) for name in names])
        pq.write_table(pa.table(columns, schema), path, row_group_size=1000)
    return str(path)


def read(path: Path) -> list[dict[str, Any]]:
    """Read the table with another library."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, strict=True))
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found
