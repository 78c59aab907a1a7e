"""The tables of names in the migration guides are complete, and name what exists."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import tokbox
import tokbox.types
from tests.docs.pages import tables

OPENTOK, VONAGE = "docs/migrate/opentok.md", "docs/migrate/vonage.md"

_CODE = re.compile(r"`([^`]+)`")
_CALL = re.compile(r"([\w.]+)\((.*)\)")


def names(page: str, column: int) -> list[str]:
    """Return the code in a column of all tables of a page."""
    return [
        code
        for table in tables(page)
        for row in table
        for code in _CODE.findall(row[column])
    ]


def call(name: str, function: Any) -> str:
    """Return *name* with the parameters of a function, as the tables print it."""
    given = [p for p in inspect.signature(function).parameters if p != "self"]
    return f"{name}({', '.join(given)})"


def public(owner: type | ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the public names that a class or a module defines itself."""
    for name, value in vars(owner).items():
        if not name.startswith("_"):
            yield name, value


def of_classes(module: ModuleType, *, left_out: set[type]) -> set[str]:
    """Return the names of classes, of their methods and of the members of enums."""
    found = set()
    for name, kind in public(module):
        if not isinstance(kind, type) or kind in left_out or issubclass(kind, Exception):
            continue
        if issubclass(kind, enum.Enum):
            found |= {f"{name}.{member}" for member in kind.__members__}
        else:
            methods = {f"{name}.{n}()" for n, m in public(kind) if inspect.isfunction(m)}
            found |= {name} | methods
    return found


def exceptions(module: ModuleType) -> set[str]:
    """Return the names of the exceptions that a module has."""
    return {
        name
        for name, kind in public(module)
        if isinstance(kind, type) and issubclass(kind, Exception)
    }


@pytest.mark.filterwarnings("ignore")
def test_every_public_name_of_opentok_is_in_a_table() -> None:
    opentok = pytest.importorskip("opentok")
    client = opentok.Client
    wanted = {call("Client", client.__init__)}
    for name, member in public(client):
        if isinstance(member, property):
            wanted.add(name)
        elif inspect.isfunction(member):
            wanted.add(call(name, member))
    # OpenTok is the old name of Client: its methods are those of Client.
    wanted |= of_classes(opentok, left_out={client, opentok.OpenTok}) | {"OpenTok"}
    wanted |= exceptions(opentok.exceptions)
    assert wanted - {*names(OPENTOK, 0)} == set()


@pytest.mark.filterwarnings("ignore")
def test_every_public_name_of_vonage_video_is_in_a_table() -> None:
    vonage_video = pytest.importorskip("vonage_video")
    models, errors = vonage_video.models, vonage_video.errors
    wanted = set()
    for name, member in public(vonage_video.Video):
        wanted.add(name if isinstance(member, property) else call(name, member))
    printed = {*names(VONAGE, 0)}
    results = {name for name in printed if name.isidentifier()}
    for name in models.__all__:
        kind = getattr(models, name)
        if name in results or issubclass(kind, enum.Enum):
            wanted.add(name)
        else:
            wanted.add(f"{name}({', '.join(kind.model_fields)})")
    wanted |= exceptions(errors)
    assert wanted - printed == set()


def ours(name: str) -> Any:
    """Return the function or class that a name of tokbox in a table is for."""
    first, *rest = name.split(".")
    if first == "tb":
        found: Any = tokbox.Tokbox
        for part in rest:
            member = inspect.getattr_static(found, part)
            found = _resource(member) if isinstance(member, property) else member
        return found
    if first == "session":
        return inspect.getattr_static(tokbox.Session, rest[0])
    assert not rest, name
    return getattr(tokbox, first)


def _resource(member: property) -> type:
    assert member.fget is not None
    found = getattr(tokbox.types, member.fget.__annotations__["return"])
    assert isinstance(found, type)
    return found


def parameters(function: Any) -> set[str]:
    """Return the names of parameters, with those of ``**options: Unpack[...]``."""
    found = set()
    for parameter in inspect.signature(function).parameters.values():
        unpacked = re.fullmatch(r"Unpack\[(\w+)\]", str(parameter.annotation))
        if unpacked:
            found |= {*getattr(tokbox.types, unpacked[1]).__annotations__}
        else:
            found.add(parameter.name)
    return found


@pytest.mark.parametrize("page", [OPENTOK, VONAGE])
def test_the_tables_name_functions_and_parameters_of_tokbox(page: str) -> None:
    calls = [found for code in names(page, 1) if (found := _CALL.fullmatch(code))]
    known = [
        c for c in calls if c[1].split(".")[0] in ("tb", "session") or c[1][0].isupper()
    ]
    assert len(known) > 40
    wrong = [
        f"{name}: {parameter}"
        for name, given in (c.groups() for c in known)
        for parameter in filter(None, given.split(", "))
        if parameter not in parameters(ours(name))
    ]
    assert wrong == []


@pytest.mark.parametrize("page", [OPENTOK, VONAGE])
def test_the_tables_name_classes_of_tokbox(page: str) -> None:
    found = re.compile(r"tokbox\.(types\.)?(\w+)\b")
    named = {m.groups() for code in names(page, 1) for m in found.finditer(code)}
    named -= {("types.", ""), (None, "types")}
    missing = [
        name
        for types, name in named
        if not hasattr(tokbox.types if types else tokbox, name)
    ]
    assert len(named) > 10
    assert missing == []
