"""Let docstrings be read as Markdown, for the reference (``mkdocs.yml``).

They are written for who reads the sources: with roles (``:class:`~tokbox.Tokbox```), with
``::`` before code, and with ``#:`` above what is not a function.
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
    """Return what ``#:`` says right above *line*, which is counted from 1."""
    said: list[str] = []
    for above in reversed(lines[: line - 1]):
        if not above.strip().startswith("#:"):
            break
        said.insert(0, above.strip().removeprefix("#:").strip())
    return "\n".join(said)


class Markdown(griffe.Extension):
    """Turn every docstring that is collected into Markdown."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.is_attribute and not obj.docstring and obj.lineno and obj.module:
            # A compiled module has no lines, though its stub has.
            if obj.filepath in obj.lines_collection:
                lines = obj.lines_collection[obj.filepath]
                if said := comment_above(lines, obj.lineno):
                    obj.docstring = griffe.Docstring(said, parent=obj)
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)
