"""Workers and pages without Python, in every variant."""

from __future__ import annotations

import sys

import pytest

from tests.native.kernels.variants import hexed


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize(("n", "ready"), [(0, 0), (1, 0), (1, 1), (100, 0), (100, 63)])
def test_a_stopped_pool_starts_no_more_work(harness, workers, n, ready):
    answers = harness.ask(f"pool {n} {slice} {ready} {workers}" for slice in (1, 7, 1000))
    assert answers == ["1" * ready + "0" * (n - ready)] * 3


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000])
def test_prefaulting_keeps_the_content_of_memory(harness, size):
    held = hexed(bytes(range(1, 251)) * (size // 250) + bytes(size % 250))
    assert harness.ask([f"touch {held}"]) == [held]


def test_time_passes_in_a_pause(harness):
    assert harness.ask(["pause"]) == ["1"]


def test_huge_pages_are_advised_where_the_system_has_them(harness):
    assert harness.ask(["advise 0"]) in (["advised"], ["none"])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone prefaults memory")
def test_huge_pages_are_used_while_they_are_cheaper(harness):
    systems = [
        *("used", "refused", "cheap", "cheap"),
        # After a failure, the next call does not try.
        *("dear", "cheap", "cheap"),
        # After another one, the next three do not.
        *("dear", "cheap", "dear", "cheap", "cheap", "cheap", "cheap"),
    ]
    answers = harness.ask(f"fresh 40000000 {system}" for system in systems)
    assert answers == [
        *("ordinary", "ordinary", "ordinary", "huge"),
        *("gave up", "ordinary", "huge"),
        *("gave up", "ordinary", "gave up", "ordinary", "ordinary", "ordinary", "huge"),
    ]
    assert harness.ask(["fresh 30000000 cheap"]) == ["ordinary"]


def test_refused_advice_is_not_an_error(harness):
    assert harness.ask(["advise 1"] * 3) == ["none"] * 3
