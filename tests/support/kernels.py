"""The compiled kernels, and the mark of tests that run on each of them."""

from __future__ import annotations

import pytest

from tokbox import _fastsign

__all__ = ["COMPILED", "USABLE", "every_kernel"]

_ROWS = _fastsign.kernels()["sha1"]
#: The names of all kernels that were compiled, best first.
COMPILED = [row["name"] for row in _ROWS]
#: The kernels that this processor can run.
USABLE = [row["name"] for row in _ROWS if row["usable"]]

#: For tests that sign, hash or verify, and only for them.
every_kernel = pytest.mark.usefixtures("kernel")
