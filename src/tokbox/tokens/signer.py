"""A prepared key, and everything it signs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO, Literal, NoReturn, TextIO, TypeAlias, TypeVar, overload

from tokbox._fastsign import Key, Memory, MemoryPool, Plan
from tokbox.enums import HOURS_24, Role
from tokbox.tokens import jwt, t1
from tokbox.tokens.batch import TokenBatch, check_memory, write_all
from tokbox.tokens.claims import (
    Token,
    check_api_key,
    check_claim,
    check_connection_data,
    check_count,
    check_expiration,
    check_kind,
    check_layout_classes,
    check_role,
    check_secret,
    check_session_id,
)
from tokbox.tokens.rows import sign_rows
from tokbox.tokens.verify import Verification, verify, verify_many

__all__ = ["SessionSigner", "Signer"]

#: A str object of ASCII text is its text, this head, a zero byte, and the list's pointer.
_STR_OVERHEAD = 41 + 8

#: Below this many tokens a second thread costs more than it brings.
_WORTH_A_THREAD = 8192

#: Tokens in one piece of a stream: about 3 MB, which stays in a cache.
CHUNK = 8192


_Value = TypeVar("_Value")
#: One value for all rows, or one for each.
Column: TypeAlias = _Value | Sequence[_Value]


def cpu_count() -> int:
    """How many CPUs this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


class Signer:
    """An API key and its secret, prepared once: signs, verifies, and is safe to share.

    The secret is not kept, only the states that HMAC has after it, in memory that is
    wiped when the signer is closed or freed. A signer cannot be pickled or copied.
    """

    __slots__ = ("_head", "_key", "api_key")

    api_key: str

    def __init__(self, api_key: str, secret: str) -> None:
        self.api_key = check_api_key(api_key)
        self._key: Key | None = Key(check_secret(secret))
        self._head = t1.head(self.api_key)

    def __repr__(self) -> str:
        return f"<Signer for API key {self.api_key}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Signer cannot be pickled or copied: it would carry the secret along"
        )

    @property
    def key(self) -> Key:
        """The prepared key. ValueError after `close`."""
        if self._key is None:
            raise ValueError("this signer is closed")
        return self._key

    def close(self) -> None:
        """Forget the key. What is being signed right now is still finished."""
        self._key = None

    def hs256(self, message: bytes) -> bytes:
        """The 32 bytes of HMAC-SHA256 of *message* under the secret (RFC 7515, HS256)."""
        return self.key.hmac_sha256(message)

    def session(self, session_id: str) -> SessionSigner:
        """Return the signer of one session's tokens. InvalidClaims if the id is no good."""
        return SessionSigner(session_id, _signer=self)

    @overload
    def sign_rows(
        self,
        session_id: Column[str],
        role: Column[Role | str] = ...,
        connection_data: Column[str | None] = ...,
        expiration: Column[int | timedelta] = ...,
        initial_layout_class_list: Column[str | Iterable[str] | None] = ...,
        *,
        kind: str = ...,
        errors: Literal["raise"] = ...,
        multithread: bool = ...,
        memory_pool: MemoryPool | None = ...,
    ) -> TokenBatch[str]: ...
    @overload
    def sign_rows(
        self,
        session_id: Column[str],
        role: Column[Role | str] = ...,
        connection_data: Column[str | None] = ...,
        expiration: Column[int | timedelta] = ...,
        initial_layout_class_list: Column[str | Iterable[str] | None] = ...,
        *,
        kind: str = ...,
        errors: Literal["null"],
        multithread: bool = ...,
        memory_pool: MemoryPool | None = ...,
    ) -> TokenBatch[str | None]: ...
    def sign_rows(
        self,
        session_id: Column[str],
        role: Column[Role | str] = Role.PUBLISHER,
        connection_data: Column[str | None] = "",
        expiration: Column[int | timedelta] = HOURS_24,
        initial_layout_class_list: Column[str | Iterable[str] | None] = "",
        *,
        kind: str = "t1",
        errors: str = "raise",
        multithread: bool = False,
        memory_pool: MemoryPool | None = None,
    ) -> TokenBatch[str] | TokenBatch[str | None]:
        """Sign one token a row, each with claims of its own, in order.

        Each claim is one value for all rows, or a column with a value for each row: a
        sequence, or an Arrow array of strings, integers or lists. (A sequence of layout
        classes is a column, too; its values are names joined by spaces, or sequences of
        names.) Claims and rules are those of `SessionSigner`; in a column of connection
        data or layout classes, None stands for nothing. What all rows share is hashed
        and encoded once.

        With ``errors="raise"``, a value that breaks a rule raises InvalidClaims with
        its ``.row``, ``.field`` and ``.rule``, and nothing is signed. With
        ``errors="null"`` its row is None, and the batch's ``errors`` hold the reasons.

        Who signs one batch after the other passes them all one *memory_pool*: each uses
        the memory of an earlier one that is gone, which is about twice as fast.
        """
        return sign_rows(
            self,
            session_id=session_id,
            role=role,
            connection_data=connection_data,
            expiration=expiration,
            initial_layout_class_list=initial_layout_class_list,
            kind=kind,
            errors=errors,
            threads=lambda n: _threads(n, multithread),
            memory_pool=memory_pool,
        )

    def verify(
        self, token: str, *, session_id: str | None = None, now: float | None = None
    ) -> Token:
        """Return what *token* says, or raise: see `tokbox.tokens.verify`."""
        return verify(token, self.key, self.api_key, session_id=session_id, now=now)

    def verify_many(
        self,
        tokens: Iterable[str],
        *,
        session_id: str | None = None,
        now: float | None = None,
        multithread: bool = False,
    ) -> Verification:
        """Verify many tokens, each as `verify` does; see `Verification`.

        Tokens of either kind can be mixed. *multithread* uses every CPU.
        """
        return verify_many(
            tokens,
            self.key,
            self.api_key,
            self._head,
            session_id=session_id,
            now=now,
            threads=lambda n: _threads(n, multithread),
        )


