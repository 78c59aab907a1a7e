"""The compiled core; see src/_fastsign.pyx."""

from collections.abc import Callable, Iterable
from typing import Any, Self, TypeAlias, final

from tokbox._memory import (
    IntColumn,
    ListColumn,
    Memory,
    MemoryPool,
    StringColumn,
    StringSlice,
)

#: The result of `copy_list`.
_Items: TypeAlias = list[Any] | tuple[Any, ...]

#: Argument, type, T1 field and JWT claim of each claim, in the order of a token.
CLAIMS: tuple[tuple[str, str, str, str], ...]

def select_kernel(name: str | None) -> None: ...
def kernels() -> dict[str, Any]: ...
def arena_counts() -> tuple[int, int]: ...
def hash_many(bits: int, messages: list[bytes]) -> list[bytes]: ...
def copy_list(values: Iterable[Any]) -> _Items: ...
def release_list(values: object) -> None: ...
def quote_plus(text: str) -> bytes: ...
def decode_base64(text: str) -> bytes | None: ...
def has_surrogate(text: str) -> bool: ...
def session_owner(session_id: str) -> str | None: ...

@final
class Key:
    def __new__(cls, secret: bytes) -> Self: ...
    def hmac_sha1(self, message: bytes) -> bytes: ...
    def hmac_sha256(self, message: bytes) -> bytes: ...
    def token(
        self,
        head: bytes,
        first: bytes,
        claims: tuple[Any, ...],
        slow_path: Callable[[str, Any], Any],
        jwt: bool = False,
        random: bytes | None = None,
    ) -> str: ...
    def plan(
        self,
        head: bytes,
        first: bytes,
        claims: tuple[Any, ...],
        slow_path: Callable[[str, Any], Any],
        jwt: bool = False,
        random: bytes | None = None,
    ) -> BatchPlan: ...
    def few_rows(
        self,
        head: bytes,
        around: tuple[bytes, bytes],
        now: int | None,
        claims: tuple[Any, ...],
        owner: str,
        jwt: bool = False,
        pool: MemoryPool | None = None,
        random: bytes | None = None,
    ) -> tuple[Memory, Memory, int] | None: ...

@final
class RSAKey:
    def __new__(cls, modulus: bytes, exponent: bytes, square: bytes) -> Self: ...
    def verify_signature(self, message: bytes, signature: bytes) -> bool: ...

@final
class BatchPlan:
    def __new__(
        cls,
        key: Key,
        head: bytes,
        data: bytes,
        jwt: bool = False,
        random: bytes | None = None,
    ) -> Self: ...
    @property
    def token_length(self) -> int: ...
    def fill(
        self,
        memory: Memory,
        n: int,
        *,
        first: int = 0,
        threads: int = 1,
        lines: bool = False,
    ) -> None: ...
    def strings(self, n: int, *, threads: int = 1) -> list[str]: ...

@final
class Rows:
    n: int
    def __new__(
        cls,
        key: Key,
        n: int,
        head: bytes,
        data: bytes,
        create_time: int,
        jwt: bool = False,
        random: bytes | None = None,
    ) -> Self: ...
    def column(
        self,
        claim: str,
        values: StringColumn | IntColumn | ListColumn | _Items,
        slow_path: Callable[[int, Any], Any],
        owner: bytes | None = None,
        *,
        threads: int = 1,
    ) -> None: ...
    def row_keys(
        self,
        key: Key,
        run_id: bytes,
        values: _Items,
        slow_path: Callable[[int, Any], str | None],
        repeated: Callable[[int, Any], str | None],
        *,
        threads: int = 1,
    ) -> None: ...
    def lengths(self, *, threads: int = 1) -> Memory: ...
    def sign(self, memory: Memory, offsets: Memory, *, threads: int = 1) -> None: ...

UNDECIDED: int
VALID: int
BAD_SIGNATURE: int
WRONG_KEY: int
NOT_YET_VALID: int
EXPIRED: int
MISSING: int

def verify_many(
    key: Key | RSAKey | None,
    head: bytes,
    api_key: bytes | None,
    tokens: _Items | StringSlice | StringColumn,
    now: int,
    leeway: int,
    *,
    hs256_heads: tuple[bytes, ...] = (),
    rs256_heads: tuple[bytes, ...] = (),
    session: bytes | None = None,
    decode_only: bool = False,
    threads: int = 1,
) -> tuple[bytes, Memory]: ...
