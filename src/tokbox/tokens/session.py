"""Sign tokens for one session: one token, a list, a batch, a stream or a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from tokbox._memory import Memory, MemoryPool
from tokbox.enums import HOURS_24, Role
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback
from tokbox.suggestions import Renamed
from tokbox.tokens.batch import TokenBatch, check_memory, check_pool, write_all
from tokbox.tokens.claims import (
    check_claim,
    check_count,
    check_expires_at,
    check_one_end,
    check_session_of,
)
from tokbox.tokens.light_dataclass import LightDataclass
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from typing import BinaryIO, NoReturn, Self, TextIO

    from tokbox.literals import RoleName, TokenKind
    from tokbox.tokens.backend import BatchPlan, SigningBackend

__all__ = ["SessionSigner"]

#: Bytes that an ASCII str in a list needs in addition to its text: the object header with
#: the terminating zero byte, and a pointer.
_STR_OVERHEAD = sys.getsizeof("") + tuple.__itemsize__


@set_module("tokbox.types")
@strip_traceback
class SessionSigner(LightDataclass):
    """Signs tokens for one session.

    `Signer.session`, `Tokbox.session` and `Tokbox.new_session` return one. It can be
    shared between threads.

    All methods accept these claims:

    *role*
        what the holder of the token may do: a `tokbox.Role` or the same string; by default
        "publisher"
    *connection_data*
        text that every client in the session can read, at most 1000 characters; by default
        empty. None means empty
    *expiration*
        the lifetime of the token: an int in seconds, a timedelta, or text such as "90s",
        "30m", "2h" or "7d"; by default 24 hours, at most 30 days. With 0 the token has no
        expiry time, and the service applies its default of 24 hours
    *expires_at*
        the end of the lifetime, in place of *expiration*: an aware datetime, text such as
        2026-01-31T12:00Z, or an int in seconds since the epoch; at most 30 days from now.
        By default None
    *initial_layout_class_list*
        layout classes of the holder's streams: an iterable of names, or names separated by
        spaces; at most 1000 characters in total; by default empty. None means empty
    *kind*
        the token format: "t1", or "jwt" for a JWT signed with HS256; by default "t1".
        Tokens of a Vonage application are always JWTs signed with RS256

    None is not valid as a role or an expiration. The same rules apply to the columns of
    `Signer.sign_rows`.

    All claims are validated before a token is signed. Methods raise InvalidClaimsError,
    with the field, the value and the rule, for a claim that is not valid, and ClosedError
    after the signer was closed.
    """

    __slots__ = ("_backend", "_prefixes", "session_id")
    __match_args__ = ("session_id",)
    _types = {"session_id": str}  # noqa: RUF012
    _init_only = "_backend"

    session_id: str
    if TYPE_CHECKING:
        _backend: SigningBackend
        #: Cached token prefixes by kind; see `SigningBackend.prefix`.
        _prefixes: dict[object, tuple[bytes, bytes, bool]]

    def __init__(self, session_id: str, *, _backend: SigningBackend | None = None) -> None:
        if _backend is None:
            raise TypeError(
                f"a {type(self).__name__} is made by a method: Signer.session(), "
                "Tokbox.session() or Tokbox.new_session()"
            )
        session_id = check_session_of(session_id, _backend.project_id)
        prefix = _backend.prefix(session_id)
        object.__setattr__(self, "session_id", session_id)
        object.__setattr__(self, "_backend", _backend)
        object.__setattr__(self, "_prefixes", {None: prefix})

    if not TYPE_CHECKING:  # a type checker would accept this attribute
        generate_token = Renamed()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} would carry the secret along and cannot be pickled "
            "or copied; pass its session_id and a tokbox.integrations.KeyRef, and make "
            "another from them"
        )

    def __copy__(self) -> Self:
        return self

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "generate_token"]

    def token(
        self,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        *,
        expires_at: datetime | str | int | None = None,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
    ) -> str:
        """Sign one token and return it.

        *role*
            what the holder may do: a `tokbox.Role` or the same string; by default
            "publisher"
        *connection_data*
            text that every client in the session can read, at most 1000 characters; by
            default empty
        *expiration*
            the lifetime: an int in seconds, a timedelta, or text such as "90s", "30m", "2h"
            or "7d"; by default 24 hours, at most 30 days. With 0 the token has no expiry
            time, and the service applies its default of 24 hours
        *expires_at*
            the end of the lifetime, in place of *expiration*: an aware datetime, text such
            as 2026-01-31T12:00Z, or an int in seconds since the epoch; by default None
        *initial_layout_class_list*
            layout classes of the holder's streams: an iterable of names, or names separated
            by spaces; by default empty
        *kind*
            the token format, "t1" or "jwt"; by default "t1", or "jwt" for a Vonage
            application

        Returns the token, an ASCII string. Each call returns a different token, because
        each token has a random nonce. No request is sent.

        Raises InvalidClaimsError for a claim that is not valid, InvalidInputError if both
        *expiration* and *expires_at* are given, ClosedError after the signer was closed.
        Example::

            token = session.token("moderator", "name=Ada", expiration="2h")
        """
        if expires_at is not None:
            others = role, connection_data, initial_layout_class_list
            return self._plan(kind, expires_at, expiration, *others).strings(1)[0]
        # Servers call this for every participant, so the C core validates and signs.
        head, first, is_jwt = self._prefix(kind)
        claims = expiration, None, role, connection_data, initial_layout_class_list
        return self._backend.token(head, first, claims, check_claim, is_jwt)

    def _prefix(self, kind: TokenKind | None) -> tuple[bytes, bytes, bool]:
        """Validate *kind* and return the prefix of its tokens."""
        known = self._prefixes
        if kind is not None and (type(kind) is not str or kind not in known):
            kind = "jwt" if self._backend.check_kind(kind) else None
            if kind not in known:
                known[kind] = self._backend.prefix(self.session_id, True)
        return known[kind]

    def _plan(
        self,
        kind: TokenKind | None,
        expires_at: datetime | str | int | None,
        expiration: int | timedelta | str,
        *others: object,
    ) -> BatchPlan:
        """Validate the claims and prepare the text shared by all tokens of a batch.

        *others* are the role, the connection data and the layout classes.
        """
        if expires_at is not None:
            check_one_end(expiration, expires_at)
            create_time = int(time.time())
            names = "role", "connection_data", "initial_layout_class_list"
            claims = {
                "session_id": self.session_id,
                "expiration": check_expires_at(expires_at, create_time),
                **{
                    name: check_claim(name, value)
                    for name, value in zip(names, others, strict=True)
                },
            }
            is_jwt = self._backend.check_kind(kind)
            return self._backend.plan_at(create_time, is_jwt, claims)
        head, first, is_jwt = self._prefix(kind)
        return self._backend.plan(
            head, first, (expiration, None, *others), check_claim, is_jwt
        )

    def tokens(
        self,
        n: int,
        multithread: bool = False,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        *,
        expires_at: datetime | str | int | None = None,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
    ) -> list[str]:
        """Sign *n* distinct tokens with the same claims and return them as a list.

        *n*
            the number of tokens, 0 to 10**18
        *multithread*
            True to use every CPU that is available to the process; by default one thread

        The claims are those of `SessionSigner`. The tokens differ only in their nonces.

        Raises InvalidClaimsError for a claim or an *n* that is not valid,
        InvalidInputError unless *multithread* is a bool, MemoryError if the tokens need
        more memory than the machine has, ClosedError after the signer was closed. Example::

            tokens = session.tokens(1000, multithread=True, role="subscriber")
        """
        n = check_count(n)
        threads = self._backend.threads(n, multithread)
        others = role, connection_data, initial_layout_class_list
        plan = self._plan(kind, expires_at, expiration, *others)
        check_memory(n, n * (plan.token_length + _STR_OVERHEAD))
        return plan.strings(n, threads=threads)

    def token_batch(
        self,
        n: int,
        *,
        multithread: bool = False,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        expires_at: datetime | str | int | None = None,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
        memory_pool: MemoryPool | None = None,
    ) -> TokenBatch[str]:
        """Sign *n* tokens like `tokens`, into one buffer instead of *n* strings.

        *memory_pool*
            a `tokbox.types.MemoryPool` that reuses the memory of earlier batches; by
            default None, for new memory. See `Signer.sign_rows`

        The other arguments are those of `tokens`. Returns a `TokenBatch`. Raises the
        exceptions of `tokens`, and InvalidInputError for a *memory_pool* of another type.
        """
        n, pool = check_count(n), check_pool(memory_pool)
        threads = self._backend.threads(n, multithread)
        others = role, connection_data, initial_layout_class_list
        plan = self._plan(kind, expires_at, expiration, *others)
        length = plan.token_length
        check_memory(n, n * length)
        memory = Memory(n * length, pool)
        plan.fill(memory, n, threads=threads)
        return TokenBatch(memory, range(n), length=length)

    def iter_batches(
        self,
        n: int,
        *,
        multithread: bool = False,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        expires_at: datetime | str | int | None = None,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
        chunk: int = 0,
    ) -> Iterator[TokenBatch[str]]:
        """Sign *n* tokens like `tokens`, in batches and in constant memory.

        *chunk*
            the maximum number of tokens in a batch; by default 8,192, or 256 with RS256

        The other arguments are those of `tokens`. Returns an iterator of `TokenBatch`. The
        memory of a batch is reused after the batch is deleted; batches that are kept do not
        change. Raises the exceptions of `tokens` before the first batch is signed.
        """
        n, chunk = check_count(n), check_count(chunk) or self._backend.chunk
        threads = self._backend.threads(chunk, multithread)
        others = role, connection_data, initial_layout_class_list
        plan = self._plan(kind, expires_at, expiration, *others)
        check_memory(chunk, 2 * min(n, chunk) * plan.token_length)
        return _stream(plan, n, chunk, threads)

    def write_tokens(
        self,
        target: str | os.PathLike[str] | BinaryIO | TextIO,
        n: int,
        *,
        multithread: bool = False,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        expires_at: datetime | str | int | None = None,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Sign *n* tokens, write one per line in constant memory, and return *n*.

        *target*
            a path, or an open binary or text file. An existing file at the path is
            overwritten; a new file is readable by its owner only. An open file stays open
        *progress*
            a function that is called with the number of tokens written so far, after each
            8,192 tokens (256 with RS256) and at the end; by default None

        The other arguments are those of `tokens`. Example::

            session.write_tokens("tokens.txt", 10**6, progress=print)

        All arguments are validated before the file is opened. Raises the exceptions of
        `tokens`, InvalidInputError if *progress* is not callable, and every exception of
        the file or of *progress*. After such an exception the file keeps the lines written
        so far; the last line may be incomplete if the disk is full.
        """
        if progress is not None and not callable(progress):
            rule = "be a function that takes the number of written tokens, or None"
            raise InvalidInputError("progress", progress, rule)
        lines = self._lines(
            n,
            multithread=multithread,
            role=role,
            connection_data=connection_data,
            expiration=expiration,
            expires_at=expires_at,
            initial_layout_class_list=initial_layout_class_list,
            kind=kind,
        )
        if isinstance(target, str | os.PathLike):
            from tokbox.private_files import opener_0600

            with open(target, "wb", opener=opener_0600) as file:
                return _write(lines, file, progress)
        return _write(lines, target, progress)

    def _lines(
        self,
        n: int,
        *,
        multithread: bool,
        role: Role | RoleName,
        connection_data: str | None,
        expiration: int | timedelta | str,
        expires_at: datetime | str | int | None = None,
        initial_layout_class_list: Iterable[str] | None,
        kind: TokenKind | None = None,
    ) -> Iterator[tuple[int, memoryview]]:
        """Sign *n* tokens, one per line; yield the count so far and the new lines.

        The memory of the lines is reused after they are deleted.
        """
        n, chunk = check_count(n), self._backend.chunk
        threads = self._backend.threads(chunk, multithread)
        others = role, connection_data, initial_layout_class_list
        plan = self._plan(kind, expires_at, expiration, *others)
        return _lines(plan, n, chunk, threads)


