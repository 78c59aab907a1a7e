"""Prepare docstrings and signatures for the reference (``mkdocs.yml``).

In the sources, docstrings have roles (``:class:`~tokbox.Tokbox```) and ``::`` before code,
and attributes have comments that start with ``#:``. Signatures contain type variables,
private aliases and ``Unpack[...]``, which are replaced by what they mean.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import griffe

__all__ = ["Markdown", "comment_above", "markdown"]

_ROLE = re.compile(r":(?:class|func|meth|mod|exc|data|attr):`(?:~[\w.]*\.)?([\w.]+)`")
_LONE = re.compile(r"^::\n\n", re.MULTILINE)


def markdown(text: str) -> str:
    """Return a docstring in Markdown."""
    return _LONE.sub("", _ROLE.sub(r"`\1`", text)).replace("::\n\n", ":\n\n")


def comment_above(lines: list[str], line: int) -> str:
    """Return the ``#:`` comment directly above *line*, which is counted from 1."""
    said: list[str] = []
    for above in reversed(lines[: max(line - 1, 0)]):
        if not above.strip().startswith("#:"):
            break
        said.insert(0, above.strip().removeprefix("#:").strip())
    return "\n".join(said)


def declaration(lines: list[str], name: str, first: int, last: int) -> int:
    """Return the line from *first* to *last* where a class annotates *name*, or 0.

    Griffe has the line where the attribute gets its value.
    """
    declares = re.compile(rf" +{name}: ")
    texts = enumerate(lines[first - 1 : last], first)
    return next((line for line, text in texts if declares.match(text)), 0)


