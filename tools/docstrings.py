"""Convert docstrings to Markdown, for the reference (``mkdocs.yml``).

In the sources, docstrings have roles (``:class:`~tokbox.Tokbox```) and ``::`` before code,
and attributes have comments that start with ``#:``.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Markdown", "comment_above", "markdown"]

_ROLE = re.compile(r":(?:class|func|meth|mod|exc|data|attr):`(?:~[\w.]*\.)?([\w.]+)`")
_LONE = re.compile(r"^::\n\n", re.MULTILINE)


def markdown(text: str) -> str:
    """Return a docstring in Markdown."""
    return _LONE.sub("", _ROLE.sub(r"`\1`", text)).replace("::\n\n", ":\n\n")


def comment_above(lines: list[str], line: int) -> str:
    """Return the ``#:`` comment directly above *line*, which is counted from 1."""
    said: list[str] = []
    for above in reversed(lines[: max(line - 1, 0)]):
        if not above.strip().startswith("#:"):
            break
        said.insert(0, above.strip().removeprefix("#:").strip())
    return "\n".join(said)


def declaration(lines: list[str], name: str, first: int, last: int) -> int:
    """Return the line from *first* to *last* where a class annotates *name*, or 0.

    Griffe has the line where the attribute gets its value.
    """
    declares = re.compile(rf" +{name}: ")
    texts = enumerate(lines[first - 1 : last], first)
    return next((line for line, text in texts if declares.match(text)), 0)


class Markdown(griffe.Extension):
    """Turn every docstring that is collected into Markdown."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.is_attribute and not obj.docstring:
            self._read_comment(obj)
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)

    def _read_comment(self, obj: griffe.Object) -> None:
        # A compiled module has no lines, though its stub has.
        if not (obj.lineno and obj.module and obj.filepath in obj.lines_collection):
            return
        lines = obj.lines_collection[obj.filepath]
        said = comment_above(lines, obj.lineno)
        if not said and obj.parent and obj.parent.is_class:
            span = obj.parent.lineno or 1, obj.parent.endlineno or 0
            said = comment_above(lines, declaration(lines, obj.name, *span))
        if said:
            obj.docstring = griffe.Docstring(said, parent=obj)
