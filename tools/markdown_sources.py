"""Publish the documentation as Markdown, for language models and other programs.

``python -m tools.markdown_sources`` writes ``docs/llms.txt`` and ``docs/markdown.md``,
which list the pages of the navigation. ``python -m tools.markdown_sources site`` copies
each page to a built site as Markdown, beside its HTML. In the copies the API reference is
text.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["expand", "llms_text", "markdown_page", "navigation"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_SECTION = re.compile(r"^  - (.+):$")
_PAGE = re.compile(r"^      - (.+): (\S+\.md)$")
_DIRECTIVE = re.compile(r"^::: ([\w.]+)\n(?:    .*\n)*", re.MULTILINE)
_SUMMARY = (
    "tokbox is a Python library for servers that run video sessions on OpenTok or the "
    "Vonage Video API. It creates sessions, signs tokens and records archives."
)


def navigation() -> dict[str, dict[str, str]]:
    """Return the navigation of ``mkdocs.yml``: sections, titles and paths of pages."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for line in text.partition("\nnav:\n")[2].splitlines():
        if section := _SECTION.match(line):
            pages = found.setdefault(section[1], {})
        elif page := _PAGE.match(line):
            pages[page[1]] = page[2]
        else:
            break
    return found


def llms_text() -> str:
    """Return ``llms.txt``: a title, a summary, and links to the pages as Markdown."""
    lines = ["# tokbox", "", f"> {_SUMMARY}"]
    for section, pages in navigation().items():
        lines += ["", f"## {section}", ""]
        lines += [f"- [{title}]({path})" for title, path in pages.items()]
    return "\n".join(lines) + "\n"


def markdown_page() -> str:
    """Return the page that lists the Markdown sources."""
    lines = [
        "# Markdown sources",
        "",
        "Each page of this site exists as Markdown, too, for language models and other",
        "programs. Its address ends in `.md` instead of `.html`. [llms.txt](llms.txt)",
        "lists all pages.",
        "",
        "| section | page |",
        "| --- | --- |",
    ]
    for section, pages in navigation().items():
        lines += [
            # HTML, because MkDocs would link to the HTML page.
            f'| {section} | <a href="{path}">{title}</a> |'
            for title, path in pages.items()
        ]
    return "\n".join(lines) + "\n"


def expand(text: str) -> str:
    """Replace the directives for the API reference in a page by Markdown."""
    return _DIRECTIVE.sub(lambda found: "\n".join(_describe(found[1])) + "\n", text)


def _find(name: str) -> Any:
    """Return the object with a dotted name."""
    module, _, attribute = name.rpartition(".")
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return getattr(import_module(module), attribute)


def _describe(name: str) -> Iterator[str]:
    found = _find(name)
    yield from (f"## {name}", "")
    if inspect.ismodule(found):
        yield from (_text(found), "")
        for part in found.__all__:
            yield from _entry(part, getattr(found, part), "###")
        return
    yield from _entry(name.rpartition(".")[2], found, "")


def _entry(name: str, found: Any, heading: str) -> Iterator[str]:
    """Describe a class, a function or a constant."""
    if heading:
        yield from (f"{heading} {name}", "")
    if not callable(found):
        yield from (f"`{name} = {found!r}`", "")
        return
    yield from _signature(name, found)
    yield from (_text(found), "")
    if isinstance(found, type):
        for part, member in inspect.getmembers(found):
            public = not part.startswith("_") and getattr(member, "__doc__", None)
            if public and (callable(member) or isinstance(member, property)):
                yield from (f"#### {name}.{part}", "")
                if callable(member):
                    yield from _signature(part, member)
                yield from (_text(member), "")


def _text(found: Any) -> str:
    """Return the docstring of an object as Markdown."""
    # It needs griffe, which only the site needs.
    from tools.docstrings import markdown

    return markdown(inspect.getdoc(found) or "")


def _signature(name: str, function: Any) -> Iterator[str]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    yield from ("```python", f"{name}{signature}", "```", "")


def _main(site: Path | None) -> None:
    if site is None:
        (DOCS / "llms.txt").write_text(llms_text(), encoding="utf-8")
        (DOCS / "markdown.md").write_text(markdown_page(), encoding="utf-8")
        return
    for pages in navigation().values():
        for path in pages.values():
            text = expand((DOCS / path).read_text(encoding="utf-8"))
            (site / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
