"""The client for asyncio: the same resources, awaited.

::

    async with AsyncTokbox(api_key, secret) as tb:
        session = await tb.new_session()
        token = session.token()
        archive = await session.start_archive(name="weekly")
        async for archive in tb.archives.iter():
            ...

Its methods are derived from those of :class:`~tokbox.rest.client.Tokbox` (see
:mod:`tokbox.rest.twins`); ``aio.pyi`` has their types.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

from tokbox.lazy import set_module
from tokbox.rest.account import Account
from tokbox.rest.base import DEFAULT_URL, VONAGE_URL
from tokbox.rest.client import Tokbox
from tokbox.rest.client_resources import ClientResources
from tokbox.rest.executor import ThreadExecutor
from tokbox.rest.http.options import Limits, Options
from tokbox.rest.sessions import Session
from tokbox.rest.twins import derive
from tokbox.rest.unknown_options import check_names
from tokbox.secrecy import strip_traceback
from tokbox.transport.http_transport import POOL_SIZE

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from tokbox.rest.base import Client
    from tokbox.rest.resources.base import Resource
    from tokbox.tokens.rsa import PrivateKeySource

__all__ = ["AsyncAccount", "AsyncSession", "AsyncTokbox"]

AsyncSession = derive(Session)


class _Replaced:
    """Name what to use in place of a member that only synchronous clients have."""

    def __init__(self, instead: str) -> None:
        self._instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(
            f"{owner.__name__!r} has no attribute {self._name!r}: use {self._instead!r}"
        )


class _Client:
    """What the clients for asyncio have in common."""

    __slots__ = ()

    _sync: Any
    _executor: ThreadExecutor

    close = _Replaced("await client.aclose()")
    __enter__ = _Replaced("async with")
    __exit__ = _Replaced("async with")

    def _start(self, sync: Client, options: Options) -> Self:
        self._sync = sync
        self._executor = ThreadExecutor(options.get("pool_size", POOL_SIZE))
        return self

    def with_options(self, **limits: Unpack[Limits]) -> Self:
        """Return a client with other limits, over the same connections and threads."""
        call = f"{type(self).__name__}.with_options"
        check_names(call, limits, Limits.__annotations__)
        client = type(self).__new__(type(self))
        client._sync = self._sync.with_options(**limits)
        client._executor = self._executor
        return client

    async def aclose(self) -> None:
        """Close the connections, wipe the key, and wait for calls under way.

        May be repeated; of a client that ``with_options`` made it does nothing.
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


@set_module("tokbox")
@strip_traceback
class AsyncTokbox(_Client, derive(Tokbox)):  # type: ignore[misc]
    """Reach one project as :class:`~tokbox.rest.client.Tokbox` does, without blocking.

    Calls run in threads of the client's own, at most ``pool_size`` at a time; the
    timeout of a call begins with its turn. So do ``tokens``, ``token_batch``,
    ``iter_batches``, ``write_tokens``, ``sign_rows`` and ``verify_many``; a ``progress``
    function is called in that thread, so it must not use the loop directly. What takes
    microseconds is called as it is: ``session.token()``, ``tb.verify()``,
    ``tb.session()``. Up to 128 tokens that are signed with an API secret are signed in
    the loop's own thread, which takes less than 0.1 ms; other tasks run before.

    To cancel an await returns at once. A call whose turn had not come is not made; one
    that is under way cannot be taken back, so what it creates may exist, but it is not
    tried again. ``aclose()`` (or leaving ``async with``) waits for calls under way, none
    of which outlives its timeout.
    """

    __slots__ = ()

    def __init__(
        self,
        api_key: str,
        secret: str,
        api_url: str = DEFAULT_URL,
        **options: Unpack[Options],
    ) -> None:
        check_names(type(self).__name__, options, (*Options.__annotations__, "api_url"))
        self._start(Tokbox(api_key, secret, api_url, **options), options)

    @classmethod
    def from_private_key(
        cls,
        application_id: str,
        key: PrivateKeySource,
        api_url: str = VONAGE_URL,
        *,
        password: str | bytes | None = None,
        **options: Unpack[Options],
    ) -> Self:
        """Reach a Vonage application; see ``Tokbox.from_private_key``."""
        accepted = (*Options.__annotations__, "api_url", "password")
        check_names(f"{cls.__name__}.from_private_key", options, accepted)
        sync = Tokbox.from_private_key(
            application_id, key, api_url, password=password, **options
        )
        return cls.__new__(cls)._start(sync, options)

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]
    ) -> Self:
        """Make a client of what the environment says; see ``Tokbox.from_env``."""
        check_names(f"{cls.__name__}.from_env", options, Options.__annotations__)
        return cls.__new__(cls)._start(Tokbox.from_env(environ, **options), options)


@set_module("tokbox")
@strip_traceback
class AsyncAccount(_Client, derive(Account)):  # type: ignore[misc]
    """Reach the projects of an account, as AsyncTokbox reaches one project."""

    __slots__ = ()

    def __init__(
        self,
        account_key: str,
        account_secret: str,
        api_url: str = DEFAULT_URL,
        **options: Unpack[Options],
    ) -> None:
        check_names(type(self).__name__, options, (*Options.__annotations__, "api_url"))
        self._start(Account(account_key, account_secret, api_url, **options), options)


def resources() -> dict[str, type[Resource]]:
    """Return the classes of all that clients reach, by the names of the classes."""
    found = {}
    for noun, member in (*vars(ClientResources).items(), *vars(Account).items()):
        # Every resource has a file of its own; what else is a property has none.
        if isinstance(member, property) and find_spec(f"tokbox.rest.resources.{noun}"):
            name = member.fget.__annotations__["return"]
            found[name] = getattr(import_module(f"tokbox.rest.resources.{noun}"), name)
    return found


def __getattr__(name: str) -> Any:
    """Find ``AsyncArchives`` and its kin, for those who name them in annotations."""
    kind = resources().get(name.removeprefix("Async")) if name.startswith("Async") else None
    if kind is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return derive(kind)