@dataclass(frozen=True, slots=True)
class SessionSigner:
    """Signs the tokens of one session.

    Arguments of all methods, with the rules of `tokbox.tokens.claims`:

    role
        what the holder may do (`tokbox.Role`, or the same string)
    connection_data
        at most 1000 characters that every client in the session can read
    expiration
        how long the token lives, in seconds or as a timedelta, at most 30 days;
        0 leaves it to the service (24 hours)
    initial_layout_class_list
        layout classes of the holder's streams, one by one or joined by spaces
    kind
        "t1", or "jwt": a JWT signed with HS256

    Nothing is signed if one of them breaks a rule: InvalidClaims says which.
    """

    session_id: str
    _signer: Signer = field(kw_only=True, repr=False, compare=False)

    _first_t1: bytes = field(init=False, repr=False, compare=False)
    _first_jwt: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        api_key = self._signer.api_key
        check_session_id(self.session_id, api_key)
        for name, form in (("_first_t1", t1), ("_first_jwt", jwt)):
            object.__setattr__(self, name, form.first_claims(api_key, self.session_id))

    def token(
        self,
        role: Role | str = Role.PUBLISHER,
        connection_data: str = "",
        expiration: int | timedelta = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] = (),
        kind: str = "t1",
    ) -> str:
        """Sign one token."""
        # The rest is in the core: this is what a server calls for every participant.
        signer = self._signer
        key = signer._key or signer.key
        if kind == "t1":
            return key.token(
                signer._head,
                self._first_t1,
                role,
                connection_data,
                expiration,
                initial_layout_class_list,
                check_claim,
            )
        check_kind(kind)
        return key.token(
            jwt.head(),
            self._first_jwt,
            role,
            connection_data,
            expiration,
            initial_layout_class_list,
            check_claim,
            True,
        )

    def _plan(
        self,
        role: Role | str,
        connection_data: str,
        expiration: int | timedelta,
        classes: Iterable[str],
        kind: str,
    ) -> Plan:
        """Check all claims, and prepare what all tokens of a batch share."""
        signer, is_jwt = self._signer, check_kind(kind)
        claims = (
            self.session_id,
            int(time.time()),
            check_expiration(expiration),
            check_role(role),
            check_connection_data(connection_data),
            check_layout_classes(classes),
        )
        if is_jwt:
            return Plan(
                signer.key, jwt.head(), jwt.signed_part(signer.api_key, *claims), True
            )
        return Plan(signer.key, signer._head, t1.signed_part(*claims))

    def tokens(
        self,
        n: int,
        multithread: bool = False,
        role: Role | str = Role.PUBLISHER,
        connection_data: str = "",
        expiration: int | timedelta = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] = (),
        kind: str = "t1",
    ) -> list[str]:
        """Sign *n* tokens that say the same and are all distinct, in order.

        *multithread* uses every CPU that the process may use. Either all *n* are
        returned or an exception is raised; MemoryError if they cannot fit.
        """
        n = check_count(n)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
        check_memory(n, n * (plan.token_length + _STR_OVERHEAD))
        return plan.strings(n, threads=_threads(n, multithread))

    def token_batch(
        self,
        n: int,
        multithread: bool = False,
        role: Role | str = Role.PUBLISHER,
        connection_data: str = "",
        expiration: int | timedelta = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] = (),
        kind: str = "t1",
        memory_pool: MemoryPool | None = None,
    ) -> TokenBatch[str]:
        """Sign *n* tokens like `tokens`, into one buffer instead of *n* strings.

        *memory_pool* is where its memory comes from and goes back to; see `sign_rows`.
        """
        n = check_count(n)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
        check_memory(n, n * plan.token_length)
        length = plan.token_length
        memory = Memory(n * length, memory_pool)
        plan.fill(memory, n, threads=_threads(n, multithread))
        return TokenBatch(memory, range(n), length=length)

    def iter_batches(
        self,
        n: int,
        multithread: bool = False,
        role: Role | str = Role.PUBLISHER,
        connection_data: str = "",
        expiration: int | timedelta = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] = (),
        kind: str = "t1",
        chunk: int = CHUNK,
    ) -> Iterator[TokenBatch[str]]:
        """Sign *n* tokens like `tokens`, as batches of at most *chunk*, in constant memory.

        The memory of a batch is used again once nothing refers to the batch any more;
        a batch that is kept stays as it is.
        """
        n = check_count(n)
        chunk = check_count(chunk)
        if chunk == 0:
            chunk = CHUNK
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
        check_memory(chunk, 2 * min(n, chunk) * plan.token_length)
        return _stream(plan, n, chunk, _threads(chunk, multithread))

    def write_tokens(
        self,
        target: str | os.PathLike[str] | BinaryIO | TextIO,
        n: int,
        multithread: bool = False,
        role: Role | str = Role.PUBLISHER,
        connection_data: str = "",
        expiration: int | timedelta = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] = (),
        kind: str = "t1",
    ) -> Iterator[int]:
        """Sign *n* tokens and write one a line, in constant memory.

        A generator, so that progress can be shown: yields how many are written so far.
        """
        n = check_count(n)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
        return _write(plan, target, n, _threads(CHUNK, multithread))


