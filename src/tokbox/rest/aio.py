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
from typing import TYPE_CHECKING, Any

from tokbox.rest.client import DEFAULT_URL, Tokbox
from tokbox.rest.offload import Offload
from tokbox.rest.options import POOL_SIZE
from tokbox.rest.resources import Resources
from tokbox.rest.sessions import Session
from tokbox.rest.twins import derive

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from tokbox.rest.options import Options

__all__ = ["AsyncSession", "AsyncTokbox"]

AsyncSession = derive(Session)


class AsyncTokbox(derive(Tokbox)):  # type: ignore[misc]
    """Reach one project as :class:`~tokbox.rest.client.Tokbox` does, without blocking.

    Calls run in threads of the client's own, at most ``pool_size`` at a time; the
    deadline of a call begins with its turn. So do ``tokens``, ``token_batch``,
    ``sign_rows`` and ``verify_many``; what takes microseconds is called as it is:
    ``session.token()``, ``tb.verify()``, ``tb.session()``.

    To cancel an await returns at once. A call whose turn had not come is not made; one
    that is under way cannot be taken back, so what it creates may exist, but it is not
    tried again. ``aclose()`` (or leaving ``async with``) waits for calls under way, none
    of which outlives its deadline.
    """

    __slots__ = ()

    def __init__(
        self,
        api_key: str,
        secret: str,
        api_url: str = DEFAULT_URL,
        **options: Unpack[Options],
    ) -> None:
        try:
            sync = Tokbox(api_key, secret, api_url, **options)
        finally:
            # What fails would show it in a traceback that prints locals.
            del secret
        super().__init__(sync, Offload(options.get("pool_size", POOL_SIZE)))

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]
    ) -> Self:
        """Make a client of what the environment says; see ``Tokbox.from_env``."""
        return cls._of(Tokbox.from_env(environ, **options), options)

    @classmethod
    def _of(cls, sync: Tokbox, options: Options) -> Self:
        return cls._with(sync, Offload(options.get("pool_size", POOL_SIZE)))

    @classmethod
    def _with(cls, sync: Tokbox, offload: Offload) -> Self:
        client = cls.__new__(cls)
        client._sync = sync
        client._offload = offload
        return client

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retries: int | None = None,
        deadline: float | None = None,
    ) -> Self:
        """Return a client with other limits, over the same connections and threads."""
        sync = self._sync.with_options(timeout=timeout, retries=retries, deadline=deadline)
        return self._with(sync, self._offload)

    async def aclose(self) -> None:
        """Close the connections, wipe the key, and wait for calls under way.

        May be repeated; of a client that ``with_options`` made it does nothing.
        """
        self._sync.close()
        if not self._sync._borrowed:
            await self._offload.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    close = None  # there is aclose()


def __getattr__(name: str) -> Any:
    """Find ``AsyncArchives`` and its kin, for those who name them in annotations."""
    for noun, resource in vars(Resources).items():
        if isinstance(resource, property):
            kind = resource.fget.__annotations__["return"]
            if name == f"Async{kind}":
                module = import_module(f"tokbox.rest.{noun}")
                return derive(getattr(module, kind))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
