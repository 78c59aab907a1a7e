"""A frozen dataclass without the module `dataclasses`, which is slow to import."""

from __future__ import annotations

from tokbox.secrecy import safe_repr
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field
    from typing import Any, ClassVar, NoReturn, Self

__all__ = ["LightDataclass"]


class _Member:
    """An attribute of a dataclass, made when it is read, as by ``dataclasses.asdict``."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[LightDataclass]) -> Any:
        from dataclasses import InitVar, field, make_dataclass
        from typing import Any

        hidden = [
            (name, InitVar[Any], field(default=None, kw_only=True))
            for name in owner._init_only.split()
        ]
        fields: list[Any] = [*owner._types.items(), *hidden]
        return getattr(make_dataclass(owner.__name__, fields, frozen=True), self._name)


@safe_repr
class LightDataclass:
    """A base of classes that `dataclasses` and pydantic take for frozen dataclasses.

    A subclass has slots, a constructor that sets them with ``object.__setattr__``, and
    ``__match_args__``.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        #: The type of each field by its name.
        _types: ClassVar[Mapping[str, type]]
        #: Names of attributes that ``dataclasses.replace`` passes on and ``asdict`` leaves
        #: out, separated by spaces.
        _init_only: ClassVar[str]
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _Member()
        __dataclass_params__ = _Member()

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._types)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __replace__(self, **changes: Any) -> Self:
        """Return a copy with other values, as ``copy.replace`` of Python 3.13 does."""
        from dataclasses import replace

        return replace(self, **changes)

    def __repr__(self) -> str:
        values = [f"{name}={getattr(self, name)!r}" for name in self._types]
        return f"{type(self).__name__}({', '.join(values)})"
