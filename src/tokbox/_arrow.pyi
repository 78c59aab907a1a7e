"""Import Arrow arrays as columns; see src/_arrow.pyx."""

from typing import Any

from tokbox._memory import IntColumn, ListColumn, StringColumn

def is_arrow(value: object) -> bool: ...
def read(
    value: object, field: str, *, seconds: bool = False
) -> StringColumn | IntColumn | ListColumn | tuple[Any, ...]: ...
def imported_structs() -> int: ...
