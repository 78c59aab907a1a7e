"""Keep secrets out of tracebacks that print locals, and out of pickles."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

from tokbox.errors import TokboxError

__all__ = ["Secretive", "conceal", "concealing"]

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Secretive:
    """Refuse to be pickled or copied."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds a secret and cannot be pickled or copied"
        )


def concealing(
    *kinds: type[Exception],
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Let a call, which is given a secret, raise errors of *kinds* without its frames.

    They hold the secret as a local, and so do those below, whatever was wrong. What was
    is in the error; where is of no use to who gave the argument.
    """

    def wrap(call: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        @functools.wraps(call)
        def concealed(*args: _Parameters.args, **options: _Parameters.kwargs) -> _Result:
            try:
                return call(*args, **options)
            except kinds as error:
                failure = error.with_traceback(None)
            failure.__context__ = None
            # This frame is the one that is seen.
            del args, options
            raise failure

        return concealed

    return wrap


def conceal(call: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Do as `concealing` does, with our own errors, and leave the frames of all others."""
    return concealing(TokboxError)(call)
