"""Add a column of text to the footer of a Parquet file.

A footer has the absolute offset of each column chunk, so a column can be added without a
change to the content of the file::

    content of the file | pages of the new column | page index | new footer

Numbers of fields are those of ``parquet.thrift``:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tokbox.cli.tables.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Data,
    binary,
    dump,
    integer,
    parse,
    read_binary,
    read_integer,
)

__all__ = ["Footer", "Page", "read_pages"]

#: Fields of a footer that change: schema, row groups, key-value metadata, column orders.
_SHAPE = {2: [None], 4: [{1: [{}]}], 5: [{}], 7: [None]}
#: BYTE_ARRAY, OPTIONAL and UTF8, encoded as PLAIN and RLE, UNCOMPRESSED.
_BYTE_ARRAY, _OPTIONAL, _UTF8, _PLAIN, _RLE, _UNCOMPRESSED = 6, 1, 0, 0, 3, 0

Key = tuple[bytes, bytes | None]


class Page(NamedTuple):
    """A data page: its bytes, with its header, and its values."""

    size: int
    values: int


def read_pages(data: Data, at: int = 0) -> Iterator[Page]:
    """Return the consecutive data pages of *data* from position *at* to its end."""
    while at < len(data):
        header, end = parse(data, {5: {}}, at)
        size = end - at + read_integer(header[3][1])
        yield Page(size, read_integer(header[5][1][1][1]))
        at += size


class Footer:
    """A parsed footer. Fields that a new column does not change remain bytes."""

    def __init__(self, data: bytes) -> None:
        self._fields, _ = parse(data, _SHAPE)

    @property
    def is_encrypted(self) -> bool:
        """True if columns are encrypted. Such a footer has a signature."""
        return 8 in self._fields

    @property
    def keys(self) -> list[Key]:
        """The key-value metadata."""
        _, keys = self._fields.get(5, (LIST, []))
        return [
            (read_binary(each[1][1]), read_binary(each[2][1]) if 2 in each else None)
            for each in keys
        ]

    def add_column(self, name: str, keys: list[Key]) -> None:
        """Add a column of text to the schema, and replace the key-value metadata."""
        (_, schema), orders = self._fields[2], self._fields.get(7)
        root, _ = parse(schema[0], {})
        root[5] = I32, integer(read_integer(root[5][1]) + 1)
        schema[0] = dump(root)
        schema.append(
            dump(
                {
                    1: (I32, integer(_BYTE_ARRAY)),
                    3: (I32, integer(_OPTIONAL)),
                    4: (BINARY, binary(name.encode())),
                    6: (I32, integer(_UTF8)),
                    10: (STRUCT, {1: (STRUCT, {})}),
                }
            )
        )
        if orders is not None:
            orders[1].append(dump({1: (STRUCT, {})}))
        if 5 in self._fields:
            self._fields[5] = LIST, [_key_value(*each) for each in keys]

    def add_chunks(
        self, name: str, pages: list[Page], start: int, read: Callable[[int, int], bytes]
    ) -> bytes:
        """Add a column chunk to each row group; return the end of the file, after *pages*.

        *start* is the offset of the pages in the file. *read* reads the file: its arguments
        are an offset and a number of bytes. The page index of all columns is copied to the
        end of the file, because some readers read the range from its first to its last
        byte, which would include the pages.
        """
        index = _PageIndex(start + sum(page.size for page in pages), read)
        _, groups = self._fields[4]
        for group in groups:
            for chunk in group[1][1]:
                index.move(chunk, 6)
        rest, at = iter(pages), start
        for group in groups:
            chunks = group[1][1]
            found = _pages_of(read_integer(group[3][1]), rest)
            size = sum(page.size for page in found)
            added = _chunk(name, found, at)
            if all(4 in chunk for chunk in chunks):
                for chunk in chunks:
                    index.move(chunk, 4)
                index.add(added, 4, _offset_index(found, at))
            chunks.append(added)
            for number in (2, 6):
                if number in group:
                    group[number] = I64, integer(read_integer(group[number][1]) + size)
            at += size
        footer = dump(self._fields)
        return b"".join([*index.parts, footer, len(footer).to_bytes(4, "little"), b"PAR1"])


class _PageIndex:
    """Column and offset indexes, written from *offset* on.

    A column chunk has the offset of its index in one field, and the length in the next.
    """

    def __init__(self, offset: int, read: Callable[[int, int], bytes]) -> None:
        self._offset = offset
        self._read = read
        self.parts: list[bytes] = []

    def move(self, chunk: dict[int, Any], number: int) -> None:
        """Move the index of a column chunk, if it has one."""
        if number in chunk:
            extent = (read_integer(chunk[each][1]) for each in (number, number + 1))
            self.add(chunk, number, self._read(*extent))

    def add(self, chunk: dict[int, Any], number: int, index: bytes) -> None:
        """Write the index of a column chunk."""
        chunk[number] = I64, integer(self._offset)
        chunk[number + 1] = I32, integer(len(index))
        self.parts.append(index)
        self._offset += len(index)


def _pages_of(rows: int, pages: Iterator[Page]) -> list[Page]:
    """Return the next *pages* with a total of *rows* rows."""
    found = []
    while rows:
        found.append(next(pages))
        rows -= found[-1].values
    return found


def _chunk(name: str, pages: list[Page], offset: int) -> dict[int, Any]:
    size = integer(sum(page.size for page in pages))
    encodings = integer(_PLAIN) + integer(_RLE)
    metadata = {
        1: (I32, integer(_BYTE_ARRAY)),
        2: (LIST, bytes([2 << 4 | I32]) + encodings),
        3: (LIST, bytes([1 << 4 | BINARY]) + binary(name.encode())),
        4: (I32, integer(_UNCOMPRESSED)),
        5: (I64, integer(sum(page.values for page in pages))),
        6: (I64, size),
        7: (I64, size),
        9: (I64, integer(offset)),
    }
    return {2: (I64, integer(0)), 3: (STRUCT, metadata)}


def _offset_index(pages: list[Page], offset: int) -> bytes:
    rows, locations = 0, []
    for page in pages:
        location = (I64, offset), (I32, page.size), (I64, rows)
        locations.append({i: (kind, integer(n)) for i, (kind, n) in enumerate(location, 1)})
        offset += page.size
        rows += page.values
    return dump({1: (LIST, locations)})


def _key_value(key: bytes, value: bytes | None) -> dict[int, Any]:
    fields = {1: (BINARY, binary(key))}
    return fields if value is None else {**fields, 2: (BINARY, binary(value))}
