"""Types of the arguments of ``sign_rows``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, TypedDict, TypeVar

from tokbox._memory import MemoryPool
from tokbox.enums import Role
from tokbox.literals import RoleName, TokenKind
from tokbox.tokens.columns import ArrowArray, ArrowStream
from tokbox.tokens.derive import Derived

__all__ = ["Column", "RoleColumn", "RowOptions"]

_Value = TypeVar("_Value")
#: One value for all rows, or one for each.
Column: TypeAlias = _Value | Sequence[_Value] | ArrowArray | ArrowStream
#: The roles of rows are often data, so a list of any text is accepted, too.
RoleColumn: TypeAlias = Column[Role | RoleName] | list[str] | tuple[str, ...]


class RowOptions(TypedDict, total=False):
    """Name the options of ``sign_rows``, except for ``errors``."""

    role: RoleColumn
    connection_data: Column[str | None]
    expiration: Column[int | timedelta | str]
    expires_at: Column[datetime | str | int] | None
    initial_layout_class_list: Column[str | Iterable[str] | None]
    kind: TokenKind | None
    multithread: bool
    memory_pool: MemoryPool | None
    nonce: Derived | None
