"""A session's calls are those of the resources, with its own id."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tokbox.rest import call_options, compositions
from tokbox.rest.archives import Archives


def names(call: Callable[..., Any]) -> set[str]:
    """Return the keyword arguments of a call, those of a composition spelled out."""
    found = set()
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            found |= compositions.Composition.__annotations__.keys()
        elif parameter.kind is parameter.KEYWORD_ONLY:
            found.add(parameter.name)
    return found


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (call_options.ArchiveOptions, Archives.start),
        (compositions.Composition, compositions.compose),
    ],
)
def test_options_name_all_that_the_call_takes(
    options: type, call: Callable[..., Any]
) -> None:
    assert options.__annotations__.keys() == names(call)
