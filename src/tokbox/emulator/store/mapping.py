"""Conversion of records to SQLite rows and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from tokbox.emulator.model.records import (
    Connection,
    Job,
    Recording,
    Selection,
    Session,
    Stream,
)

__all__ = ["from_row", "to_row"]


def to_row(
    record: Connection | Job | Recording | Selection | Session | Stream,
) -> tuple[object, ...]:
    """Return the values of *record* in field order, dicts and tuples as JSON."""
    return tuple(
        json.dumps(value) if isinstance(value, dict | tuple) else value
        for value in _FIELDS[type(record)](record)
    )


def from_row(row: sqlite3.Row) -> dict[str, Any]:
    """Return the columns of *row* as keyword arguments for a record."""
    values = dict(zip(row.keys(), row, strict=True))
    for name in values.keys() & _FROM_SQL.keys():
        values[name] = _FROM_SQL[name](values[name])
    return values


#: Conversions for columns without a corresponding SQLite type.
_FROM_SQL: dict[str, Callable[[Any], Any]] = {
    "relayed": bool,
    "always_archived": bool,
    "e2ee": bool,
    "automatic": bool,
    "has_audio": bool,
    "has_video": bool,
    "muted": bool,
    "options": json.loads,
    "layout_classes": lambda value: tuple(json.loads(value)),
}
_FIELDS: dict[type, Callable[[object], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind)))
    for kind in (Connection, Job, Recording, Selection, Session, Stream)
}
