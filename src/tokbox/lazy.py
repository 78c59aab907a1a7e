"""Lazy imports of public names, and public module paths of classes."""

from __future__ import annotations

import sys
from importlib import import_module

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    _T = TypeVar("_T")

__all__ = ["attach", "set_module"]


def attach(
    package: str, homes: Mapping[str, str], submodules: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a module.

    *homes* maps modules to the names that they define, separated by spaces. A name is
    imported at its first use, so that a program that only signs does not import HTTP.
    *submodules* are the names of submodules of *package* that are also attributes.
    """
    home = {name: module for module, names in homes.items() for name in names.split()}
    modules = submodules.split()
    public = sorted((*home, *modules))

    def get(name: str) -> Any:
        if name in modules:
            return import_module(f"{package}.{name}")
        if name not in home:
            from tokbox.suggestions import no_name

            raise AttributeError(no_name(package, name))
        value = getattr(import_module(home[name]), name)
        vars(sys.modules[package])[name] = value
        return value

    return get, lambda: list(public), public


def set_module(module: str) -> Callable[[_T], _T]:
    """Return a decorator that sets ``__module__`` to the public *module* of a class.

    Pickles and messages then contain a stable path that does not depend on the module
    that defines the class.
    """

    def mark(thing: _T) -> _T:
        if "__dataclass_fields__" in vars(thing):
            _resolve_annotations(thing)
        thing.__module__ = module
        return thing

    return mark


def _resolve_annotations(kind: Any) -> None:
    """Replace annotations that are text by types.

    ``typing.get_type_hints`` and pydantic would look up their names in the public module.
    """
    names = vars(sys.modules[kind.__module__])
    for name, annotation in kind.__annotations__.items():
        # The text is from tokbox itself; typing.get_type_hints evaluates it in the same
        # way.
        kind.__annotations__[name] = eval(annotation, names)  # noqa: S307
    # Not dataclasses.fields(), which leaves out an InitVar.
    for each in kind.__dataclass_fields__.values():
        each.type = kind.__annotations__.get(each.name, each.type)
