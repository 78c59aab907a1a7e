"""Read the needed members of JSON objects, and skip the others.

msgspec parses a line without making objects for the members that a run does not need. It
does not notice duplicate names, and does not say why a line is refused in the words of
`strict_json`. So lines that may have a duplicate, and lines that msgspec refuses, are
parsed by `strict_json`, which decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tokbox.tokens.strict_json import read_object

__all__ = ["MemberReader"]


class MemberReader:
    """Reads the members *names* of JSON objects, and whether one is named *new*.

    A name with dots is a path to a nested member, unless an object has a member of
    exactly that name.
    """

    def __init__(self, names: Iterable[str], new: str = "") -> None:
        import msgspec

        self._absent: Any = msgspec.UNSET
        names = [*names]
        roots = (name.partition(".")[0] for name in names)
        needed = dict.fromkeys([*names, *roots])
        self._keys = [json.dumps(name).encode() for name in needed]
        #: The attribute of a parsed line that has a member.
        self._attributes = {
            name: f"member_{i}" for i, name in enumerate({**needed, new: None})
        }
        fields = [(each, Any, msgspec.UNSET) for each in self._attributes.values()]
        rename = {attribute: name for name, attribute in self._attributes.items()}
        self._row = msgspec.defstruct("Row", fields, rename=rename, gc=False)
        self._decode = msgspec.json.Decoder(self._row).decode
        self._refused = (msgspec.DecodeError, RecursionError)

    def read(self, lines: Sequence[bytes]) -> tuple[list[Any], dict[int, str]]:
        """Return the parsed lines, and by index why a line cannot be parsed."""
        strictly = [i for i, line in enumerate(lines) if self._may_repeat(line)]
        try:
            rows = list(map(self._decode, lines))
        except self._refused:
            rows, refused = self._read_each(lines)
            strictly += refused
        problems = {}
        for i in strictly:
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

    def _read_each(self, lines: Sequence[bytes]) -> tuple[list[Any], list[int]]:
        rows: list[Any] = [None] * len(lines)
        refused = []
        for i, line in enumerate(lines):
            try:
                rows[i] = self._decode(line)
            except self._refused:
                refused.append(i)
        return rows, refused

    def _may_repeat(self, line: bytes) -> bool:
        """Say whether a name may be twice in a line. It may be a value, too."""
        return any(line.count(key) > 1 for key in self._keys)

    def values(self, name: str, rows: list[Any]) -> list[Any]:
        """Return the values of a member in parsed lines; None where a line has none."""
        absent = self._absent
        return [None if value is absent else value for value in self._found(name, rows)]

    def has(self, name: str, rows: list[Any]) -> list[bool]:
        """Return for each parsed line whether it has a member."""
        absent = self._absent
        return [value is not absent for value in self._found(name, rows)]

    def _found(self, name: str, rows: list[Any]) -> Iterable[Any]:
        attribute = self._attributes[name]
        found = [getattr(row, attribute) for row in rows]
        root, *path = name.split(".")
        if not path:
            return found
        attribute = self._attributes[root]
        return [
            self._nested(getattr(row, attribute), path) if value is self._absent else value
            for row, value in zip(rows, found, strict=True)
        ]

    def _nested(self, value: Any, path: list[str]) -> Any:
        for name in path:
            if not isinstance(value, dict) or name not in value:
                return self._absent
            value = value[name]
        return value
