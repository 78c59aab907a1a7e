"""The kernels on which tests of signing, hashing and verifying run."""

from __future__ import annotations

import pytest

from tests.support.kernels import COMPILED, USABLE
from tokbox import _fastsign


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_kernel_is_tested(name: str) -> None:
    if name not in USABLE:
        pytest.skip(f"this processor cannot run the kernel {name}: no test here runs on it")
    _fastsign.select_kernel(name)
    _fastsign.select_kernel(None)


def test_the_portable_kernel_is_always_tested() -> None:
    assert "portable" in USABLE
