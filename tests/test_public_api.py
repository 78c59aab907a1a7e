"""The public API is what ``tests/public_api.txt`` lists."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

import tokbox
from tools import public_api


def test_the_public_api_is_as_listed() -> None:
    listed = public_api.LISTING.read_text(encoding="utf-8")
    assert public_api.render().splitlines() == listed.splitlines(), (
        "the public API has changed: run `python -m tools.public_api`, and look at the diff"
    )


def test_the_public_modules_are_those_that_the_package_names() -> None:
    for module in public_api.MODULES:
        assert f":mod:`{module}`" in (tokbox.__doc__ or "")


@pytest.mark.parametrize(
    "name", ["Archive", "Verification", "MemoryPool", "KeyRef", "kernels", "verify", "rest"]
)
def test_other_names_are_not_in_the_top_module(name: str) -> None:
    assert name not in tokbox.__all__
    assert name not in dir(tokbox)


def test_the_top_module_has_about_65_names() -> None:
    submodules = {module.rpartition(".")[2] for module in public_api.MODULES}
    assert len(set(tokbox.__all__) - submodules) <= 68


@pytest.mark.parametrize("module", [tokbox, tokbox.types])
def test_names_for_type_checkers_are_those_at_run_time(module: ModuleType) -> None:
    (block,) = (
        node
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.If)
    )
    homes = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            homes |= {alias.asname: (node.module, alias.name) for alias in node.names}
    assert {*homes, "__version__"} == {*module.__all__, "__version__"}
    for name, (home, source) in homes.items():
        assert name == source
        if home != "tokbox":
            assert name in module._HOMES[home].split()


def test_dir_lists_public_names_only() -> None:
    assert dir(tokbox) == sorted(tokbox.__all__)
    assert not [name for name in dir(tokbox) if name.startswith("_") and name[:2] != "__"]
