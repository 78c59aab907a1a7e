"""The tokens of one session: one, many alike, a stream of them, a file full."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator

from tokbox._memory import Memory, MemoryPool
from tokbox.enums import HOURS_24, Role
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.tokens.batch import TokenBatch, check_memory, check_pool, write_all
from tokbox.tokens.claims import (
    check_claim,
    check_count,
    check_multithread,
    check_session_of,
)
from tokbox.tokens.light_dataclass import LightDataclass
from tokbox.tokens.parallel import threads_for
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import BinaryIO, NoReturn, TextIO

    from typing_extensions import Self

    from tokbox.literals import RoleName, TokenKind
    from tokbox.tokens.backend import BatchPlan, SigningBackend

__all__ = ["SessionSigner"]

#: What a string of ASCII text in a list takes beside its text: its head with a zero byte,
#: and a pointer.
_STR_OVERHEAD = sys.getsizeof("") + tuple.__itemsize__


@set_module("tokbox.types")
class SessionSigner(LightDataclass):
    """Signs the tokens of one session.

    Arguments of all methods, with the rules of `tokbox.tokens.claims`:

    role
        what the holder may do (`tokbox.Role`, or the same string)
    connection_data
        at most 1000 characters that every client in the session can read, or None
    expiration
        how long the token lives: whole seconds, a timedelta, or text such as "90s",
        "30m", "2h" or "7d"; at most 30 days. 0 leaves it to the service (24 hours)
    initial_layout_class_list
        layout classes of the holder's streams, one by one or joined by spaces, or None
    kind
        "t1", or "jwt": a JWT signed with HS256. The tokens of an application are JWTs
        signed with RS256, and nothing else. None stands for "t1", or "jwt" there

    None is the empty value of connection data and layout classes, here and in a column of
    `Signer.sign_rows`. A role and an expiration have no empty value, so None is refused
    for them.

    Nothing is signed if one of them breaks a rule: InvalidClaimsError says which.
    """

    __slots__ = ("_backend", "_prefixes", "session_id")
    __match_args__ = ("session_id",)
    _types = {"session_id": str}  # noqa: RUF012
    _init_only = "_backend"

    session_id: str
    if TYPE_CHECKING:
        _backend: SigningBackend
        #: Prefixes of the tokens by kind, those that were asked for; see
        #: `SigningBackend.prefix`.
        _prefixes: dict[object, tuple[bytes, bytes, bool]]

    def __init__(self, session_id: str, *, _backend: SigningBackend | None = None) -> None:
        if _backend is None:
            raise TypeError(
                f"a {type(self).__name__} is made by a method: Signer.session(), "
                "Tokbox.session() or Tokbox.new_session()"
            )
        session_id = check_session_of(session_id, _backend.project_id)
        prefix = _backend.prefix(session_id, _backend.algorithm == "RS256")
        object.__setattr__(self, "session_id", session_id)
        object.__setattr__(self, "_backend", _backend)
        object.__setattr__(self, "_prefixes", {None: prefix})

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} would carry the secret along and cannot be pickled "
            "or copied; pass its session_id and a tokbox.integrations.KeyRef, and make "
            "another from them"
        )

    def __copy__(self) -> Self:
        return self

    def token(
        self,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
    ) -> str:
        """Sign one token."""
        # The rest is in the core: this is what a server calls for every participant.
        head, first, is_jwt = self._prefix(kind)
        return self._backend.token(
            head,
            first,
            role,
            connection_data,
            expiration,
            initial_layout_class_list,
            check_claim,
            is_jwt,
        )

    def _prefix(self, kind: TokenKind | None) -> tuple[bytes, bytes, bool]:
        """Check *kind*, and return the prefix of its tokens."""
        known = self._prefixes
        if kind is not None and (type(kind) is not str or kind not in known):
            kind = "jwt" if self._backend.check_kind(kind) else None
            if kind not in known:
                known[kind] = self._backend.prefix(self.session_id, True)
        return known[kind]

    def _threads(self, n: int, multithread: bool) -> int:
        """Return the number of threads for *n* tokens.

        InvalidInputError unless *multithread* is a bool.
        """
        threshold = self._backend.thread_threshold
        return threads_for(n, check_multithread(multithread), threshold)

    def _plan(
        self,
        role: Role | RoleName,
        connection_data: str | None,
        expiration: int | timedelta | str,
        classes: Iterable[str] | None,
        kind: TokenKind | None,
    ) -> BatchPlan:
        """Check all claims, and prepare what all tokens of a batch share."""
        head, first, is_jwt = self._prefix(kind)
        return self._backend.plan(
            head, first, role, connection_data, expiration, classes, check_claim, is_jwt
        )

    def tokens(
        self,
        n: int,
        multithread: bool = False,
        role: Role | RoleName = Role.PUBLISHER,
        connection_data: str | None = "",
        expiration: int | timedelta | str = HOURS_24,
        *,
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
    ) -> list[str]:
        """Sign *n* tokens that say the same and are all distinct, in order.

        *multithread* uses every CPU that the process may use. Either all *n* are
        returned or an exception is raised; MemoryError if they cannot fit.
        """
        n = check_count(n)
        threads = self._threads(n, multithread)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
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
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
        memory_pool: MemoryPool | None = None,
    ) -> TokenBatch[str]:
        """Sign *n* tokens like `tokens`, into one buffer instead of *n* strings.

        *memory_pool* is where its memory comes from and goes back to; see `sign_rows`.
        """
        n, pool = check_count(n), check_pool(memory_pool)
        threads = self._threads(n, multithread)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
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
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
        chunk: int = 0,
    ) -> Iterator[TokenBatch[str]]:
        """Sign *n* tokens like `tokens`, as batches of at most *chunk*, in constant memory.

        Without *chunk*, there are 8,192 in a batch, or 256 where RSA signs.
        The memory of a batch is used again once nothing refers to the batch any more;
        a batch that is kept stays as it is.
        """
        n, chunk = check_count(n), check_count(chunk) or self._backend.chunk
        threads = self._threads(chunk, multithread)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
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
        initial_layout_class_list: Iterable[str] | None = (),
        kind: TokenKind | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Sign *n* tokens, write one per line in constant memory, and return *n*.

        *target* is a path or an open file of bytes or text. A path is overwritten, and
        only its owner can read a file that is created. A file that is passed stays open.

        *progress* is called with the number of tokens written so far, after each 8,192
        tokens (256 with RSA) and at the end::

            session.write_tokens("tokens.txt", 10**6, progress=print)

        All arguments are checked before the file is opened. An exception of the file or
        of *progress* stops the call and is raised; the lines written until then stay in
        the file, and the last one may be incomplete if the disk is full.
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
        initial_layout_class_list: Iterable[str] | None,
        kind: TokenKind | None = None,
    ) -> Iterator[tuple[int, memoryview]]:
        """Sign *n* tokens, one a line: yields how many are made so far, and the last ones.

        Memory is used again once nothing refers to it.
        """
        n, chunk = check_count(n), self._backend.chunk
        threads = self._threads(chunk, multithread)
        plan = self._plan(
            role, connection_data, expiration, initial_layout_class_list, kind
        )
        return _lines(plan, n, chunk, threads)


def _stream(plan: BatchPlan, n: int, chunk: int, threads: int) -> Iterator[TokenBatch[str]]:
    length = plan.token_length
    pool = MemoryPool()
    for first in range(0, n, chunk):
        count = min(chunk, n - first)
        memory = Memory(min(n, chunk) * length, pool)
        plan.fill(memory, count, first=first, threads=threads)
        batch: TokenBatch[str] = TokenBatch(memory, range(count), length=length)
        # Nothing here may keep what the caller lets go of.
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
        # As above: nothing here may keep it.
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
        # As above.
        del text
        if progress is not None:
            progress(written)
    return written
