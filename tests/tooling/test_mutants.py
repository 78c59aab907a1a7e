"""Mutants that tests do not notice are found, and too many of them are a failure."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import mutants

ROOT = Path(__file__).parents[2]

PLANTED = """
LIMIT = 3

def allowed(n):
    if n > LIMIT:
        raise ValueError(n)
    return n
"""
WEAK = """
from planted import allowed

def test_what_is_small_is_allowed():
    assert allowed(1) == 1
"""
STRONG = """
import pytest
from planted import allowed

def test_up_to_three_is_allowed():
    assert [allowed(n) for n in (0, 3)] == [0, 3]
    with pytest.raises(ValueError):
        allowed(4)
"""


def judge(folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Break a planted module, whose tests are *tests*."""
    (folder / "lib").mkdir()
    (folder / "lib" / "planted.py").write_text(PLANTED)
    (folder / "test_planted.py").write_text(tests)
    return subprocess.run(
        [sys.executable, "-m", "tools.mutants", "planted", "test_planted.py"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder / 'lib'}",
            # Without the plugins, pytest starts in half the time.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_mutant_that_nobody_notices_fails_the_gate(tmp_path: Path) -> None:
    done = judge(tmp_path, WEAK)
    assert done.returncode == 1
    assert "planted.py:5: Gt -> GtE" in done.stdout
    assert "planted.py:6: raise ValueError(n) -> pass" in done.stdout
    assert "fewer than 90 % of the mutants are noticed" in done.stderr


def test_mutants_that_are_noticed_pass_the_gate(tmp_path: Path) -> None:
    done = judge(tmp_path, STRONG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "planted: 100.0 % of 5 mutants are noticed" in done.stdout


def test_tests_that_fail_without_mutants_are_no_measure(tmp_path: Path) -> None:
    done = judge(tmp_path, STRONG.replace("(4)", "(3)"))
    assert done.returncode == 1
    assert "its tests fail on it as it is" in done.stderr


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("a < b", "a <= b"),
        ("a is None", "a is not None"),
        ("a and b", "a or b"),
        ("not a", "a"),
        ("a + b", "a - b"),
        ("f(True)", "f(False)"),
        ("f(7)", "f(8)"),
    ],
)
def test_each_thing_is_turned_into_its_like(source: str, mutated: str) -> None:
    tree = ast.parse(source)
    found = [
        mutants.changed(tree, place, new)
        for place, node, _ in mutants.places(tree, [])
        for _, new in mutants.changes(node)
    ]
    assert found == [mutated]


@pytest.mark.parametrize("source", ["return", "return None", "return False"])
def test_no_is_not_turned_into_another_no(source: str) -> None:
    words = [
        what for node in ast.walk(ast.parse(source)) for what, _ in mutants.changes(node)
    ]
    assert words == (["False -> True"] if "False" in source else [])


def test_what_is_not_run_is_left_alone() -> None:
    tree = ast.parse(
        "def f(a: Literal[1]) -> Literal[2]: ...\nif TYPE_CHECKING:\n    a = 3"
    )
    assert not [
        what for _, node, _ in mutants.places(tree, []) for what, _ in mutants.changes(node)
    ]


def test_every_target_and_its_tests_are_there() -> None:
    for module, tests in mutants.TARGETS.items():
        assert mutants.source_of(module).is_file()
        assert [test for test in tests if not (ROOT / test).is_file()] == []
