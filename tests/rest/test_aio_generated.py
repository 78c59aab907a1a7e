"""The source of the client for asyncio is up to date, and its examples are valid."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap

import pytest

import tokbox
from tokbox.rest import aio
from tools.async_client import AIO, render


def test_the_source_is_up_to_date() -> None:
    assert AIO.read_text(encoding="utf-8") == render(), "run `make async-client`"


@pytest.mark.parametrize("name", aio.__all__)
def test_examples_await_what_must_be_awaited(name: str) -> None:
    kind = getattr(aio, name)
    for member in (kind, *vars(kind).values()):
        for example in re.findall(
            r"::\n\n((?: {4}.*\n?|\n)+)", inspect.getdoc(member) or ""
        ):
            body = textwrap.dedent(example)
            tree = ast.parse(f"async def main():\n{textwrap.indent(body, '    ')}")
            awaited = {each.value for each in ast.walk(tree) if isinstance(each, ast.Await)}
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    assert (call in awaited) == is_awaited(call.func.attr), example


def is_awaited(method: str) -> bool:
    """Return whether a method of this name is a coroutine function in any class."""
    kinds = [getattr(aio, name) for name in aio.__all__]
    return any(inspect.iscoroutinefunction(getattr(kind, method, None)) for kind in kinds)


def test_examples_of_the_client_are_found() -> None:
    documented = aio.AsyncTokbox.request.__doc__ or ""
    assert '(await tb.request("GET", "{project}/archive"' in documented
    assert "await tb.sign_rows(" in (aio.AsyncTokbox.sign_rows.__doc__ or "")
    assert "await" not in (tokbox.Tokbox.request.__doc__ or "")
