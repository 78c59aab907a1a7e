"""Export buffers of tokbox as Arrow arrays; see src/_capsules.pyx."""

from typing import Self, final

from typing_extensions import Buffer, CapsuleType

@final
class Array:
    def __new__(
        cls,
        format: str,
        name: str,
        n: int,
        nulls: int,
        buffers: tuple[Buffer | None, ...],
        children: tuple[Array, ...] = (),
    ) -> Self: ...

def exported_structs() -> int: ...
def schema_capsule(array: Array) -> CapsuleType: ...
def array_capsule(array: Array) -> CapsuleType: ...
def stream_capsule(array: Array) -> CapsuleType: ...
def requested_format(requested_schema: object) -> str | None: ...
