"""Lists that come in pages, and all of their items one after another."""

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

#: The most items that the service gives at once, and the last place a page may start.
MAX_PAGE_SIZE = 1000
MAX_OFFSET = 2**31 - 1
#: Pages in a row that may bring nothing new before a list is held to be endless.
_STALE_PAGES = 100

_T = TypeVar("_T")
_Item = TypeVar("_Item", bound=Entity)


@set_module("tokbox.types")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class Page(PickledByName, Sequence[_T]):
    """Hold one page of a list, and how many items there are altogether."""

    items: tuple[_T, ...]
    #: All that match, not only those of this page.
    total: int
    #: How many come before this page.
    offset: int = 0
    #: What else the service said of the list, by its own names.
    unknown: Mapping[str, Any] = field(default_factory=ReadOnlyDict, hash=False, repr=False)
    #: The list as the service sent it; read-only. It is empty for a list that came as a
    #: JSON array: there each item has its own ``raw``.
    raw: Mapping[str, Any] = field(default_factory=ReadOnlyDict, compare=False, repr=False)
    #: The id of the request, for Vonage support. None if the response has none.
    request_id: str | None = field(default=None, compare=False, repr=False)

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_T, ...]: ...
    def __getitem__(self, index: int | slice) -> _T | tuple[_T, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


@strip_traceback
def iter_list(fetch: Callable[[], Page[_T]]) -> Iterator[_T]:
    """Give all items of a list without pages, asked for when the first is needed."""
    yield from fetch()


@strip_traceback
def iter_pages(
    fetch: Callable[[int, int], Page[_Item]], page_size: int, path: str
) -> Iterator[_Item]:
    """Give all items of a list, newest first, a page at a time.

    *fetch* takes an offset and a count. Items may come and go meanwhile, also by the
    hand of whoever iterates: none comes twice, and none that is there all the time is
    left out. Raises ``ProtocolError`` for a list without an end.
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
            # As many may have moved up from this page into those already read, so look
            # there first: what comes must come in order.
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
            problem = f"{stale} pages in a row held nothing new"
            raise ProtocolError(problem, method="GET", path=path)
