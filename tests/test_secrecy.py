"""What holds a secret is not copied, and what is given one does not show it."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable

import pytest

from tokbox.errors import InvalidInput
from tokbox.secrecy import Secretive, conceal


class Holder(Secretive):
    pass


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_what_holds_a_secret_says_that_it_is_not_copied(
    duplicate: Callable[[object], object],
) -> None:
    with pytest.raises(TypeError, match=r"^Holder holds a secret and cannot be"):
        duplicate(Holder())


@conceal
def take(secret: str, *, good: bool) -> str:
    """Take it."""
    try:
        if not good:
            raise KeyError(secret)
    except KeyError:
        raise InvalidInput("secret", None, "be good", show=False) from None
    return secret[::-1]


def test_what_takes_a_secret_works_as_ever() -> None:
    assert take("abc", good=True) == "cba"
    assert (take.__name__, take.__doc__) == ("take", "Take it.")


def test_what_takes_a_secret_shows_it_in_no_traceback() -> None:
    with pytest.raises(InvalidInput, match="must be good") as caught:
        take("canary", good=False)
    assert caught.value.__traceback__ is not None
    shown = traceback.TracebackException(
        InvalidInput, caught.value, caught.value.__traceback__.tb_next, capture_locals=True
    )
    assert "canary" not in "".join(shown.format())
    assert caught.value.__context__ is None
