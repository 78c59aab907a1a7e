"""The next step, while the last one is still being used."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tokbox.cli.tables.ahead import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter(()))) == []


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    found = ahead(items())
    assert next(found) == 1
    assert made.wait(60)
    assert list(found) == [2]


def test_no_more_is_made_than_was_agreed() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    for i in ahead(items(), most=2):
        # One is used, two wait, and one is being made.
        assert len(made) <= i + 4


def test_what_is_raised_is_raised_here_after_what_was_made() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("x")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(LookupError, match="x"):
        next(found)


def test_who_stops_early_closes_the_source_in_its_own_thread() -> None:
    closed: list[str] = []

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    outer = ahead(ahead(items()))
    assert next(outer) == 1
    outer.close()
    assert closed == ["tokbox-ahead"]
    assert "tokbox-ahead" not in [thread.name for thread in threading.enumerate()]
