"""Arrow arrays of others as columns; see src/_arrow.pyx."""

from typing import Any

from tokbox._memory import Lists, Numbers, Texts

def is_arrow(value: object) -> bool: ...
def read(
    value: object, field: str, *, seconds: bool = False
) -> Texts | Numbers | Lists | tuple[Any, ...]: ...
def held() -> int: ...
