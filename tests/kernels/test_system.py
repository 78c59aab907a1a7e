"""Workers and pages without Python, in every variant."""

from __future__ import annotations

import pytest

from .variants import hexed


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize(("n", "ready"), [(0, 0), (1, 0), (1, 1), (100, 0), (100, 63)])
def test_a_crew_that_was_stopped_takes_nothing_more(harness, workers, n, ready):
    answers = harness.ask(f"crew {n} {slice} {ready} {workers}" for slice in (1, 7, 1000))
    assert answers == ["1" * ready + "0" * (n - ready)] * 3


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000])
def test_memory_whose_pages_were_asked_for_holds_what_it_held(harness, size):
    held = hexed(bytes(range(1, 251)) * (size // 250) + bytes(size % 250))
    assert harness.ask([f"touch {held}"]) == [held]


def test_time_passes_in_a_pause(harness):
    assert harness.ask(["pause"]) == ["1"]


@pytest.mark.parametrize("size", [4096, 1 << 20])
def test_ordinary_pages_are_there(harness, size):
    assert harness.ask([f"pages {size}"]) == ["pages"]


def test_where_the_system_has_no_more_pages_there_are_none(harness):
    assert harness.ask([f"pages {1 << 62}", "pages 0"]) == ["none"] * 2


def test_a_huge_page_is_there_or_is_not(harness):
    assert harness.ask(["huge 0"]) in (["page"], ["none"])


def test_where_the_system_knows_no_huge_pages_there_is_none(harness):
    assert harness.ask(["huge 1"] * 3) == ["none"] * 3


def test_functions_are_known_by_the_library_that_they_are_in(harness):
    if "-static" in harness.variant.flags:
        pytest.skip("there are no libraries in it")
    assert harness.ask(["libraries"]) == ["10"]