def _stream(plan: BatchPlan, n: int, chunk: int, threads: int) -> Iterator[TokenBatch[str]]:
    length = plan.token_length
    pool = MemoryPool()
    for first in range(0, n, chunk):
        count = min(chunk, n - first)
        memory = Memory(min(n, chunk) * length, pool)
        plan.fill(memory, count, first=first, threads=threads)
        batch: TokenBatch[str] = TokenBatch(memory, range(count), length=length)
        # Drop all references, so that the memory is reused once the caller drops the batch.
        del memory
        yield batch
        del batch


def _lines(
    plan: BatchPlan, n: int, chunk: int, threads: int
) -> Iterator[tuple[int, memoryview]]:
    line = plan.token_length + 1
    pool = MemoryPool()
    for first in range(0, n, chunk):
        count = min(chunk, n - first)
        memory = Memory(min(n, chunk) * line, pool)
        plan.fill(memory, count, first=first, threads=threads, lines=True)
        lines = memoryview(memory)[: count * line]
        # As in _stream.
        del memory
        yield first + count, lines
        del lines


def _write(
    lines: Iterator[tuple[int, memoryview]],
    file: BinaryIO | TextIO,
    progress: Callable[[int], object] | None,
) -> int:
    written = 0
    for written, text in lines:
        write_all(file, text)
        # As in _stream.
        del text
        if progress is not None:
            progress(written)
    return written
