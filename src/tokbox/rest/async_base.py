"""Base classes of the asyncio client, which runs calls in threads."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any, NoReturn

from tokbox.rest.executor import ThreadExecutor
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.suggestions import raise_no_attribute, refuse_unknown_options
from tokbox.transport.http_transport import POOL_SIZE

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from typing_extensions import Unpack

    from tokbox.rest.base import Client
    from tokbox.rest.http.options import Limits, Options

__all__ = ["AsyncClient", "AsyncProxy", "are_small", "is_small"]

#: Batches of at most this many tokens are signed in the event loop: less than 0.1 ms.
MAX_SMALL = 128
#: Types of single values in `sign_rows`; other types are columns.
_SCALARS = (str, int, timedelta, datetime, NoneType)


def is_small(n: object) -> bool:
    """Return whether *n* is a number of tokens from 1 to `MAX_SMALL`."""
    return isinstance(n, int) and 0 < n <= MAX_SMALL


def are_small(*columns: object) -> bool:
    """Return whether all *columns* are lists or tuples of at most `MAX_SMALL` rows."""
    for column in columns:
        if not isinstance(column, _SCALARS) and not (
            isinstance(column, list | tuple) and len(column) <= MAX_SMALL
        ):
            return False
    return True


def _option_classes() -> dict[str, Any]:
    from tokbox.rest import session_options
    from tokbox.rest.base import option_classes

    return {**vars(session_options), **option_classes()}


@safe_repr
class AsyncProxy:
    """Call the methods of a client object; run slow methods in threads."""

    __slots__ = ("_executor", "_sync")

    _sync: Any
    _executor: ThreadExecutor

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        strip_traceback(refuse_unknown_options(_option_classes)(cls))

    def __init__(self, sync: Any, executor: ThreadExecutor) -> None:
        self._sync = sync
        self._executor = executor

    if not TYPE_CHECKING:  # a type checker would accept any name
        __getattr__ = raise_no_attribute

    def _runs_in_event_loop(self, small: bool) -> bool:
        """Return whether *small* batches are signed in the loop: HMAC yes, RSA no."""
        return small and not self._sync._backend.is_application

    def __repr__(self) -> str:
        return f"<async {self._sync!r}>"

    def __str__(self) -> str:
        return str(self._sync)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AsyncProxy):
            return bool(self._sync == other._sync)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._sync)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} belongs to a client and cannot be pickled or copied"
        )


class _Replaced:
    """The replacement for a member that only synchronous clients have."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        _use_instead(owner, self._name)


#: What to use instead of members that only synchronous clients have.
_INSTEAD = {
    "close": "await client.aclose()",
    "__enter__": "async with",
    "__exit__": "async with",
}


def _use_instead(owner: type, name: str) -> NoReturn:
    raise AttributeError(
        f"{owner.__name__!r} has no attribute {name!r}: use {_INSTEAD[name]!r}"
    )


class AsyncClient(AsyncProxy):
    """Base class of asyncio clients; owns the threads of the client."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker would accept any name

        def __getattr__(self, name: str) -> NoReturn:
            if name in _INSTEAD:  # Python calls this after the error of _Replaced
                _use_instead(type(self), name)
            raise_no_attribute(self, name)

    def _start(self, sync: Client, options: Options) -> Self:
        super().__init__(sync, ThreadExecutor(options.get("pool_size", POOL_SIZE)))
        return self

    def with_options(self, **limits: Unpack[Limits]) -> Self:
        """Return a client with other limits that shares the connections and threads.

        *timeout* is the limit in seconds for a whole call, including retries and waits.
        *read_timeout* is the limit in seconds for a single read. *retries* is the maximum
        number of retries::

            await tb.with_options(timeout=60, retries=0).archives.get(archive_id)

        Limits that are omitted or None do not change. Raises ``InvalidInputError`` for an
        invalid limit.
        """
        client = type(self).__new__(type(self))
        AsyncProxy.__init__(client, self._sync.with_options(**limits), self._executor)
        return client

    async def aclose(self) -> None:
        """Close the connections, wipe the key, and wait for running calls.

        Can be called more than once. On a client returned by ``with_options`` it does
        nothing.
        """
        self._sync.close()
        if not self._sync._borrowed:
            await self._executor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


# Set outside of the class body, where type checkers would accept these members.
for _name in _INSTEAD:
    setattr(AsyncClient, _name, _Replaced(_name))
