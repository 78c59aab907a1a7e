"""The table of client options is that of the code."""

from __future__ import annotations

import inspect

from tests.docs.pages import tables
from tokbox.rest import environment
from tokbox.rest.http.options import Options, connect

PAGE = "docs/reference/options.md"


def _rows() -> dict[str, tuple[str, str]]:
    (rows,) = tables(PAGE)
    return {name.strip("`"): (default, variable) for name, _, default, variable in rows}


def test_the_table_has_every_option() -> None:
    assert list(_rows()) == list(Options.__annotations__)


def test_the_table_has_the_defaults_of_the_code() -> None:
    words = {None: ("none", "`None`", "from the environment"), "": ("none",)}
    for name, parameter in inspect.signature(connect).parameters.items():
        if name in ("auth", "api_url"):
            continue
        default = parameter.default
        said = _rows()[name][0]
        if default in words:
            assert said.startswith(words[default]), name
        elif isinstance(default, bool):
            assert said == f"`{default}`", name
        else:
            assert float(said) == default, name


def test_the_table_has_the_variables_of_from_env() -> None:
    variables = {name: f"`{variable}`" for name, variable, _ in environment._OPTIONS}
    assert {name: said for name, (_, said) in _rows().items() if said} == variables
