"""Read the needed members of JSON objects, and skip the others.

msgspec parses a line without creating objects for other members. It does not detect
duplicate names, and its error messages differ from those of `strict_json`. Lines that may
have duplicate names, and lines that msgspec refuses, are therefore parsed by `strict_json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from tokbox._csv import max_occurrences
from tokbox.tokens.strict_json import read_object

__all__ = ["MemberReader"]

#: The end of a name with an escape in it: there is another way to write this name.
_ESCAPED_NAME = re.compile(rb'\\.[^"\\]*"[ \t\r]*:')
#: Characters that are escaped in JSON. msgspec does not accept names with them.
_UNUSUAL = re.compile(r'["\\\x00-\x1f]')


class MemberReader:
    """Reads the members *names* of JSON objects, and whether one is named *new*.

    A name with dots is a path to a nested member, unless an object has a member of
    exactly that name.
    """

    def __init__(self, names: Iterable[str], new: str = "") -> None:
        import msgspec

        self._absent: Any = msgspec.UNSET
        names = [*names]
        parts = [name.split(".") for name in names]
        needed = dict.fromkeys([*names, *(root for root, *_ in parts)])
        #: Each name as lines have it.
        self._keys = {
            name: json.dumps(name).encode()
            for name in dict.fromkeys([*needed, *(each for path in parts for each in path)])
        }
        #: The attribute of a parsed line that has a member.
        self._attributes = {
            name: f"member_{i}" for i, name in enumerate({**needed, new: None})
        }
        fields = [(each, Any, msgspec.UNSET) for each in self._attributes.values()]
        rename = {
            attribute: name
            for name, attribute in self._attributes.items()
            if not _UNUSUAL.search(name)
        }
        #: msgspec cannot find all members, so each line is parsed by `strict_json`.
        self._all_strictly = len(rename) < len(self._attributes)
        self._row = msgspec.defstruct("Row", fields, rename=rename, gc=False)
        self._decode = msgspec.json.Decoder(self._row).decode
        self._refused = (msgspec.DecodeError, RecursionError)

    def read(self, lines: Sequence[bytes]) -> tuple[list[Any], dict[int, str]]:
        """Return the parsed lines, and by index why a line cannot be parsed."""
        strictly = set(range(len(lines))) if self._all_strictly else set[int]()
        try:
            rows = list(map(self._decode, lines))
        except self._refused:
            rows, refused = self._read_each(lines)
            strictly |= refused
        problems = {}
        for i in sorted(strictly | self._repeating(lines, rows)):
            try:
                found = read_object(lines[i])
            except ValueError as error:
                problems[i], found = str(error), {}
            rows[i] = self._row(
                **{
                    attribute: found[name]
                    for name, attribute in self._attributes.items()
                    if name in found
                }
            )
        return rows, problems

    def _read_each(self, lines: Sequence[bytes]) -> tuple[list[Any], set[int]]:
        rows, refused = [], set()
        for i, line in enumerate(lines):
            try:
                rows.append(self._decode(line))
            except self._refused:
                rows.append(self._row())
                refused.add(i)
        return rows, refused

    def _repeating(self, lines: Sequence[bytes], rows: list[Any]) -> set[int]:
        """Return the indices of lines that may have one of the names twice."""
        text = b"\n".join(lines)
        found: set[int] = set()
        for name, key in self._keys.items():
            # The name is at least once in each line that has the member. If there are more
            # of them, one may be repeated; or be a value, or be in another object.
            there = 0
            if name in self._attributes:
                members = self._members(name, rows)
                there = len(members) - members.count(self._absent)
            # Counting exactly takes ten times as long.
            if max_occurrences(text, key) > there and text.count(key) > there:
                found |= {i for i, line in enumerate(lines) if line.count(key) > 1}
        if b"\\" in text and _ESCAPED_NAME.search(text):
            found |= {i for i, line in enumerate(lines) if _ESCAPED_NAME.search(line)}
        return found

    def values(self, name: str, rows: list[Any]) -> list[Any]:
        """Return the values of a member in parsed lines; None where a line has none."""
        found, absent = self._found(name, rows), self._absent
        if absent not in found:
            return found
        return [None if value is absent else value for value in found]

    def has(self, name: str, rows: list[Any]) -> list[bool]:
        """Return for each parsed line whether it has a member."""
        absent = self._absent
        return [value is not absent for value in self._found(name, rows)]

    def _members(self, name: str, rows: list[Any]) -> list[Any]:
        return list(map(attrgetter(self._attributes[name]), rows))

    def _found(self, name: str, rows: list[Any]) -> list[Any]:
        found = self._members(name, rows)
        root, *path = name.split(".")
        if not path:
            return found
        return [
            self._nested(member, path) if value is self._absent else value
            for value, member in zip(found, self._members(root, rows), strict=True)
        ]

    def _nested(self, value: Any, path: list[str]) -> Any:
        for name in path:
            if not isinstance(value, dict) or name not in value:
                return self._absent
            value = value[name]
        return value
