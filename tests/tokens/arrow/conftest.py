"""Fixtures of the tests with Arrow data."""

from __future__ import annotations

import gc

import pytest

from tokbox._arrow import imported_structs


@pytest.fixture(autouse=True)
def nothing_held() -> None:
    """Free the structs of earlier tests that only the garbage collector can free."""
    if imported_structs():
        gc.collect()
