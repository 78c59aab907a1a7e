"""Arrow arrays of others as columns; see src/_arrow.pyx."""

from typing import Any, TypeAlias

from tokbox._memory import Numbers, Texts

#: What stands in the memory of others, or in Python's.
Column: TypeAlias = Texts | Numbers | tuple[Any, ...]

def is_arrow(value: object) -> bool: ...
def read(value: object, field: str) -> Column: ...
def held() -> int: ...
