"""Find records and lines of CSV in memory, without copies; see src/_csv.pyx."""

from collections.abc import Iterable
from typing import final

from typing_extensions import Self

from tokbox._memory import Memory, MemoryPool, StringColumn, StringSlice

def max_occurrences(data: bytes, text: bytes) -> int: ...

@final
class Records:
    n: int
    end: int
    def __new__(
        cls,
        block: bytes,
        fields: int,
        *,
        final: bool,
        most: int = -1,
        delimiter: str = ",",
    ) -> Self: ...
    def __len__(self) -> int: ...
    def miscounted(self) -> list[tuple[int, int]]: ...
    def open_quote(self) -> int: ...
    def line_ends(self, offset: int) -> int: ...
    def texts(self, column: int) -> StringColumn: ...
    def signed(self, tokens: StringSlice, pool: MemoryPool | None = None) -> Memory: ...

@final
class Lines:
    n: int
    def __new__(cls, block: bytes) -> Self: ...
    def __len__(self) -> int: ...
    def tolist(self) -> list[bytes]: ...
    def texts(self) -> StringColumn: ...
    def signed(
        self,
        tokens: StringSlice,
        member: bytes,
        leave_out: Iterable[int] = ...,
        pool: MemoryPool | None = None,
    ) -> Memory: ...
