"""Paginated lists, and iterators over all of their items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from tokbox.errors import ProtocolError
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.readonly import ReadOnlyDict
from tokbox.rest.models.base import Entity
from tokbox.secrecy import safe_repr, strip_traceback

__all__ = ["MAX_OFFSET", "MAX_PAGE_SIZE", "Page", "iter_list", "iter_pages"]

#: The maximum page size of the service, and the maximum offset of a page.
MAX_PAGE_SIZE = 1000
MAX_OFFSET = 2**31 - 1
#: After this many pages in a row without a new item, a list is considered endless.
_STALE_PAGES = 100

_T = TypeVar("_T", bound=Entity)


@set_module("tokbox.types")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class Page(PickledByName, Sequence[_T]):
    """One page of a list, with the total number of items."""

    items: tuple[_T, ...]
    #: The number of all matching items, not only those on this page.
    total: int
    #: The number of items before this page.
    offset: int = 0
    #: Unknown properties of the list, by the service's names.
    unknown: Mapping[str, Any] = field(default_factory=ReadOnlyDict, hash=False, repr=False)
    #: The list as the service sent it; read-only. It is empty if the response was a JSON
    #: array. In that case each item has its own ``raw``.
    raw: Mapping[str, Any] = field(default_factory=ReadOnlyDict, compare=False, repr=False)
    #: The ID of the request, for Vonage support. None if the response has none.
    request_id: str | None = field(default=None, compare=False, repr=False)

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_T, ...]: ...
    def __getitem__(self, index: int | slice) -> _T | tuple[_T, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def to_dict(self, *, secrets: bool = True) -> dict[str, Any]:
        """Return ``items``, ``total``, ``offset`` and ``unknown``, ready for JSON.

        With *secrets* false, the items contain only what is in their repr, and ``unknown``
        is left out, so the result can be logged.
        """
        shown: dict[str, Any] = {
            "items": [item.to_dict(secrets=secrets) for item in self.items],
            "total": self.total,
            "offset": self.offset,
        }
        return {**shown, "unknown": dict(self.unknown)} if secrets else shown


@strip_traceback
def iter_list(fetch: Callable[[], Page[_T]]) -> Iterator[_T]:
    """Yield all items of an unpaginated list, requested at the first item."""
    yield from fetch()


@strip_traceback
def iter_pages(
    fetch: Callable[[int, int], Page[_T]], page_size: int, path: str
) -> Iterator[_T]:
    """Yield all items of a list, newest first, one page at a time.

    *fetch* accepts an offset and a count. The iteration is safe if items are added or
    deleted meanwhile: no item is returned twice, and an item that exists during the whole
    iteration is always returned. Raises ``ProtocolError`` for an endless list.
    """
    seen: set[str] = set()
    offset = 0
    total: int | None = None
    stale = 0
    while True:
        page = fetch(offset, page_size)
        gone = 0 if total is None else total - page.total
        total = page.total
        fresh = [item for item in page if item.id not in seen]
        if gone > 0:
            # As many items may have moved from this page to earlier ones, so read those
            # first to keep the order.
            fresh = []
            offset = max(0, offset - gone)
        stale = 0 if fresh else stale + 1
        for item in fresh:
            seen.add(item.id)
            yield item
        if gone <= 0:
            offset += len(page)
            if not page or offset >= total:
                return
        if stale >= _STALE_PAGES:
            problem = f"{stale} pages in a row had no new items"
            raise ProtocolError(problem, method="GET", path=path)
