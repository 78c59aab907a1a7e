from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.native.kernels.variants import COUNT_IN, COUNTING, VARIANTS, Harness


@pytest.fixture(scope="package", params=VARIANTS, ids=lambda variant: variant.name)
def harness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Harness:
    """The C core without Python, in one variant after another."""
    variant = request.param
    folder = tmp_path_factory.mktemp(variant.name)
    if variant is COUNTING:
        folder = Path(str(COUNT_IN))
    if missing := variant.missing(folder):
        if variant.name in os.environ.get("TOKBOX_REQUIRE", "").split(","):
            pytest.fail(missing)
        pytest.skip(missing)
    return Harness.of(variant, variant.build(folder))