def _threads(n: int, multithread: bool) -> int:
    if not multithread:
        return 1
    return max(1, min(cpu_count(), n // _WORTH_A_THREAD + 1))


def _stream(plan: Plan, n: int, chunk: int, threads: int) -> Iterator[TokenBatch[str]]:
    length = plan.token_length
    pool = MemoryPool()
    for first in range(0, n, chunk):
        count = min(chunk, n - first)
        memory = pool.take(chunk * length)
        plan.fill(memory, count, first=first, threads=threads)
        batch: TokenBatch[str] = TokenBatch(memory, range(count), length=length)
        # Nothing here may keep what the caller lets go of.
        del memory
        yield batch
        del batch


def _write(
    plan: Plan, target: str | os.PathLike[str] | BinaryIO | TextIO, n: int, threads: int
) -> Iterator[int]:
    if isinstance(target, str | os.PathLike):
        with open(target, "wb") as file:
            yield from _write(plan, file, n, threads)
        return
    line = plan.token_length + 1
    memory = Memory(min(n, CHUNK) * line)
    for first in range(0, n, CHUNK):
        count = min(CHUNK, n - first)
        plan.fill(memory, count, first=first, threads=threads, lines=True)
        with memoryview(memory) as view, view[: count * line] as lines:
            write_all(target, lines)
        yield first + count
