"""Derive from a class one whose methods are awaited, so that nothing is written twice.

What a method of the twin does is what the method of the same name does, in one of the
client's threads if it may take long: because it sends (it takes a ``timeout``, or
options among which there is one), or because it signs or verifies many tokens. What
only computes a little, ``session.token()`` say, is called as it is. Iterators become
asynchronous iterators. Types are in ``aio.pyi``, which is made from the same rules.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import datetime, timedelta
from types import NoneType
from typing import Any, NoReturn

from tokbox.rest import session_options
from tokbox.rest.executor import ThreadExecutor
from tokbox.rest.resources.base import Resource
from tokbox.rest.sessions import Session
from tokbox.rest.unknown_options import check_options, has_options
from tokbox.secrecy import is_stripped, safe_repr, strip_traceback

__all__ = ["BULK", "Twin", "derive"]

#: What takes long without sending anything.
BULK = frozenset({"sign_rows", "token_batch", "tokens", "verify_many", "write_tokens"})
#: Tokens that are signed in the loop's own thread, at most: less than 0.1 ms of work.
MAX_SMALL = 128
#: Methods that sign tokens, and the argument with their number.
_COUNTED = {"iter_batches": "chunk", "sign_rows": "", "token_batch": "n", "tokens": "n"}
#: Types of single values of `sign_rows`; others are columns.
_SCALARS = (str, int, timedelta, datetime, NoneType)


@safe_repr
class Twin:
    """Stand for an object of a client, and run its slow methods off the loop."""

    __slots__ = ("_executor", "_sync")

    _sync: Any
    _executor: ThreadExecutor

    def __init__(self, sync: Any, offload: ThreadExecutor) -> None:
        self._sync = sync
        self._executor = offload

    def __repr__(self) -> str:
        return f"<async {self._sync!r}>"

    def __str__(self) -> str:
        return str(self._sync)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Twin):
            return bool(self._sync == other._sync)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._sync)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} belongs to a client and cannot be pickled or copied"
        )


@functools.cache
def derive(kind: type) -> type[Twin]:
    """Return the twin of a class, with a member for each public one of it."""
    members: dict[str, Any] = {
        "__slots__": (),
        "__doc__": kind.__doc__,
        "__module__": "tokbox.types",
    }
    for name in dir(kind):
        source = inspect.getattr_static(kind, name)
        # Other ways to make a client are its own.
        if not name.startswith("_") and not isinstance(source, classmethod):
            members[name] = _member(name, source)
    return type(f"Async{kind.__name__}", (Twin,), members)


def _member(name: str, source: Any) -> Any:
    if not inspect.isfunction(source):
        return property(lambda self: _adopt(getattr(self._sync, name), self._executor))
    sends = "timeout" in inspect.signature(source).parameters or has_options(source)
    if str(source.__annotations__.get("return")).startswith("Iterator["):
        method = _iterating(name, source)
    elif sends or name in BULK:
        method = _awaited(name, source)
    else:
        method = _direct(name, source)
    return strip_traceback(method) if is_stripped(source) else method


def _awaited(name: str, source: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(source)
    async def method(self: Twin, /, *args: Any, **kwargs: Any) -> Any:
        call = getattr(self._sync, name)
        run = self._executor.call
        if _is_small(name, self._sync, args, kwargs):
            run = self._executor.call_here
        result = await run(call, *args, **kwargs)
        return _adopt(result, self._executor)

    if has_options(source):
        method = check_options(method, lambda: vars(session_options))
    return method


def _iterating(name: str, source: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(source)
    def method(self: Twin, /, *args: Any, **kwargs: Any) -> Any:
        # Arguments are checked now, as ever; nothing is sent before the first item.
        items = getattr(self._sync, name)(*args, **kwargs)
        if _is_small(name, self._sync, (), kwargs):
            return self._executor.iterate_here(items)
        return self._executor.iterate(items)

    return method


def _is_small(name: str, sync: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return True if a call signs at most `MAX_SMALL` tokens with an API secret.

    Columns of rows are counted if they are lists or tuples.
    """
    if name not in _COUNTED or sync._signer._is_application:
        return False
    if name == "sign_rows":
        given = (*args, *kwargs.values())
        columns = [each for each in given if not isinstance(each, _SCALARS)]
        known = all(isinstance(each, list | tuple) for each in columns)
        return known and all(len(each) <= MAX_SMALL for each in columns)
    n = kwargs.get(_COUNTED[name], args[0] if args else None)
    return isinstance(n, int) and 0 < n <= MAX_SMALL


def _direct(name: str, source: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(source)
    def method(self: Twin, /, *args: Any, **kwargs: Any) -> Any:
        return _adopt(getattr(self._sync, name)(*args, **kwargs), self._executor)

    return method


def _adopt(value: Any, offload: ThreadExecutor) -> Any:
    """Return the twin of what has methods that send, and everything else as it is."""
    if isinstance(value, Resource | Session):
        kind: type = type(value)
        return derive(kind)(value, offload)
    return value
