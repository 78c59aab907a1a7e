"""The next step, while the last one is still being used."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tokbox.cli.common.prefetch import map_in_order, prefetch


def test_items_come_in_order() -> None:
    assert list(prefetch(iter(range(100)))) == list(range(100))
    assert list(prefetch(iter(()))) == []


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    found = prefetch(items())
    assert next(found) == 1
    assert made.wait(60)
    assert list(found) == [2]


def test_no_more_is_made_than_was_agreed() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    for i in prefetch(items(), max_items=2):
        # One is used, two wait, and one is being made.
        assert len(made) <= i + 4


def test_errors_are_raised_after_the_finished_items() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("x")

    found = prefetch(items())
    assert next(found) == 1
    with pytest.raises(LookupError, match="x"):
        next(found)


def test_stopping_early_closes_the_source_in_its_own_thread() -> None:
    closed: list[str] = []

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    outer = prefetch(prefetch(items()))
    assert next(outer) == 1
    outer.close()
    assert closed == ["tokbox-prefetch"]
    assert "tokbox-prefetch" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_their_items(threads: int) -> None:
    found = map_in_order(lambda i: -i, iter(range(100)), threads)
    assert list(found) == [(i, -i) for i in range(100)]
    assert list(map_in_order(str, iter(()), threads)) == []


def test_as_many_items_are_worked_on_at_once_as_there_are_threads() -> None:
    together = threading.Barrier(3)
    found = map_in_order(lambda _: together.wait(60) >= 0, range(6), 3)
    assert [result for _, result in found] == [True] * 6


def test_no_more_items_wait_than_there_are_threads() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    for i, _ in map_in_order(str, items(), 2):
        assert len(taken) <= i + 3


def test_the_error_of_an_item_is_raised_in_its_turn() -> None:
    found = map_in_order(lambda i: 1 // i, [2, 1, 0, 1, 1, 1, 1], 2)
    assert [next(found), next(found)] == [(2, 0), (1, 1)]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_stopping_early_waits_for_started_items() -> None:
    found = map_in_order(str, range(100), 2)
    assert next(found) == (0, "0")
    found.close()
    assert not [thread for thread in threading.enumerate() if "tokbox" in thread.name]
