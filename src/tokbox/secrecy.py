"""Keep secrets out of tracebacks that print locals, and out of pickles.

An error reporter that prints the locals of every frame shows the arguments of each call
and all values derived from them. So every public call that accepts or creates a secret
clears the locals of the frames below it when it fails. Files, functions and line numbers
remain.
"""

from __future__ import annotations

import functools
import sys
from types import FrameType, FunctionType

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeVar

    _Target = TypeVar("_Target")
    _Class = TypeVar("_Class", bound=type)

__all__ = ["NoPickle", "is_stripped", "safe_repr", "strip_traceback"]

#: Packages whose frames are cleared: tokbox and the packages that it calls. The frames of
#: callers and of their callbacks keep their locals.
_CLEARED = sys.stdlib_module_names | {
    "cryptography",
    "starlette",
    "tokbox",
    "urllib3",
    "uvicorn",
    "websockets",
}
#: Bits of ``co_flags``: `inspect`, which names them, is slow to import.
_GENERATOR, _COROUTINE = 0x20, 0x80
#: The methods that are wrapped although their names begin with an underscore.
_SPECIAL = ("__init__", "__call__")


class NoPickle:
    """Refuse to be pickled or copied."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds a secret and cannot be pickled or copied"
        )


def strip_traceback(target: _Target) -> _Target:
    """Wrap *target*, so that tracebacks of its exceptions have no locals of this package.

    *target* is a function, a generator function, a coroutine function or a class. For a
    class, the constructor and all public methods that it defines itself are wrapped, and
    `safe_repr` is applied. The signature and the docstring are unchanged.
    """
    if not isinstance(target, type):
        wrapped: _Target = _wrap(target)
        return wrapped
    for name, member in list(vars(target).items()):
        if name.startswith("_") and name not in _SPECIAL:
            continue
        if isinstance(member, FunctionType):
            setattr(target, name, _wrap(member))
        elif isinstance(member, classmethod | staticmethod):
            setattr(target, name, type(member)(_wrap(member.__func__)))
    return safe_repr(target)


def is_stripped(function: object) -> bool:
    """Return whether *function* was made by `strip_traceback`."""
    # An attribute would be copied to other functions by functools.wraps.
    return isinstance(function, FunctionType) and function.__globals__ is globals()


def safe_repr(cls: _Class) -> _Class:
    """Return the class name as the repr of an object whose attributes are not set.

    A traceback with locals prints the ``self`` of a constructor that failed.
    """
    make = vars(cls).get("__repr__")
    if make is not None and not is_stripped(make):

        @functools.wraps(make)
        def __repr__(self: object) -> Any:
            try:
                return make(self)
            except AttributeError:
                return f"<{type(self).__name__}>"

        setattr(cls, make.__name__, __repr__)
    return cls


def _wrap(call: Any) -> Any:
    if is_stripped(call):
        return call
    flags = call.__code__.co_flags
    if flags & _COROUTINE:

        @functools.wraps(call)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            try:
                return await call(*args, **kwargs)
            except BaseException as error:
                unknown = _unknown_argument(error, call, args, kwargs)
                _clear_locals(error)
                del args, kwargs
                if unknown is not None:
                    raise unknown from None
                raise

        return coroutine
    if flags & _GENERATOR:

        @functools.wraps(call)
        def generator(*args: Any, **kwargs: Any) -> Any:
            try:
                return (yield from call(*args, **kwargs))
            except BaseException as error:
                unknown = _unknown_argument(error, call, args, kwargs)
                _clear_locals(error)
                del args, kwargs
                if unknown is not None:
                    raise unknown from None
                raise

        return generator

    @functools.wraps(call)
    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except BaseException as error:
            unknown = _unknown_argument(error, call, args, kwargs)
            _clear_locals(error)
            # This frame is still executing, so it was not cleared.
            del args, kwargs
            if unknown is not None:
                raise unknown from None
            raise

    return function


def _unknown_argument(
    error: BaseException, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TypeError | None:
    """Return a better error if *error* says that *call* has no such arguments."""
    entry = error.__traceback__
    if not kwargs or type(error) is not TypeError or (entry and entry.tb_next):
        return None
    from tokbox.suggestions import unknown_argument

    return unknown_argument(call, args, kwargs)


def _clear_locals(error: BaseException) -> None:
    """Clear the frames of tokbox in the tracebacks of *error* and chained exceptions."""
    import contextlib

    seen: set[int] = set()
    found: list[BaseException | None] = [error]
    while found:
        each = found.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        entry = each.__traceback__
        if entry is not None and not _is_cleared(entry.tb_frame):
            # It was raised above this call, and the caller is handling it.
            continue
        if each.__suppress_context__:
            # It is not printed, but it may contain a secret, such as JSONDecodeError.doc.
            each.__context__ = None
        found += each.__cause__, each.__context__
        is_cleared = True
        while entry is not None:
            is_cleared = _is_cleared(entry.tb_frame)
            if is_cleared:
                # It is raised for frames that are still executing.
                with contextlib.suppress(RuntimeError):
                    entry.tb_frame.clear()
            entry = entry.tb_next
        if is_cleared and isinstance(each, AttributeError):
            # The object without the attribute may be a secret.
            each.obj = None


def _is_cleared(frame: FrameType) -> bool:
    package, _, _ = str(frame.f_globals.get("__name__")).partition(".")
    return package in _CLEARED
