"""Read the pages of the documentation, and the code blocks in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "blocks", "files", "tables"]

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^>]*?) -->\n+)?"
    r'^```(?P<language>\w+)?(?: title="(?P<title>[^"]+)")?(?P<rest>[^\n]*)\n'
    r"(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INDENTED = re.compile(r"(?:^|\n\n)(?P<code>(?: {4}[^\n]*\n)+)")


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    A comment above the block can mark it: ``<!-- not run: REASON -->`` if the tests cannot
    run it, ``<!-- run with ENGINE -->`` if it needs an engine for tables.
    """

    page: str
    line: int
    language: str
    code: str
    mark: str = ""
    title: str = ""

    @property
    def id(self) -> str:
        """The page and the line of the first line of code, as ``docs/index.md:12``."""
        return f"{self.page}:{self.line}"


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, from top to bottom."""
    text = _text(page)
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start("code")) + 1,
            language=found["language"] or "",
            code=found["code"],
            mark=found["mark"] or "",
            title=found["title"] or "",
        )
        for found in _FENCE.finditer(text)
    ]


def indented(page: str) -> list[str]:
    """Return the blocks of a page that are indented by four spaces instead of fenced."""
    text = _FENCE.sub("", _text(page))
    return [found["code"] for found in _INDENTED.finditer(text)]


def files(page: str) -> dict[str, str]:
    """Return the files that a page shows: the blocks that have a file name as title."""
    return {block.title: block.code for block in blocks(page) if block.title}


def tables(page: str) -> list[list[list[str]]]:
    """Return the cells of each table of a page, row by row, without its header."""
    found: list[list[list[str]]] = [[]]
    for line in _text(page).splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [table[2:] for table in found if table]
