"""Types of the columns that ``sign_rows`` accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from tokbox.enums import Role
from tokbox.literals import RoleName
from tokbox.tokens.columns import ArrowArray, ArrowStream

__all__ = ["Column", "RoleColumn"]

_Value = TypeVar("_Value")
#: One value for all rows, or one for each.
Column: TypeAlias = _Value | Sequence[_Value] | ArrowArray | ArrowStream
#: The roles of rows are often data, so a list of any text is accepted, too.
RoleColumn: TypeAlias = Column[Role | RoleName] | list[str] | tuple[str, ...]
