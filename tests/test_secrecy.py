"""Objects that hold a secret cannot be copied; tracebacks of public calls have no locals."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from tests.support.rest import SECRET
from tests.test_tracebacks import CALLS
from tokbox import secrecy
from tokbox.errors import InvalidInputError
from tokbox.secrecy import NoPickle, is_stripped, safe_repr, strip_traceback


class Holder(NoPickle):
    pass


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_holder_of_a_secret_cannot_be_copied(
    duplicate: Callable[[object], object],
) -> None:
    with pytest.raises(TypeError, match=r"^Holder holds a secret and cannot be"):
        duplicate(Holder())


@pytest.fixture(autouse=True)
def _our_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat the functions of this file as part of the package."""
    cleared = secrecy._CLEARED | {__name__.partition(".")[0]}
    monkeypatch.setattr(secrecy, "_CLEARED", cleared)


def inner(secret: str, error: BaseException | None) -> str:
    if error is not None:
        raise error
    return secret[::-1]


@strip_traceback
def function(secret: str, *, error: BaseException | None = None) -> str:
    """Take a secret."""
    return inner(secret, error)


@strip_traceback
def generator(secret: str, *, error: BaseException | None = None) -> Iterator[str]:
    """Take a secret."""
    yield secret
    yield inner(secret, error)


@strip_traceback
async def coroutine(secret: str, *, error: BaseException | None = None) -> str:
    """Take a secret."""
    await asyncio.sleep(0)
    return inner(secret, error)


@strip_traceback
class Class:
    """Take a secret."""

    def __init__(self, secret: str, *, error: BaseException | None = None) -> None:
        self.text = inner(secret, error)

    def method(self, secret: str, *, error: BaseException | None = None) -> str:
        return inner(secret, error)

    def __call__(self, secret: str, *, error: BaseException | None = None) -> str:
        return inner(secret, error)

    @classmethod
    def of_class(cls, secret: str, *, error: BaseException | None = None) -> str:
        return inner(secret, error)

    @staticmethod
    def static(secret: str, *, error: BaseException | None = None) -> str:
        return inner(secret, error)

    def _private(self) -> None:
        pass

    def __repr__(self) -> str:
        return f"<Class {self.text}>"


WAYS: dict[str, Callable[..., Any]] = {
    "function": function,
    "generator": lambda *args, **kwargs: list(generator(*args, **kwargs))[-1],
    "coroutine": lambda *args, **kwargs: asyncio.run(coroutine(*args, **kwargs)),
    "constructor": lambda *args, **kwargs: Class(*args, **kwargs).text,
    "method": lambda *args, **kwargs: Class("abc").method(*args, **kwargs),
    "call": lambda *args, **kwargs: Class("abc")(*args, **kwargs),
    "classmethod": lambda *args, **kwargs: Class.of_class(*args, **kwargs),
    "staticmethod": lambda *args, **kwargs: Class.static(*args, **kwargs),
}


def frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames below those of the tests that caught *error*."""
    shown = traceback.TracebackException(
        type(error), error, error.__traceback__, capture_locals=True
    )
    names = [frame.name for frame in shown.stack]
    return list(shown.stack[names.index("<lambda>") + 1 if "<lambda>" in names else 1 :])


@pytest.mark.parametrize("way", WAYS)
def test_a_stripped_call_returns_what_it_returned(way: str) -> None:
    assert WAYS[way]("abc") == "cba"


KINDS = [InvalidInputError, TypeError, MemoryError, KeyboardInterrupt]


@pytest.mark.parametrize(
    ("way", "kind"),
    # An interrupt of a coroutine goes to the loop.
    [each for each in product(WAYS, KINDS) if each != ("coroutine", KeyboardInterrupt)],
)
def test_a_stripped_call_keeps_lines_and_drops_locals(
    way: str, kind: type[BaseException]
) -> None:
    error = (
        InvalidInputError("x", 1, "be 2") if kind is InvalidInputError else kind("planted")
    )
    with pytest.raises(kind) as caught:
        WAYS[way](SECRET, error=error)
    below = frames(caught.value)
    assert below[-1].name == "inner"
    assert below[-1].line == "raise error"
    assert below[-1].locals in ({}, None)
    assert SECRET not in "".join(str(frame.locals) for frame in below)


@pytest.mark.parametrize("way", WAYS)
def test_a_misspelt_option_is_not_in_the_locals(way: str) -> None:
    with pytest.raises(TypeError, match="misspelt") as caught:
        WAYS[way]("abc", misspelt=SECRET)
    assert SECRET not in "".join(str(frame.locals) for frame in frames(caught.value))


@pytest.mark.parametrize("stripped", [function, generator, coroutine, Class, Class.method])
def test_a_stripped_call_keeps_its_signature(stripped: Any) -> None:
    names = list(inspect.signature(stripped).parameters)
    assert names[-2:] == ["secret", "error"]
    assert stripped.__name__ in ("function", "generator", "coroutine", "Class", "method")
    assert stripped is Class.method or stripped.__doc__ == "Take a secret."
    assert inspect.iscoroutinefunction(stripped) == (stripped is coroutine)
    assert inspect.isgeneratorfunction(stripped) == (stripped is generator)


def test_only_public_methods_are_wrapped_and_only_once() -> None:
    assert is_stripped(Class.method)
    assert is_stripped(Class.__init__)
    assert not is_stripped(Class._private)
    assert not is_stripped(inner)
    assert strip_traceback(function) is function
    method = Class.method
    assert strip_traceback(Class).method is method


def test_frames_of_the_caller_keep_their_locals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # this file is a caller's again

    def callback(text: str) -> None:
        raise KeyError("planted")

    @strip_traceback
    def call(back: Callable[[str], None]) -> None:
        back("seen")

    with pytest.raises(KeyError) as caught:
        call(callback)
    assert frames(caught.value)[-1].locals == {"text": "'seen'"}


def test_an_exception_that_the_caller_handles_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    first = KeyError("first")
    second = KeyError("second")
    second.__suppress_context__, second.__context__ = True, first
    try:
        raise second
    except KeyError:
        with pytest.raises(TypeError) as caught:
            function(5)  # type: ignore[arg-type]
    assert caught.value.__context__ is second
    assert second.__context__ is first


def test_causes_and_contexts_are_stripped() -> None:
    @strip_traceback
    def call(secret: str) -> None:
        try:
            inner(secret, ValueError("first"))
        except ValueError as error:
            try:
                inner(secret, KeyError("second"))
            except KeyError:
                raise InvalidInputError("x", 1, "be 2") from error

    with pytest.raises(InvalidInputError) as caught:
        call(SECRET)
    # A context that "from" hides is dropped: it may hold a secret itself.
    assert caught.value.__context__ is None
    cause = caught.value.__cause__
    assert isinstance(cause, ValueError)
    assert SECRET not in "".join(
        traceback.TracebackException(
            ValueError, cause, cause.__traceback__, capture_locals=True
        ).format()
    )


def test_an_attribute_error_does_not_keep_its_object() -> None:
    @strip_traceback
    def call(secret: Any) -> None:
        secret.nothing()

    with pytest.raises(AttributeError, match="nothing") as caught:
        call(SECRET)
    assert caught.value.obj is None


def test_an_attribute_error_of_a_callback_keeps_its_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()

    @strip_traceback
    def call(back: Callable[[], object]) -> None:
        back()

    with pytest.raises(AttributeError, match="nothing") as caught:
        call(lambda: getattr("seen", "nothing"))  # noqa: B009
    assert caught.value.obj == "seen"


def test_exceptions_that_name_each_other_are_stripped_once() -> None:
    first, second = KeyError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(KeyError, match="first"):
        function("abc", error=first)


def public_classes() -> list[type]:
    owners = {call.owner for call in CALLS.values() if call.owner is not None}
    return sorted(owners, key=lambda owner: owner.__name__)


@pytest.mark.parametrize("owner", public_classes(), ids=lambda owner: owner.__name__)
def test_a_half_made_object_has_a_repr(owner: type) -> None:
    # As a traceback shows the self of a constructor that failed.
    assert owner.__name__ in repr(owner.__new__(owner))


def test_a_repr_that_is_inherited_is_left_alone() -> None:
    @safe_repr
    @dataclass(slots=True)
    class Base:
        text: str

    @safe_repr
    class Derived(Base):
        pass

    assert "__repr__" not in vars(Derived)
    assert repr(Derived("x")).endswith("Derived(text='x')")
    assert repr(Derived.__new__(Derived)) == "<Derived>"
