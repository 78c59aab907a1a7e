"""Fixtures of the token tests.

Tests that sign, hash or verify run on each kernel that this processor can run: they ask for
the fixture ``kernel``, or are marked with ``tests.support.kernels.every_kernel``. All
others run once.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.kernels import USABLE
from tokbox import _fastsign
from tokbox.tokens import backend


@pytest.fixture(params=USABLE)
def kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    """Make keys with this kernel."""
    _fastsign.select_kernel(request.param)
    yield request.param
    _fastsign.select_kernel(None)


@pytest.fixture
def asked_threads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Make signers use one thread; return the (n, multithread) of each call."""
    asked = []

    def threads(n: int, multithread: bool, threshold: int) -> int:
        asked.append((n, multithread))
        return 1

    monkeypatch.setattr(backend, "threads_for", threads)
    return asked
