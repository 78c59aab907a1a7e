"""Write ``src/tokbox/rest/aio.pyi``: the types of the asynchronous client.

    python -m tools.async_stub

The client itself is derived when the program runs (``tokbox/rest/twins.py``), which no
type checker can follow. This reads the sources of the classes that it is derived from
and writes the same derivation down: signatures stay as they are, but for what is
awaited or iterated over. ``tests/rest/test_aio_stub.py`` fails when it is stale.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args, get_origin

import tokbox
from tokbox.rest import aio
from tokbox.rest.account import Account
from tokbox.rest.client import Tokbox
from tokbox.rest.sessions import Session
from tokbox.rest.twins import derive

__all__ = ["CLIENTS", "STUB", "render"]

STUB = Path(inspect.getfile(aio)).with_suffix(".pyi")

CLIENTS = {Tokbox: aio.AsyncTokbox, Account: aio.AsyncAccount}

_HEAD = "# Made by tools/async_stub.py of the classes that it names; not edited by hand.\n"


def render() -> str:
    """Return what the stub should say (in no particular layout)."""
    writer = _Writer()
    derived = sorted(aio.resources().values(), key=lambda kind: kind.__name__)
    classes = [writer.twin(kind) for kind in (*derived, Session)]
    classes += [writer.client(kind, twin) for kind, twin in CLIENTS.items()]
    module = ast.Module([*writer.imports(), *classes], [])
    return _HEAD + ast.unparse(ast.fix_missing_locations(module)) + "\n"


#: Public modules, which import lazily, and so do not define what they name.
_HOMES: dict[str, str] = {
    name: home
    for homes in (tokbox._HOMES, tokbox.types._HOMES)
    for home, names in homes.items()
    for name in names.split()
}


def _home(kind: type) -> str:
    """Return the module that defines *kind*; its ``__module__`` is the public one."""
    return _HOMES.get(kind.__name__, kind.__module__)


class _Writer:
    """Collect classes, and the imports that their annotations need."""

    def __init__(self) -> None:
        self._needed: dict[str, set[str]] = {}
        clients = {kind.__name__ for kind in (Session, *CLIENTS)}
        self._twins = clients | aio.resources().keys()

    def twin(self, kind: type) -> ast.ClassDef:
        """Return the class that ``derive`` makes of *kind*."""
        return _class(f"Async{kind.__name__}", self._members(kind, skip=set()))

    def client(self, kind: type, twin: type) -> ast.ClassDef:
        """Return a class that is derived, and has some methods written by hand."""
        own = [
            self._signature(node, base, {})
            for base in (twin, aio._Client)
            for node in _source(base).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (not node.name.startswith("_") or node.name.startswith("__"))
        ]
        written = {*vars(twin), *vars(aio._Client)}
        return _class(twin.__name__, own + self._members(kind, skip=written))

    def imports(self) -> list[ast.stmt]:
        """Return the imports, as the linter sorts them."""

        def rank(name: str) -> tuple[int, str]:
            return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)

        def place(module: str) -> tuple[int, str]:
            root = module.split(".")[0]
            known = root in sys.stdlib_module_names
            return (0 if known else 2 if root == "tokbox" else 1, module)

        plain = [name for name, used in self._needed.items() if not used]
        rest = [name for name, used in self._needed.items() if used]
        found: list[ast.stmt] = [ast.Import([ast.alias(name)]) for name in sorted(plain)]
        for module in sorted(rest, key=place):
            names = sorted(self._needed[module], key=rank)
            found.append(ast.ImportFrom(module, [ast.alias(name) for name in names], 0))
        return found

    def _members(self, kind: type, skip: set[str]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        seen = set(skip)
        for base, bindings in _bases(kind):
            names = set()
            for node in _source(base).body:
                name = _name(node)
                if name is None or name.startswith("_") or name in seen:
                    continue
                names.add(name)
                if isinstance(node, ast.AnnAssign):
                    if hasattr(derive(kind), name):
                        found.append(self._field(node, base, bindings))
                elif isinstance(node, ast.FunctionDef) and not _implements(node, base):
                    found.append(self._method(node, kind, base, bindings))
            seen |= names
        return found

    def _field(
        self, node: ast.AnnAssign, base: type, bindings: dict[str, type]
    ) -> ast.stmt:
        name = _name(node)
        assert name is not None
        getter = ast.parse(f"@property\ndef {name}(self): ...").body[0]
        assert isinstance(getter, ast.FunctionDef)
        getter.returns = self._annotation(node.annotation, base, bindings)
        return getter

    def _method(
        self, node: ast.FunctionDef, kind: type, base: type, bindings: dict[str, type]
    ) -> ast.stmt:
        made = self._signature(node, base, bindings)
        made.returns = self._returned(made.returns)
        if inspect.iscoroutinefunction(getattr(derive(kind), node.name)):
            fields = {name: getattr(made, name) for name in made._fields}
            return ast.AsyncFunctionDef(**fields)
        return made

    def _signature(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        base: type,
        bindings: dict[str, type],
    ) -> ast.FunctionDef | ast.AsyncFunctionDef:
        # A copy: the tree of the source is read again for other classes.
        made = ast.parse(ast.unparse(node)).body[0]
        assert isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef)
        arguments = made.args
        for each in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ):
            if each is not None and each.annotation is not None:
                each.annotation = self._annotation(each.annotation, base, bindings)
        if made.returns is not None:
            made.returns = self._annotation(made.returns, base, bindings)
        arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
        arguments.kw_defaults = [
            None if default is None else ast.Constant(...)
            for default in arguments.kw_defaults
        ]
        for decorator in made.decorator_list:
            self._need(decorator, base)
        made.body = [ast.Expr(ast.Constant(...))]
        return made

    def _annotation(
        self, node: ast.expr, base: type, bindings: dict[str, type]
    ) -> ast.expr:
        """Return an annotation with type variables bound, and note what it needs."""
        for each in ast.walk(node := ast.parse(ast.unparse(node), mode="eval").body):
            if isinstance(each, ast.Name) and each.id in bindings:
                bound = bindings[each.id]
                each.id = bound.__name__
                self._needed.setdefault(_home(bound), set()).add(bound.__name__)
        self._need(node, base)
        return node

    def _need(self, node: ast.AST, base: type) -> None:
        origins = _origins(_home(base))
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id in origins:
                module, name = origins[each.id]
                # What is derived has its own name for it, and is here.
                if name not in self._twins:
                    names = self._needed.setdefault(module, set())
                    names |= {name} if name else set()

    def _returned(self, node: ast.expr | None) -> ast.expr | None:
        """Return what a derived method returns where this is what its source does."""
        if node is None:
            return None
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id in self._twins:
                each.id = f"Async{each.id}"
            elif isinstance(each, ast.Name) and each.id == "Iterator":
                each.id = "AsyncIterator"
                needed = self._needed["collections.abc"]
                needed.discard("Iterator")
                needed.add("AsyncIterator")
        return node


def _class(name: str, members: list[ast.stmt]) -> ast.ClassDef:
    made = ast.parse(f"class {name}: ...").body[0]
    assert isinstance(made, ast.ClassDef)
    made.body = members
    return made


def _name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return node.name if isinstance(node, ast.FunctionDef) else None


def _implements(node: ast.FunctionDef, base: type) -> bool:
    """Tell whether this is the body behind overloads, which tell callers enough."""
    siblings = [each for each in _source(base).body if _name(each) == node.name]
    return len(siblings) > 1 and not any(
        isinstance(decorator, ast.Name) and decorator.id == "overload"
        for decorator in node.decorator_list
    )


def _bases(kind: type) -> Iterator[tuple[type, dict[str, type]]]:
    """Yield the classes of ours that make up *kind*, with their type variables bound."""
    bindings: dict[type, dict[str, type]] = {kind: {}}
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] != "tokbox":
            continue
        known = bindings.setdefault(base, {})
        for parent in getattr(base, "__orig_bases__", ()):
            origin = get_origin(parent)
            names = [each.__name__ for each in getattr(origin, "__parameters__", ())]
            bindings[origin] = {
                name: known[each.__name__] if isinstance(each, TypeVar) else each
                for name, each in zip(names, get_args(parent), strict=False)
                if not isinstance(each, TypeVar) or each.__name__ in known
            }
        yield base, known


@cache
def _source(kind: type) -> ast.ClassDef:
    tree = ast.parse(inspect.getsource(sys.modules[_home(kind)]))
    return next(
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )


@cache
def _origins(module: str) -> dict[str, tuple[str, str]]:
    """Return where the names come from that are used in a module: module and name."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module]))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name] = (alias.name, "")
    for name, value in vars(sys.modules[module]).items():
        if name not in found and not hasattr(builtins, name) and not name.startswith("_"):
            found[name] = (_home(value) if isinstance(value, type) else module, name)
    return found


def main() -> None:
    STUB.write_text(render(), encoding="utf-8")
    for command in (["check", "--select", "I", "--fix"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--quiet", str(STUB)]
        subprocess.run(ruff, check=True)


if __name__ == "__main__":
    main()
