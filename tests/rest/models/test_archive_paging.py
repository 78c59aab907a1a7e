"""Paging through archives, while they come and go."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import FOREIGN, answers
from tests.support.rest import Make
from tokbox import errors
from tokbox.transport import Request, Response


class Shelf:
    """Archives as the service lists them, newest first, while they come and go."""

    def __init__(self, count: int) -> None:
        self.ids = [f"a{number}" for number in range(count)]
        self.before_page: dict[int, Callable[[], None]] = {}
        self.pages = 0

    def __call__(self, request: Request) -> Response:
        self.before_page.get(self.pages, lambda: None)()
        self.pages += 1
        query = parse_qs(urlsplit(request.url).query)
        offset, count = int(query["offset"][0]), int(query["count"][0])
        items = [{**STARTED, "id": each} for each in self.ids[offset : offset + count]]
        return answers({"count": len(self.ids), "items": items})


def read(make: Make, shelf: Shelf, page_size: int) -> list[str]:
    tb, _ = make(shelf)
    return [archive.id for archive in tb.archives.iter(page_size=page_size)]


@pytest.mark.trap(80)
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
def test_iter_reads_every_page(count: int, make: Make) -> None:
    shelf = Shelf(count)
    expected = list(shelf.ids)
    assert read(make, shelf, 10) == expected
    assert shelf.pages == max(1, -(-count // 10))


def test_iter_asks_only_when_it_needs_more(make: Make) -> None:
    shelf = Shelf(25)
    archives = make(shelf)[0].archives.iter(page_size=10)
    assert shelf.pages == 0
    for _ in range(10):
        next(archives)
    assert shelf.pages == 1


def test_iter_gives_none_twice_when_newer_ones_come(make: Make) -> None:
    shelf = Shelf(30)
    expected = list(shelf.ids)
    shelf.before_page[1] = lambda: shelf.ids.insert(0, "new1")
    shelf.before_page[2] = lambda: shelf.ids.insert(0, "new2")
    assert read(make, shelf, 10) == expected


def test_iter_passes_a_whole_page_of_newer_ones(make: Make) -> None:
    shelf = Shelf(6)
    expected = list(shelf.ids)
    shelf.before_page[1] = lambda: shelf.ids.__setitem__(slice(0, 0), ["n1", "n2", "n3"])
    found = read(make, shelf, 2)
    assert [each for each in found if each in expected] == expected


def test_iter_leaves_none_out_when_read_ones_go(make: Make) -> None:
    shelf = Shelf(30)
    expected = list(shelf.ids)
    shelf.before_page[1] = lambda: shelf.ids.__delitem__(slice(0, 7))
    assert read(make, shelf, 10) == expected


@pytest.mark.parametrize("page_size", [1, 3, 10, 100])
def test_iter_can_delete_all_that_it_gives(page_size: int, make: Make) -> None:
    shelf = Shelf(30)
    expected = list(shelf.ids)
    seen = []
    for archive in make(shelf)[0].archives.iter(page_size=page_size):
        seen.append(archive.id)
        shelf.ids.remove(archive.id)
    assert seen == expected


def test_iter_does_not_follow_a_list_without_end(make: Make) -> None:
    tb, script = make(answers({"count": 10**9, "items": [STARTED]}))
    with pytest.raises(errors.ProtocolError, match="no new items"):
        list(tb.archives.iter())
    assert len(script.requests) <= 102


def test_iter_checks_its_arguments_at_once(make: Make) -> None:
    tb, _ = make()
    with pytest.raises(errors.InvalidInputError):
        tb.archives.iter(page_size=0)
    with pytest.raises(errors.InvalidInputError):
        tb.archives.iter(FOREIGN)
