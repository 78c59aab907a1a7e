"""The types of the asynchronous client are those of the client that it is derived from."""

from __future__ import annotations

import ast
import inspect

from tokbox.rest import aio
from tools.async_stub import CLIENTS, STUB, render


def test_the_stub_is_what_its_sources_make_it() -> None:
    written = ast.dump(ast.parse(STUB.read_text(encoding="utf-8")))
    made = ast.dump(ast.parse(render()))
    assert written == made, "stale: run `make stubs`"


def test_the_stub_names_every_member_and_says_how_it_is_called() -> None:
    classes = {
        node.name: node
        for node in ast.parse(STUB.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    twins = [getattr(aio, f"Async{name}") for name in aio.resources()]
    for twin in (*twins, aio.AsyncSession, *CLIENTS.values()):
        public = {
            name for name in dir(twin) if not name.startswith("_") and hasattr(twin, name)
        }
        stub = {
            node.name: isinstance(node, ast.AsyncFunctionDef)
            for node in classes[twin.__name__].body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert {name for name in stub if not name.startswith("_")} == public
        for name in public:
            assert stub[name] == inspect.iscoroutinefunction(getattr(twin, name))
