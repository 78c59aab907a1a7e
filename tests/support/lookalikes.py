"""Values that look like a str or an int and may behave otherwise."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, NoReturn


class Disguised(str):
    """A str whose methods all return something other than its text."""

    __slots__ = ()

    def __str__(self) -> str:
        return "disguise&role=moderator"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return str(self)

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash("moderator")

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter(["disguise"])

    def __contains__(self, part: object) -> bool:
        return False

    def __getitem__(self, index: Any) -> str:
        return str(self)

    def __add__(self, other: str) -> str:
        return str(self)

    def encode(self, *arguments: Any, **options: Any) -> bytes:
        return b"disguise"

    def _other(self, *arguments: Any) -> str:
        return str(self)

    def _yes(self, *arguments: Any) -> bool:
        return True

    lower = upper = strip = rstrip = replace = removeprefix = _other
    startswith = isascii = isdecimal = isspace = _yes

    def split(self, *arguments: Any) -> list[str]:  # type: ignore[override]
        return ["disguise"]

    def partition(self, *arguments: Any) -> tuple[str, str, str]:  # type: ignore[override]
        return "env", ":", "DISGUISE"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a disguise cannot be pickled")


def member(text: str) -> Any:
    """A member of an enumeration with a str mixin, whose str() is ``Mixed.MEMBER``."""

    class Mixed(str, enum.Enum):  # noqa: UP042 - its str() differs
        MEMBER = text

        __str__ = enum.Enum.__str__

    return Mixed.MEMBER


class Number(int):
    """An int whose methods all return something other than its value."""

    def __str__(self) -> str:
        return "7"

    __repr__ = __str__

    def __index__(self) -> int:
        return 7

    __int__ = __index__

    def __eq__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __lt__

    def __le__(self, other: object) -> bool:
        return True

    __ge__ = __le__

    def __hash__(self) -> int:
        return 7

    def __add__(self, other: int) -> int:
        return 7

    __radd__ = __mul__ = __add__


class Index:
    """An integer of another library, such as ``numpy.int64``."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __index__(self) -> int:
        return self._number


class bool_(Index):
    """A boolean of another library, which is an index, too: numpy's before version 2."""


class ArrayOfNoDimensions(Index):
    """An array such as ``numpy.array(5)``: an index that looks like a sequence."""

    shape = ()

    def __len__(self) -> int:
        raise TypeError("len() of unsized object")

    def __iter__(self) -> Iterator[int]:
        raise TypeError("iteration over a 0-d array")


class Pretender:
    """An object whose __class__ is str, such as a mock with a spec."""

    __class__ = str  # type: ignore[assignment]
