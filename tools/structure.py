"""Print import cycles, and the number of files in each folder."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

__all__ = ["between_packages", "find_cycle", "find_cycles", "folder_sizes", "read_imports"]

SOURCES = Path(__file__).resolve().parent.parent / "src"
SUFFIXES = (".c", ".h", ".py", ".pxd", ".pxi", ".pyx")
CYTHON_IMPORT = re.compile(r"^ *from (tokbox\S*) c?import \(?([\w, ]*)", re.MULTILINE)

#: For each module, the modules that it imports.
Graph = dict[str, set[str]]


def read_imports(sources: Path = SOURCES) -> Graph:
    """Return the imports between the modules in the folder *sources*.

    Imports in functions and under ``TYPE_CHECKING`` count. So do those of the Cython
    modules, whose sources lie in the folder itself. ``from a import b`` imports the module
    ``a.b`` if there is one, else ``a``.
    """
    package = sources / "tokbox"
    paths = {module_name(path, sources): path for path in package.rglob("*.py")}
    paths |= {f"tokbox.{path.stem}": path for path in sources.glob("*.pyx")}
    # An installed package has the stubs of its extension modules, but not their sources.
    known = {*paths, *(module_name(stub, sources) for stub in package.glob("*.pyi"))}
    graph: Graph = {}
    for module, path in sorted(paths.items()):
        statements = python_imports(path) if path.suffix == ".py" else cython_imports(path)
        names = {
            f"{base}.{name}" if f"{base}.{name}" in known else base
            for base, name in statements
        }
        graph[module] = (names & known) - {module}
    return graph


def module_name(path: Path, sources: Path) -> str:
    parts = path.relative_to(sources).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield ``("a", "b")`` for ``from a import b``, and ``("a", "")`` for ``import a``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if isinstance(node, ast.Import):
                    yield alias.name, ""
                else:
                    assert node.level == 0, f"{path} has a relative import"
                    yield node.module or "", alias.name


def cython_imports(path: Path) -> Iterator[tuple[str, str]]:
    for base, names in CYTHON_IMPORT.findall(path.read_text(encoding="utf-8")):
        for name in names.split(","):
            yield base, name.strip()


def find_cycle(graph: Graph) -> list[str]:
    """Return the names along one cycle, or an empty list."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # The sorter lists what is imported before the module that imports it.
        return list(reversed(error.args[1]))
    return []


def between_packages(graph: Graph, package: str) -> Graph:
    """Return the imports between the modules and subpackages directly in *package*."""
    prefix = f"{package}."
    children: Graph = {}
    for module, imported in graph.items():
        if module.startswith(prefix):
            child = module.removeprefix(prefix).split(".")[0]
            targets = {
                target.removeprefix(prefix).split(".")[0]
                for target in imported
                if target.startswith(prefix)
            }
            children.setdefault(child, set()).update(targets - {child})
    return children


def find_cycles(graph: Graph) -> dict[str, list[str]]:
    """Return a cycle between modules, and one between the parts of each package."""
    packages = sorted({module.rpartition(".")[0] for module in graph} - {""})
    cycles = {"modules": find_cycle(graph)}
    cycles |= {
        package: find_cycle(between_packages(graph, package)) for package in packages
    }
    return {where: cycle for where, cycle in cycles.items() if cycle}


def folder_sizes(sources: Path = SOURCES) -> dict[str, int]:
    """Return the number of source files in each folder, without those in its subfolders."""
    files = (path for path in sources.rglob("*") if path.suffix in SUFFIXES)
    return dict(Counter(str(path.parent.relative_to(sources)) for path in files))


def main() -> int:
    cycles = find_cycles(read_imports())
    for where, cycle in cycles.items():
        print(f"cycle in {where}: {' -> '.join(cycle)}")
    for folder, count in sorted(folder_sizes().items(), key=lambda item: -item[1]):
        print(f"{count:4} {folder}")
    return int(bool(cycles))


if __name__ == "__main__":
    sys.exit(main())
