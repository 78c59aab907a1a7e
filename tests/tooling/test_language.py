"""Docstrings, comments and documents use plain English (CONTRIBUTING.md).

Patterns cannot judge a text, so a small share of the passages may match.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The share of the passages of a folder that may match a pattern.
LIMIT = 0.04
#: Shorter texts are labels.
_SHORTEST = 12

PATTERNS = {
    "a sentence that begins with a clause": (
        r"(?:^|[.:] )(?:(?:Who|What|Where|That|All that)(?:ever)?|Whether|As long as)\b[^?]*$"
    ),
    "code that speaks": r"\b(?:tell(?:s|ing)?|told|sa(?:ys?|id)|ask(?:s|ed) (?:for|of|to))\b",
    "code that is a person": (
        r"\b(?:(?:no|some)body|who(?:m|so)?ever|strangers?|ours|theirs|believes?|knows? of)\b"
    ),
    "an imperative with let": r"\b[Ll]ets? (?!us\b)(?:it|them|[a-z]+s?|`[^`]+`) \w+",
    "an old word": r"\b(?:anew|some day|dear(?:er)?|nor|surely|upon|hence|thus|whence)\b",
    "valid, in other words": r"\b(?:holds?|held) (?:good|true|here|everywhere)\b",
    "is, in other words": r"\b(?:(?:is|are|was|were|to be) had|stands?|stood|comes? to)\b",
    "a comparison of amounts": r"\b(?:[Aa]s|[Ss]o) (?:many|much)\b",
    "two negations": r"\bno (?:more|less|longer|fewer) than\b|\bnone of (?:it|them|these)\b",
}


def _comments(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Join comments that follow one another."""
    block: list[str] = []
    previous = -1
    for number, text in lines:
        if block and number != previous + 1:
            yield " ".join(block)
            block = []
        block.append(text)
        previous = number
    if block:
        yield " ".join(block)


def _python(text: str) -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and (doc := ast.get_docstring(node)):
            yield doc
    yield from _comments(
        (token.start[0], token.string.lstrip("#: "))
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    )


def _cython(text: str) -> Iterator[str]:
    yield from re.findall(r'"""(.*?)"""', text, re.DOTALL)
    yield from _comments(
        (number, line.lstrip().lstrip("#: "))
        for number, line in enumerate(text.splitlines())
        if line.lstrip().startswith("#")
    )


def _c(text: str) -> Iterator[str]:
    for comment in re.findall(r"/\*(.*?)\*/", text, re.DOTALL):
        yield comment.replace("*", " ")


def _markdown(text: str) -> Iterator[str]:
    yield from re.sub(
        r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE
    ).splitlines()


_READERS = {
    ".py": _python,
    ".pyi": _python,
    ".pyx": _cython,
    ".pxd": _cython,
    ".pxi": _cython,
    ".c": _c,
    ".h": _c,
    ".md": _markdown,
}


def passages(name: str, text: str) -> list[str]:
    """Return the docstrings and comments of a source file, or the lines of a document."""
    read = _READERS[Path(name).suffix]
    found = (" ".join(passage.split()) for passage in read(text))
    return [passage for passage in found if len(passage) >= _SHORTEST]


def matches(passage: str) -> list[str]:
    """Return the names of the patterns that a passage matches."""
    return [name for name, pattern in PATTERNS.items() if re.search(pattern, passage)]


def _folder(name: str) -> str:
    parts = Path(name).parent.parts
    return "/".join(parts[: 3 if parts[:1] == ("src",) else 1]) or "."


@pytest.fixture(scope="module")
def folders() -> dict[str, list[str]]:
    """The passages of each folder, of all files that git has."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("this is not a checkout of git")
    found: dict[str, list[str]] = defaultdict(list)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in _READERS and path.is_file():
            found[_folder(name)] += passages(name, path.read_text(encoding="utf-8"))
    return found


def test_few_passages_of_each_folder_match_a_pattern(folders: dict[str, list[str]]) -> None:
    assert {"docs", "src/tokbox/rest", "src/kernels", "tools"} <= folders.keys()
    shares = {}
    for folder, texts in folders.items():
        found = [text for text in texts if matches(text)]
        # In a small folder one match is allowed.
        if len(found) > max(1, LIMIT * len(texts)):
            shares[folder] = found
    assert shares == {}


@pytest.mark.parametrize(
    ("hard", "plain"),
    [
        ("Who signs again gets other tokens.", "Signing again produces other tokens."),
        ("The header tells when to try again.", "The header has the time of the retry."),
        ("It may come from strangers.", "The input is not trusted."),
        ("Let a URL be forgotten.", "Delete a callback of a URL."),
        ("Neither this nor that is read.", "Both fields are ignored."),
        ("A token that holds good.", "A token that is valid."),
        ("The lock is had by the caller.", "The caller holds the lock."),
        ("As many threads as there are CPUs.", "One thread for each CPU."),
        ("There are no more than three.", "There are at most three."),
    ],
)
def test_patterns_find_hard_english_only(hard: str, plain: str) -> None:
    assert matches(hard)
    assert matches(plain) == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", '"""A long docstring."""\n# A comment\n# of two lines\n', 2),
        ("a.pyx", '"""A long docstring."""\n    # A comment\n    # of two lines\n', 2),
        ("a.c", "/* A comment\n * of two lines */\n/* short */\n", 1),
        ("a.md", "A line of text.\n```\ncode, which is skipped\n```\n", 1),
    ],
)
def test_passages_are_docstrings_comments_and_lines(
    name: str, text: str, found: int
) -> None:
    assert len(passages(name, text)) == found
