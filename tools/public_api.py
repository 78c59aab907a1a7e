"""Write ``tests/public_api.txt``: every public name, with its signature or fields.

    python -m tools.public_api

A review then sees what a change does to the public API: ``tests/test_public_api.py``
fails while the file is out of date.
"""

from __future__ import annotations

import enum
import inspect
import re
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tokbox.rest.models.base import Record

__all__ = ["LISTING", "MODULES", "render"]

LISTING = Path(__file__).parent.parent / "tests" / "public_api.txt"

#: The public modules; docs/policy.md names them.
MODULES = (
    "tokbox",
    "tokbox.types",
    "tokbox.errors",
    "tokbox.webhooks",
    "tokbox.transport",
    "tokbox.emulator",
    "tokbox.integrations",
)
_SPECIAL = ("__call__", "__enter__", "__aenter__", "__getitem__", "__iter__", "__len__")


def render() -> str:
    """Return the listing."""
    lines = []
    for module in MODULES:
        lines += ["", f"# {module}", ""]
        for name in import_module(module).__all__:
            if name not in ("__version__", *(each.partition(".")[2] for each in MODULES)):
                lines += _describe(module, name, getattr(import_module(module), name))
    return "\n".join(lines[1:]) + "\n"


def _describe(module: str, name: str, value: Any) -> Iterator[str]:
    home = getattr(value, "__module__", module)
    if inspect.isfunction(value):
        yield f"def {name}{_signature(value)}"
    elif not isinstance(value, type):
        yield f"{name} = {_type(value)}"
    elif home != module and home in MODULES:
        yield f"{name}: see {home}"
    elif typing.is_typeddict(value):
        yield f"class {name}(TypedDict)"
        for key, annotation in sorted(value.__annotations__.items()):
            yield f"    {key}: {_type(annotation)}"
    else:
        bases = [each.__name__ for each in value.__mro__[1:] if _is_public(each)]
        others = ", ".join(base for base in bases if base != name)
        yield f"class {name}({others})" if others else f"class {name}"
        yield from _members(value)


def _is_public(kind: type) -> bool:
    return kind.__module__ in MODULES or (
        kind in (ImportError, TypeError, UserWarning, ValueError, dict, str)
    )


def _members(kind: type) -> Iterator[str]:
    if issubclass(kind, enum.Enum):
        yield from (f"    {each.name} = {each.value!r}" for each in kind)
        return
    made = not issubclass(kind, Exception | Record)
    init = inspect.getattr_static(kind, "__init__")
    # Only the library makes other objects of tokbox.types.
    constructor = is_dataclass(kind) or kind.__module__ != "tokbox.types"
    if made and constructor and inspect.isfunction(init):
        yield f"    __init__{_signature(init)}"
    annotated: dict[str, Any] = {}
    # The arguments of other dataclasses are their fields.
    if not made or not is_dataclass(kind):
        for base in reversed(kind.__mro__):
            if base.__module__.partition(".")[0] == "tokbox":
                annotated.update(vars(base).get("__annotations__", {}))
    known = _field_names(kind) if made else set()
    for name in sorted({*dir(kind), *annotated} - known):
        if name.startswith("_") and name not in _SPECIAL:
            continue
        member = inspect.getattr_static(kind, name, None)
        if name in annotated and not inspect.isfunction(member):
            yield f"    {name}: {_type(annotated[name])}"
        elif isinstance(member, property):
            getter: Any = member.fget
            yield f"    {name}: {_type(getter.__annotations__.get('return', 'Any'))}"
        elif isinstance(member, classmethod):
            yield f"    {name}{_signature(member.__func__)}  # classmethod"
        elif inspect.isfunction(member) and member.__module__.startswith("tokbox"):
            awaited = "async " if inspect.iscoroutinefunction(member) else ""
            yield f"    {awaited}{name}{_signature(member)}"


def _field_names(kind: type) -> set[str]:
    return {each.name for each in fields(kind)} if is_dataclass(kind) else set()


def _signature(function: Any) -> str:
    """Return the parameters of *function*, each as it is written in the source."""
    parts: list[str] = []
    last = None
    for name, each in inspect.signature(function).parameters.items():
        if name in ("self", "cls"):
            continue
        if each.kind is each.KEYWORD_ONLY and last not in (
            each.KEYWORD_ONLY,
            each.VAR_POSITIONAL,
        ):
            parts.append("*")
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        typed = "" if each.annotation is each.empty else f": {_type(each.annotation)}"
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        if not name.startswith("_"):
            parts.append(f"{stars}{name}{typed}{default}")
        last = each.kind
    returns = function.__annotations__.get("return")
    return f"({', '.join(parts)}) -> {_type(returns)}"


def _default(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    return "..." if type(value).__repr__ is object.__repr__ else repr(value)


def _type(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__name__
    text = str(annotation).replace("typing.", "").replace("collections.abc.", "")
    return re.sub(r"\b(?:tokbox|datetime)(?:\.\w+)*\.(\w+)\b", r"\1", text)


def main() -> None:
    LISTING.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
