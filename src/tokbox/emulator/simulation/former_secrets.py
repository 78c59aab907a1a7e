"""The former default secrets, which are accepted until the next release."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from tokbox.emulator.store.accounts import DEFAULT_ACCOUNT_SECRET, DEFAULT_SECRET

__all__ = ["verify_with"]

_Result = TypeVar("_Result")

#: The former secrets, by those that replaced them.
_FORMER = {DEFAULT_SECRET: "devsecret", DEFAULT_ACCOUNT_SECRET: "devaccountsecret"}


def verify_with(
    secret: str, verify: Callable[[str], _Result], failure: type[Exception]
) -> _Result:
    """Return ``verify(secret)``.

    If that raises *failure* and *secret* is a default, return the result for its former
    value, with a note on standard error.
    """
    try:
        return verify(secret)
    except failure:
        former = _FORMER.get(secret)
        if former is None:
            raise
        try:
            result = verify(former)
        except failure:
            pass
        else:
            _note(former, secret)
            return result
        raise


@cache  # once for each process
def _note(former: str, secret: str) -> None:
    print(
        f"note: {former}, the emulator's former default secret, was used; it is accepted "
        f"until the next release only: use {secret}",
        file=sys.stderr,
    )
