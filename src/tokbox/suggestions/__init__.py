"""Suggest the correct name for an unknown argument or attribute.

`tokbox.suggestions.names` has the names of the official SDKs and of other HTTP libraries.
"""

from __future__ import annotations

import functools
from types import FunctionType

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any, NoReturn, TypeVar

    _Class = TypeVar("_Class", bound=type)

__all__ = [
    "Renamed",
    "no_attribute",
    "no_name",
    "raise_no_attribute",
    "refuse_unknown_options",
    "unknown_argument",
    "unknown_argument_error",
]

#: Bits of ``co_flags``: `inspect`, which names them, is slow to import.
_VAR_KEYWORDS, _COROUTINE = 0x08, 0x80


def _close(name: str, accepted: Collection[str]) -> str | None:
    """Return the name in *accepted* that is most similar to *name*, or None."""
    plain = name.replace("_", "").lower()
    for each in accepted:
        if each.replace("_", "").lower() == plain:
            return each
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, sorted(accepted), 1)), None)


def _advice(name: str, accepted: Collection[str]) -> str:
    """Return what to do about the unknown argument *name*."""
    from tokbox.suggestions.names import ARGUMENTS

    for elsewhere in ARGUMENTS.get(name, "").split():
        if elsewhere in accepted:
            return f"did you mean {elsewhere!r}?"
    if near := _close(name, accepted):
        return f"did you mean {near!r}?"
    return f"it accepts {', '.join(sorted(accepted)) or 'no such arguments'}"


def unknown_argument_error(call: str, name: str, accepted: Collection[str]) -> TypeError:
    """Return the error of a *call* with an argument *name* that is not *accepted*."""
    advice = _advice(name, accepted)
    return TypeError(f"{call}() got an unexpected keyword argument {name!r}; {advice}")


def unknown_argument(
    call: Any, args: tuple[Any, ...], names: Iterable[str]
) -> TypeError | None:
    """Return the error of a *call* with these arguments if one of *names* is unknown."""
    code = call.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    accepted = set(code.co_varnames[code.co_posonlyargcount : count]) - {"self", "cls"}
    if code.co_flags & _VAR_KEYWORDS:
        return None
    for name in names:
        if name not in accepted:
            return unknown_argument_error(_name_of(call, args), name, accepted)
    return None


def _name_of(call: Any, args: tuple[Any, ...]) -> str:
    """Return the name of a function, with the class of the object that it is called on."""
    if "." not in call.__qualname__ or not args:
        return str(call.__name__)
    owner = args[0] if isinstance(args[0], type) else type(args[0])
    name: str = owner.__name__
    return name if call.__name__ == "__init__" else f"{name}.{call.__name__}"


def no_attribute(kind: type, name: str) -> str:
    """Return the message for an object of *kind*, a client or session, without *name*."""
    from tokbox.suggestions.names import OPENTOK, VONAGE

    message = f"{kind.__name__!r} object has no attribute {name!r}"
    for table, page in ((OPENTOK, "opentok"), (VONAGE, "vonage")):
        if ours := table.get(name):
            return f"{message}; did you mean {ours}? See docs/migrate/{page}.md"
    return message


def raise_no_attribute(owner: object, name: str) -> NoReturn:
    """Raise AttributeError; this is the ``__getattr__`` of clients and sessions."""
    raise AttributeError(no_attribute(type(owner), name), name=name, obj=owner)


class Renamed:
    """An attribute that another library has, and for which tokbox has another name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(no_attribute(owner, self._name), name=self._name, obj=instance)


def no_name(module: str, name: str) -> str:
    """Return the message for a *module* without *name*."""
    from tokbox.suggestions.names import MODULES

    message = f"module {module!r} has no attribute {name!r}"
    if ours := MODULES.get(name):
        return f"{message}; did you mean tokbox.{ours}? See docs/migrate/opentok.md"
    return message


def refuse_unknown_options(
    namespace: Callable[[], Mapping[str, Any]],
) -> Callable[[_Class], _Class]:
    """Return a class decorator that checks ``**options: Unpack[...]`` of methods.

    The methods raise TypeError for an unknown option. *namespace* returns the module
    attributes among which the class in ``Unpack`` is looked up, at the first call with
    an option.
    """

    def decorate(cls: _Class) -> _Class:
        for name, member in list(vars(cls).items()):
            if isinstance(member, FunctionType) and _has_options(member):
                setattr(cls, name, _checked(member, namespace))
            elif isinstance(member, classmethod) and _has_options(member.__func__):
                setattr(cls, name, classmethod(_checked(member.__func__, namespace)))
        return cls

    return decorate


def _has_options(call: Any) -> bool:
    """Return whether *call* has ``**options``."""
    return bool(call.__code__.co_flags & _VAR_KEYWORDS)


@functools.cache
def _accepted(call: Any, namespace: Callable[[], Mapping[str, Any]]) -> frozenset[str]:
    import inspect

    _, *others, last = inspect.signature(call).parameters.values()
    kind = str(last.annotation).removeprefix("Unpack[").removesuffix("]")
    options = namespace()[kind].__annotations__
    return frozenset({*options, *(each.name for each in others)})


def _checked(call: Any, namespace: Callable[[], Mapping[str, Any]]) -> Any:
    def check(owner: Any, options: Iterable[str]) -> None:
        accepted = _accepted(call, namespace)
        for name in options:
            if name not in accepted:
                raise unknown_argument_error(_name_of(call, (owner,)), name, accepted)

    if call.__code__.co_flags & _COROUTINE:

        @functools.wraps(call)
        async def coroutine(self: object, /, *args: Any, **options: Any) -> Any:
            if options:
                check(self, options)
            return await call(self, *args, **options)

        return coroutine

    @functools.wraps(call)
    def method(self: object, /, *args: Any, **options: Any) -> Any:
        if options:
            check(self, options)
        return call(self, *args, **options)

    return method
