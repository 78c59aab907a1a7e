"""The resources of a client, each loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.rest.test_sessions import SESSION, answers
from tests.support.rest import KEY, SECRET, Make
from tokbox.rest.client_resources import ClientResources

NAMES = [
    name for name, value in vars(ClientResources).items() if isinstance(value, property)
]

PROGRAM = """
import sys, tokbox
tb = tokbox.Tokbox({key!r}, {secret!r})
before = set(sys.modules)
assert "tokbox.rest.models.base" not in before, "every client pays for resources"
resource = tb.{name}
loaded = set(sys.modules) - before
others = set({names!r}) - {{{name!r}}}
assert "tokbox.rest.resources.{name}" in loaded
assert type(resource) is getattr(sys.modules["tokbox.rest.resources.{name}"], type(resource).__name__)
assert not [one for one in others if f"tokbox.rest.resources.{{one}}" in loaded], loaded
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_resource_is_loaded_alone_on_first_use(name: str) -> None:
    program = PROGRAM.format(key=KEY, secret=SECRET, name=name, names=NAMES)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_resource_repr_shows_its_tenant_and_no_secret(name: str, make: Make) -> None:
    shown = repr(getattr(make()[0], name))
    assert shown.endswith(f" of project {KEY}>")
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("archives", ()),
        ("broadcasts", ()),
        ("renders", ()),
        ("streams", (SESSION,)),
        ("connections", (SESSION,)),
        ("callbacks", ()),
    ],
)
def test_an_iterator_asks_when_its_first_item_is_needed(
    name: str, arguments: tuple[str, ...], make: Make
) -> None:
    empty: object = [] if name == "callbacks" else {"count": 0, "items": []}
    tb, script = make(answers(empty))
    items = getattr(tb, name).iter(*arguments)
    assert script.requests == []
    assert [*items] == []
    assert len(script.requests) == 1