class Markdown(griffe.Extension):
    """Turn docstrings into Markdown, and private names in signatures into public ones."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        classes = list(_classes(pkg))
        for cls in classes:
            _copy_generic_members(cls)
            # The signatures of dataclasses are made of these afterwards.
            for attribute in cls.members.values():
                if isinstance(attribute, griffe.Attribute):
                    attribute.annotation = _public(attribute.annotation, attribute)
        for function in _functions(pkg):
            if function.name == "__init__" and "requester" in function.parameters:
                # Users get resources from a client.
                del function.parent.members["__init__"]
                continue
            for parameter in list(function.parameters):
                if parameter.name.startswith("_"):
                    del function.parameters[parameter.name]
            _unpack_options(function)
            for parameter in function.parameters:
                parameter.annotation = _public(parameter.annotation, function)
            function.returns = _public(function.returns, function)

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.is_attribute and not obj.docstring:
            self._read_comment(obj)
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)

    def _read_comment(self, obj: griffe.Object) -> None:
        # A compiled module has no lines, though its stub has.
        if not (obj.lineno and obj.module and obj.filepath in obj.lines_collection):
            return
        lines = obj.lines_collection[obj.filepath]
        said = comment_above(lines, obj.lineno)
        if not said and obj.parent and obj.parent.is_class:
            span = obj.parent.lineno or 1, obj.parent.endlineno or 0
            said = comment_above(lines, declaration(lines, obj.name, *span))
        if said:
            obj.docstring = griffe.Docstring(said, parent=obj)


def _classes(module: griffe.Module) -> Iterator[griffe.Class]:
    for member in list(module.members.values()):
        if member.is_alias:
            continue
        if isinstance(member, griffe.Class):
            yield member
        elif isinstance(member, griffe.Module):
            yield from _classes(member)


def _functions(owner: griffe.Module | griffe.Class) -> Iterator[griffe.Function]:
    for member in list(owner.members.values()):
        if member.is_alias:
            continue
        if isinstance(member, griffe.Function):
            yield member
            yield from member.overloads or ()
        elif isinstance(member, griffe.Module | griffe.Class):
            yield from _functions(member)


def _argument(cls: griffe.Class) -> griffe.Expr | None:
    """Return the model of a resource, as ``Archive`` of ``Compositions[Archive]``."""
    for base in cls.bases:
        if isinstance(base, griffe.ExprSubscript) and not str(base.slice).startswith("_"):
            return base.slice if isinstance(base.slice, griffe.ExprName) else None
    return None


def _copy_generic_members(cls: griffe.Class) -> None:
    """Give a class copies of its inherited functions whose types depend on its argument."""
    argument = _argument(cls)
    if argument is None:
        return
    for base in cls.mro():
        for name, member in base.members.items():
            if name in cls.members or not isinstance(member, griffe.Function):
                continue
            if not any(_is_variable(part, member) for part in _names(member)):
                continue
            function = copy.copy(member)
            function.parameters = griffe.Parameters(*map(copy.copy, member.parameters))
            function.overloads = None
            function.returns = _replace(member.returns, member, argument)
            cls.set_member(name, function)


def _names(function: griffe.Function) -> Iterator[griffe.ExprName]:
    for annotation in (function.returns, *(p.annotation for p in function.parameters)):
        if isinstance(annotation, griffe.Expr):
            found = annotation.iterate(flat=True)
            yield from (part for part in found if isinstance(part, griffe.ExprName))


def _definition(name: griffe.ExprName, owner: griffe.Object) -> griffe.Object | None:
    """Return what a private name in a signature is defined as."""
    if not name.name.startswith("_"):
        return None
    try:
        found = owner.modules_collection[name.canonical_path]
        return found.final_target if found.is_alias else found
    except (KeyError, griffe.GriffeError):
        return None


def _is_variable(name: griffe.ExprName, owner: griffe.Object) -> bool:
    found = _definition(name, owner)
    return isinstance(found, griffe.Attribute) and "TypeVar(" in str(found.value)


def _replace(annotation: Any, owner: griffe.Object, argument: griffe.Expr | None) -> Any:
    """Return an annotation with *argument* in place of type variables.

    Without *argument*, a variable loses its underscore, and an alias becomes its value.
    """
    if isinstance(annotation, list):
        return [_replace(part, owner, argument) for part in annotation]
    if not isinstance(annotation, griffe.Expr):
        return annotation
    if isinstance(annotation, griffe.ExprName):
        found = _definition(annotation, owner)
        if not isinstance(found, griffe.Attribute):
            return annotation
        if _is_variable(annotation, owner):
            return argument or griffe.ExprName(annotation.name.lstrip("_"))
        return found.value if argument is None else annotation
    changed = copy.copy(annotation)
    for field in dataclasses.fields(annotation):
        value = getattr(annotation, field.name)
        setattr(changed, field.name, _replace(value, owner, argument))
    return changed


def _public(annotation: Any, owner: griffe.Object) -> Any:
    return _replace(annotation, owner, None)


def _unpack_options(function: griffe.Function) -> None:
    """Replace ``**options: Unpack[...]`` by the arguments that it means.

    The options of a client are too many for a signature: they have a page of their own.
    """
    for parameter in list(function.parameters):
        annotation = parameter.annotation
        if not (
            isinstance(annotation, griffe.ExprSubscript)
            and str(annotation.left) == "Unpack"
            and isinstance(annotation.slice, griffe.ExprName)
        ):
            continue
        if annotation.slice.name == "Options":
            parameter.annotation = None
            continue
        options = function.modules_collection[annotation.slice.canonical_path]
        del function.parameters[parameter.name]
        for option in _options(options):
            function.parameters.add(
                griffe.Parameter(
                    option.name,
                    annotation=option.annotation,
                    kind=griffe.ParameterKind.keyword_only,
                    default="...",
                )
            )


def _options(options: griffe.Class) -> Iterator[griffe.Attribute]:
    """Yield the items of a ``TypedDict``, with those of its bases first."""
    for base in options.resolved_bases:
        if isinstance(base, griffe.Class):
            yield from _options(base)
    for member in options.members.values():
        if isinstance(member, griffe.Attribute):
            yield member
