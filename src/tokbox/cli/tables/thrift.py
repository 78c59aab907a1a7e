"""Partial parser and writer of Thrift structs in the compact protocol.

Values that are not parsed remain bytes, so unknown fields are preserved. Lists of booleans
cannot be parsed.
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from mmap import mmap
from typing import Any

__all__ = [
    "BINARY",
    "I32",
    "I64",
    "LIST",
    "STRUCT",
    "Data",
    "binary",
    "dump",
    "integer",
    "parse",
    "read_binary",
    "read_integer",
]

#: Types of values, as the headers of fields and of lists have them.
_TRUE, _FALSE, _BYTE, _DOUBLE, _SET, _MAP, _UUID = 1, 2, 3, 7, 10, 11, 13
I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12

Data = bytes | memoryview | mmap


def parse(data: Data, shape: Any, at: int = 0, kind: int = STRUCT) -> tuple[Any, int]:
    """Parse the value of type *kind* at position *at*; return it and its end position.

    *shape* selects the values to parse: None returns the bytes of the value, ``[shape]``
    parses a list and applies *shape* to its items, and a dict parses a struct and maps
    field numbers to the shapes of their values. A struct is returned as a dict of
    ``(type, value)`` by field number.
    """
    if shape is None:
        end = _skip(data, at, kind)
        return bytes(data[at:end]), end
    if isinstance(shape, list):
        n, kind, at = _list_head(data, at)
        found = []
        for _ in range(n):
            item, at = parse(data, shape[0], at, kind)
            found.append(item)
        return found, at
    fields: dict[int, tuple[int, Any]] = {}
    number = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _zigzag(data, at)
        value, at = parse(data, shape.get(number), at, head & 15)
        fields[number] = head & 15, value
    return fields, at + 1


def dump(value: Any) -> bytes:
    """Return the bytes of a value as `parse` returns it. Items of a list are structs."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        n = len(value)
        head = bytes([min(n, 15) << 4 | STRUCT]) + (_varint(n) if n > 14 else b"")
        return head + b"".join(map(dump, value))
    parts, last = [], 0
    for number, (kind, field) in value.items():
        if 0 < number - last < 16:
            parts.append(bytes([(number - last) << 4 | kind]))
        else:
            parts.append(bytes([kind]) + integer(number))
        parts.append(dump(field))
        last = number
    return b"".join([*parts, b"\0"])


def read_integer(data: bytes) -> int:
    """Return the value of an integer of 16, 32 or 64 bits."""
    return _zigzag(data, 0)[0]


def integer(value: int) -> bytes:
    """Return an integer of 16, 32 or 64 bits."""
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def read_binary(data: bytes) -> bytes:
    """Return the value of a binary or of a string."""
    return data[_read_varint(data, 0)[1] :]


def binary(value: bytes) -> bytes:
    """Return a binary or a string."""
    return _varint(len(value)) + value


def _skip(data: Data, at: int, kind: int) -> int:
    """Return the end position of a value of type *kind*."""
    if _BYTE < kind < _DOUBLE:
        while data[at] > 127:
            at += 1
        return at + 1
    if kind == BINARY:
        n, at = _read_varint(data, at)
        return at + n
    if kind == STRUCT:
        while head := data[at]:
            at += 1
            if not head >> 4:
                at = _skip(data, at, I32)
            at = _skip(data, at, head & 15)
        return at + 1
    if kind in (LIST, _SET):
        n, of, at = _list_head(data, at)
        if of in (_TRUE, _FALSE):
            return at + n
        for _ in range(n):
            at = _skip(data, at, of)
        return at
    if kind == _MAP:
        n, at = _read_varint(data, at)
        if n:
            kinds, at = data[at], at + 1
            for _ in range(n):
                at = _skip(data, _skip(data, at, kinds >> 4), kinds & 15)
        return at
    # The value of a boolean field is in its header.
    return at + {_TRUE: 0, _FALSE: 0, _BYTE: 1, _DOUBLE: 8, _UUID: 16}[kind]


def _list_head(data: Data, at: int) -> tuple[int, int, int]:
    """Return the length of a list, the type of its items, and the first item's position."""
    head, at = data[at], at + 1
    n = head >> 4
    if n == 15:
        n, at = _read_varint(data, at)
    return n, head & 15, at


def _read_varint(data: Data, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := data[at]) > 127:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1


def _zigzag(data: Data, at: int) -> tuple[int, int]:
    value, at = _read_varint(data, at)
    return value >> 1 ^ -(value & 1), at


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)
