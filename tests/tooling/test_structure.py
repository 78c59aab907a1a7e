"""The tool that finds import cycles."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tools import structure


@pytest.fixture
def sources(tmp_path) -> Path:
    """A package without a cycle: ``tokbox.b.two`` imports ``tokbox.a.one``."""
    for name, text in {
        "tokbox/__init__.py": "",
        "tokbox/a/__init__.py": "",
        "tokbox/a/one.py": "import os\n",
        "tokbox/a/three.py": "from tokbox.a.one import x\n",
        "tokbox/b/__init__.py": "",
        "tokbox/b/two.py": "from tokbox.a import one\n",
        "_core.pyx": "from tokbox.a.one cimport (\n    x,\n)\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_imports_are_read_from_python_and_cython(sources):
    graph = structure.read_imports(sources)
    assert graph["tokbox.b.two"] == {"tokbox.a.one"}
    assert graph["tokbox._core"] == {"tokbox.a.one"}
    assert structure.find_cycles(graph) == {}


@pytest.mark.parametrize(
    "planted",
    [
        "from tokbox.b.two import x\n",
        "import tokbox.b.two\n",
        "def f():\n    from tokbox.b import two\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tokbox.b.two import x\n",
    ],
)
def test_a_planted_cycle_is_found(sources, planted):
    (sources / "tokbox/a/one.py").write_text(planted)
    cycles = structure.find_cycles(structure.read_imports(sources))
    assert set(cycles["modules"]) == {"tokbox.a.one", "tokbox.b.two"}
    assert set(cycles["tokbox"]) == {"a", "b"}


def test_a_planted_cycle_between_packages_only_is_found(sources):
    (sources / "tokbox/a/three.py").write_text("import tokbox.b.two\n")
    cycles = structure.find_cycles(structure.read_imports(sources))
    assert list(cycles) == ["tokbox"]


def test_a_cycle_is_listed_in_the_order_of_its_imports():
    cycle = structure.find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert cycle[0] == cycle[-1]
    assert set(pairwise(cycle)) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_files_are_counted_by_folder(sources):
    assert structure.folder_sizes(sources)["tokbox/a"] == 3


#: One file for each resource.
MANY_FILES = {"tokbox/emulator/api", "tokbox/rest/resources"}


def test_there_are_no_import_cycles_in_tokbox():
    assert structure.find_cycles(structure.read_imports()) == {}


def test_folders_stay_small():
    for folder, count in structure.folder_sizes().items():
        # With __init__.py and declarations for Cython.
        assert count <= (18 if folder in MANY_FILES else 17), folder
