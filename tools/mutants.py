"""Break the code in one place after another, and see whether its tests notice.

    python -m tools.mutants [MODULE TEST ...]

Each mutant is a module in which one comparison, condition, number, result or exception is
another. Its tests run on a copy of the package that has it; a mutant on which they all pass
has survived, and is printed. Fails if fewer than ``FLOOR`` percent of the mutants of any
module are noticed. Without arguments the modules of ``TARGETS`` are broken: those that
say what is signed, what is believed, what is repeated and what is told.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.util
import os
import queue
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.environment import borrow

#: Percent of the mutants of a module that must be noticed.
FLOOR = 90.0
#: Tests that take so many times as long as with the original count as noticing: they would
#: not end. Seconds are added, since what is short varies most.
PATIENCE, MORE_PATIENCE = 6, 20

TARGETS = {
    "tokbox.tokens.claims": [
        "tests/tokens/test_limits.py",
        "tests/tokens/test_claims.py",
        "tests/tokens/verify/test_verify.py",
        "tests/tokens/rows/test_bad_rows.py",
        "tests/tokens/verify/test_algorithms.py",
    ],
    "tokbox.tokens.t1": [
        "tests/tokens/test_limits.py",
        "tests/tokens/verify/test_verify.py",
        "tests/tokens/test_dialects.py",
    ],
    "tokbox.tokens.jwt": [
        "tests/tokens/test_limits.py",
        "tests/tokens/test_jwt.py",
        "tests/tokens/verify/test_algorithms.py",
        "tests/tokens/test_dialects.py",
        "tests/rest/test_application.py",
    ],
    "tokbox.tokens.verify": [
        "tests/tokens/verify/test_verify.py",
        "tests/tokens/verify/test_algorithms.py",
        "tests/tokens/test_dialects.py",
        "tests/tokens/rs256/test_verify.py",
        "tests/tokens/rs256/test_crew.py",
        "tests/tokens/arrow/test_tokens.py",
        "tests/tokens/verify/test_verify_many.py",
    ],
    "tokbox.tokens.session": [
        "tests/tokens/test_session.py",
        "tests/tokens/test_limits.py",
        "tests/tokens/rows/test_varying_batch.py",
        "tests/tokens/test_dialects.py",
        "tests/tokens/rows/test_memory_pool.py",
        "tests/tokens/rs256/test_signing.py",
        "tests/tokens/test_signer.py",
    ],
    "tokbox.tokens.signer": [
        "tests/tokens/test_prepared_key.py",
        "tests/tokens/test_limits.py",
        "tests/tokens/test_jwt.py",
        "tests/tokens/test_dialects.py",
        "tests/tokens/verify/test_verify.py",
        "tests/tokens/rows/test_varying_batch.py",
        "tests/tokens/rs256/test_crew.py",
        "tests/tokens/rs256/test_derived.py",
        "tests/tokens/rs256/test_keys.py",
        "tests/tokens/test_derived.py",
        "tests/tokens/rs256/test_signing.py",
        "tests/tokens/test_signer.py",
    ],
    "tokbox.tokens.rows": [
        "tests/tokens/rows/test_varying_batch.py",
        "tests/tokens/rows/test_bad_rows.py",
        "tests/tokens/test_limits.py",
        "tests/tokens/rows/test_memory_pool.py",
        "tests/tokens/rows/test_snapshots.py",
        "tests/tokens/rs256/test_derived.py",
        "tests/tokens/test_derived.py",
        "tests/tokens/rs256/test_signing.py",
        "tests/tokens/arrow/test_tokens.py",
    ],
    "tokbox.tokens.derive": [
        "tests/tokens/rs256/test_derived.py",
        "tests/tokens/test_derived.py",
    ],
    "tokbox.tokens.rsa": [
        "tests/tokens/rs256/test_keys.py",
        "tests/tokens/rs256/test_verify.py",
        "tests/tokens/rs256/test_derived.py",
        "tests/tokens/rs256/test_signing.py",
    ],
    "tokbox.tokens.rs256": [
        "tests/tokens/rs256/test_crew.py",
        "tests/tokens/rs256/test_derived.py",
        "tests/tokens/rs256/test_signing.py",
    ],
    "tokbox.tokens.strict_json": ["tests/tokens/verify/test_strict_json.py"],
    "tokbox.rest.http.requester": [
        "tests/rest/http/test_retries.py",
        "tests/rest/http/test_clock.py",
        "tests/rest/http/test_retry_budget.py",
        "tests/rest/http/test_logging.py",
        "tests/rest/http/test_auth.py",
        "tests/rest/test_application.py",
    ],
    "tokbox.rest.http.retry_budget": ["tests/rest/http/test_retry_budget.py"],
    "tokbox.rest.http.auth": [
        "tests/rest/http/test_auth.py",
        "tests/rest/http/test_clock.py",
        "tests/rest/test_application.py",
    ],
    "tokbox.rest.http.logging": ["tests/rest/http/test_logging.py"],
    "tokbox.errors": ["tests/test_errors.py"],
    "tokbox.secrecy": ["tests/test_secrecy.py"],
}
#: All kernels are alike to Python.
ONE_KERNEL = ["-k", "not avx2 and not avx512 and not sha-ni and not armv8"]

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
#: Says nothing to who runs the code.
_SILENT = {"annotation", "returns", "decorator_list", "type_params"}

#: A place in a tree: fields, and indices where a field is a list.
Place = list[tuple[str, int | None]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module, broken in one place."""

    path: Path
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.what}"


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what *node* could be instead, each with words for it."""
    match node:
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", ast.Constant(value + 1)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not x -> x", operand
        case ast.If(test=test):
            negated = copy.deepcopy(node)
            negated.test = ast.UnaryOp(ast.Not(), test)
            yield f"if {ast.unparse(test)} -> if not", negated
        case ast.Raise():
            yield f"{ast.unparse(node)} -> pass", ast.Pass()
        # Who is told False or None is told no.
        case ast.Return(value=ast.expr() as value) if not _is_no(value):
            yield f"{ast.unparse(node)} -> return None", ast.Return(ast.Constant(None))
    if type(node) in _SWAPPED:
        other = _SWAPPED[type(node)]
        yield f"{type(node).__name__} -> {other.__name__}", other()


def _is_no(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, False)


def places(node: ast.AST, above: Place) -> Iterator[tuple[Place, ast.AST, int]]:
    """Yield every node that is run, with its place and its line."""
    for name, value in ast.iter_fields(node):
        if name in _SILENT:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _only_for_types(child):
                continue
            place = [*above, (name, index if isinstance(value, list) else None)]
            yield place, child, getattr(child, "lineno", getattr(node, "lineno", 0))
            yield from places(child, place)


def _only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def changed(tree: ast.Module, place: Place, new: ast.AST) -> str:
    """Return the source of *tree* with *new* in one place."""
    tree = copy.deepcopy(tree)
    node: Any = tree
    for name, index in place[:-1]:
        node = getattr(node, name) if index is None else getattr(node, name)[index]
    name, index = place[-1]
    if index is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[index] = new
    return ast.unparse(ast.fix_missing_locations(tree))


def source_of(module: str) -> Path:
    """Find the file of a module without importing it, or what it is in."""
    first, *rest = module.split(".")
    spec = importlib.util.find_spec(first)
    if spec is None or spec.origin is None:
        raise SystemExit(f"there is no module {first}")
    path = Path(spec.origin)
    return path.parent.joinpath(*rest).with_suffix(".py") if rest else path


def mutants(module: str) -> Iterator[Mutant]:
    """Yield all mutants of a module, in the order of its lines."""
    path = source_of(module)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for place, node, line in places(tree, []):
        for what, new in changes(node):
            yield Mutant(path, line, what, changed(tree, place, new))


class Workshop:
    """An interpreter of its own, which has all that this one has, and a copy of what is to
    be broken in place of the original; what it starts in turn has that, too."""

    def __init__(self, folder: Path, module: str) -> None:
        copied, self._cache = folder / "copy", folder / "cache"
        self.python = borrow(folder, copied)
        top = source_of(module.partition(".")[0])
        if top.name == "__init__.py":
            shutil.copytree(top.parent, copied / top.parent.name)
            self._file = copied / source_of(module).relative_to(top.parent.parent)
        else:
            copied.mkdir()
            self._file = Path(shutil.copy(top, copied))

    def survives(self, source: str, tests: list[str], patience: float | None) -> bool:
        """Say whether *tests* pass with *source* as the module, in so many seconds."""
        self._file.write_text(source, encoding="utf-8")
        # What noticed the last mutant goes first: mostly this one is not far from it.
        options = [
            "-x",
            "-q",
            "-p",
            "no:randomly",
            "--ff",
            "-o",
            f"cache_dir={self._cache}",
            *ONE_KERNEL,
        ]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTHONPATH", None)
        try:
            done = subprocess.run(
                [self.python, "-m", "pytest", *options, *tests],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def judge(module: str, tests: list[str]) -> bool:
    """Try all mutants of a module and print those that survive; say if they are few."""
    found = list(mutants(module))
    workers = os.cpu_count() or 1
    free: queue.SimpleQueue[Workshop] = queue.SimpleQueue()
    patience: float | None = None

    def survives(source: str) -> bool:
        workshop = free.get()
        try:
            return workshop.survives(source, tests, patience)
        finally:
            free.put(workshop)

    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(workers) as pool:
        for number in range(workers):
            free.put(Workshop(Path(scratch, str(number)), module))
        begin = time.monotonic()
        if not survives(source_of(module).read_text(encoding="utf-8")):
            raise SystemExit(f"{module}: its tests fail on it as it is")
        patience = PATIENCE * (time.monotonic() - begin) + MORE_PATIENCE
        survived = list(pool.map(survives, [mutant.source for mutant in found]))
    alive = [mutant for mutant, lives in zip(found, survived, strict=True) if lives]
    percent = 100 * (1 - len(alive) / max(len(found), 1))
    print(*alive, sep="\n")
    print(f"{module}: {percent:.1f} % of {len(found)} mutants are noticed", flush=True)
    return percent >= FLOOR


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("module", nargs="?")
    parser.add_argument("tests", nargs="*", metavar="TEST")
    options = parser.parse_args()
    targets = {options.module: options.tests} if options.module else TARGETS
    passed = [judge(module, tests) for module, tests in targets.items()]
    if not all(passed):
        raise SystemExit(f"fewer than {FLOOR:.0f} % of the mutants are noticed")


if __name__ == "__main__":
    main()
