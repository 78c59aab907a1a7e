"""Reject unknown options with a message that suggests the correct name."""

from __future__ import annotations

import functools
from types import FunctionType

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any, TypeVar

    _Class = TypeVar("_Class", bound=type)

__all__ = ["refuse_unknown_options"]

#: Bits of ``co_flags``: `inspect`, which names them, is slow to import.
_VAR_KEYWORDS, _COROUTINE = 0x08, 0x80

#: Option names in other libraries, mapped to the option names in tokbox.
_OTHER_LIBRARIES = {
    "app_info": "user_agent",
    "backoff_retries": "retries",
    "base_url": "api_url",
    "connection_timeout": "connect_timeout",
    "deadline": "timeout",
    "endpoint": "api_url",
    "host": "api_url",
    "http_client": "http",
    "max_retries": "retries",
    "pool": "http",
    "pool_connections": "pool_size",
    "pool_maxsize": "pool_size",
    "proxies": "proxy",
    "request_timeout": "timeout",
    "socket_timeout": "read_timeout",
    "total_timeout": "timeout",
}


def _check_names(call: str, given: Iterable[str], accepted: Collection[str]) -> None:
    """Raise TypeError if *given* has a name that *call* does not accept."""
    for name in given:
        if name not in accepted:
            advice = _advice(name, accepted)
            raise TypeError(
                f"{call}() got an unexpected keyword argument {name!r}; {advice}"
            )


def _advice(name: str, accepted: Collection[str]) -> str:
    from difflib import get_close_matches

    for near in (_OTHER_LIBRARIES.get(name), *get_close_matches(name, sorted(accepted))):
        if near in accepted:
            return f"did you mean {near!r}?"
    return f"it accepts {', '.join(sorted(accepted))}"


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
        cls = owner if isinstance(owner, type) else type(owner)
        method = "" if call.__name__ == "__init__" else f".{call.__name__}"
        accepted = _accepted(call, namespace)
        _check_names(f"{cls.__name__}{method}", options, accepted)

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
