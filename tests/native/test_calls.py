"""Calls between the C files: no cycles, and folders in one direction only."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tools.structure import Graph, find_cycle

KERNELS = Path(__file__).parents[2] / "src" / "kernels"
#: Each folder may use those before it.
FOLDERS = ["system", "text", "hash", "tokens"]


def read_calls(sources: Path, scratch: Path) -> Graph:
    """Return the other files whose functions and data each C file in *sources* uses."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    defined: dict[str, str] = {}
    used: dict[str, set[str]] = {}
    for source in sorted(sources.rglob("*.c")):
        file = str(source.relative_to(sources))
        target = scratch / "file.o"
        command = [*compiler, "-std=gnu11", "-c", f"-I{sources}", source, "-o", target]
        subprocess.run(command, check=True)
        symbols = subprocess.run(
            ["nm", "-g", "-P", target], check=True, capture_output=True, text=True
        )
        used[file] = set()
        for line in symbols.stdout.splitlines():
            name, kind = line.split()[:2]
            if kind in "Uuw":
                used[file].add(name)
            else:
                defined[name] = file
    return {
        file: {defined[name] for name in names if name in defined}
        for file, names in used.items()
    }


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return read_calls(KERNELS, tmp_path_factory.mktemp("objects"))


def test_c_files_have_no_call_cycle(calls: Graph) -> None:
    cycle = find_cycle(calls)
    assert not cycle, " -> ".join(cycle)


def test_c_folders_use_each_other_in_one_direction(calls: Graph) -> None:
    def rank(file: str) -> int:
        return FOLDERS.index(Path(file).parts[0])

    upward = [
        f"{file} -> {other}"
        for file, others in calls.items()
        for other in others
        if rank(other) > rank(file)
    ]
    assert not upward


def test_a_planted_cycle_is_found(tmp_path: Path) -> None:
    ring = {"first": "second", "second": "third", "third": "first"}
    for name, other in ring.items():
        text = f"int {other}(void);\nint {name}(void) {{ return {other}(); }}\n"
        (tmp_path / f"{name}.c").write_text(text)
    cycle = find_cycle(read_calls(tmp_path, tmp_path))
    assert set(cycle) == {"first.c", "second.c", "third.c"}
    assert len(cycle) == 4
    assert cycle[0] == cycle[-1]
