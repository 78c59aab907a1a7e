"""Records of CSV where they stand; see src/_csv.pyx."""

from typing import final

from typing_extensions import Self

from tokbox._memory import Memory, MemoryPool, Texts, TextsInMemory

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
    def odd(self) -> list[tuple[int, int]]: ...
    def open_quote(self) -> int: ...
    def line_ends(self, offset: int) -> int: ...
    def texts(self, column: int) -> Texts: ...
    def signed(self, tokens: TextsInMemory, pool: MemoryPool | None = None) -> Memory: ...
