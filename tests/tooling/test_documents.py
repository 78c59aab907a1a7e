"""The tables in ``docs/`` agree with the tests."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEATURES, TRAPS = "docs/features.md", "docs/traps.md"

_LINK = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def tables(document: str) -> list[list[list[str]]]:
    """The cells of each table, row by row; the first two rows are its head."""
    found: list[list[list[str]]] = [[]]
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [table[2:] for table in found if table]


def feature_rows() -> list[list[str]]:
    """The cells of the table of features, without its header, row by row."""
    body = (ROOT / FEATURES).read_text(encoding="utf-8").partition("<tbody>")[2]
    rows = re.findall(r"<tr>(.*)</tr>", body.partition("</tbody>")[0])
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in rows]


def links(text: str) -> list[str]:
    """The tests that *text* names, as pytest does."""
    return ["::".join(found) for found in _LINK.findall(text)]


@cache
def defined_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        f"{path}::{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)
    )


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[int]]:
    """The numbers of traps that tests are marked with."""
    path = tmp_path_factory.mktemp("marks") / "traps.json"
    command = [sys.executable, "-m", "tests.support.marks", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[int]] = json.loads(path.read_text(encoding="utf-8"))
    return {name: set(numbers) for name, numbers in found.items()}


@pytest.mark.parametrize("document", [FEATURES, TRAPS])
def test_every_test_that_a_document_names_is_there(document: str) -> None:
    named = links((ROOT / document).read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if name not in defined_in(name.partition("::")[0])] == []


# Features.


def test_every_feature_is_tokboxs_and_proved_for_client_and_emulator() -> None:
    sdks, (proofs, _) = feature_rows(), tables(FEATURES)
    assert [row[0] for row in sdks] == [row[0].strip("*") for row in proofs]
    # The names of groups have rows of their own.
    assert {len(row) for row in sdks} == {1, 14}
    assert [row[0] for row in sdks if row[1:2] not in (["✓"], [])] == []
    for row, (_, client, emulator) in zip(sdks, proofs, strict=True):
        proved = [bool(links(cell)) for cell in (client, emulator)]
        assert proved == [len(row) > 1] * 2


def test_every_cell_of_the_features_is_filled() -> None:
    assert [cell for row in feature_rows() for cell in row if not cell] == []


def test_everything_that_is_left_out_has_an_alternative() -> None:
    *_, left_out = tables(FEATURES)
    named = " ".join(name for name, _ in left_out)
    for product in ("Application API", "Insights", "Reports API", "media", "migration"):
        assert product in named
    assert [name for name, use in left_out if not use] == []


def test_every_note_of_the_features_is_there_and_in_use() -> None:
    text = (ROOT / FEATURES).read_text(encoding="utf-8")
    used = re.findall(r"[✓✗]<sup>(\d+)</sup>", text)
    explained = re.findall(r"^(\d+)\. ", text, re.MULTILINE)
    assert set(used) == set(explained)
    assert explained == [str(n) for n in range(1, len(explained) + 1)]


# Traps.


def traps() -> list[tuple[int, str]]:
    """The number of each trap, and its column about tests."""
    return [(int(row[0]), row[-1]) for table in tables(TRAPS) for row in table]


def test_every_trap_is_there_once_and_in_order() -> None:
    numbers = [number for number, _ in traps()]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_every_trap_has_a_test_or_a_reason_for_none() -> None:
    assert [n for n, said in traps() if not links(said) and len(said) < 10] == []


def test_tests_of_traps_are_marked_with_their_numbers(marks: dict[str, set[int]]) -> None:
    wrong = [
        f"{number}: {name}"
        for number, said in traps()
        for name in links(said)
        if number not in marks.get(name, ())
    ]
    assert wrong == []


def test_every_trap_that_a_test_is_marked_with_has_tests_in_the_table(
    marks: dict[str, set[int]],
) -> None:
    marked = {number for numbers in marks.values() for number in numbers}
    assert marked == {number for number, said in traps() if links(said)}
