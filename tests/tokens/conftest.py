"""Everything in this folder runs once for each compiled kernel."""

from __future__ import annotations

import pytest

from tokbox import _fastsign
from tokbox.tokens import signer

KERNELS = [row["name"] for row in _fastsign.kernels()["sha1"]]
USABLE = {row["name"] for row in _fastsign.kernels()["sha1"] if row["usable"]}


@pytest.fixture(params=KERNELS, autouse=True)
def kernel(request: pytest.FixtureRequest):
    """Make keys with this kernel, if the CPU has what it needs."""
    if request.param not in USABLE:
        pytest.skip(f"this CPU lacks what kernel {request.param} needs")
    _fastsign.select_kernel(request.param)
    yield request.param
    _fastsign.select_kernel(None)


@pytest.fixture
def asked_threads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """What signers are asked for threads, which are one in any case: (n, multithread)."""
    asked = []

    def threads(n: int, multithread: bool, worth_one: int) -> int:
        asked.append((n, multithread))
        return 1

    monkeypatch.setattr(signer, "threads_for", threads)
    return asked
