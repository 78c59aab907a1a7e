from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.native.kernels.variants import COUNT_IN, COUNTING, VARIANTS, Harness
from tests.support.shared import filled_once


@pytest.fixture(scope="package", params=VARIANTS, ids=lambda variant: variant.name)
def harness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Harness:
    """The C core without Python, in one variant after another."""
    variant = request.param

    def build(folder: Path) -> None:
        if missing := variant.missing(folder):
            if variant.name in os.environ.get("TOKBOX_REQUIRE", "").split(","):
                pytest.fail(missing)
            pytest.skip(missing)
        variant.build(folder)

    if variant is COUNTING:  # the counters have the name of this folder
        folder = Path(str(COUNT_IN))
        build(folder)
    else:
        folder = filled_once(tmp_path_factory, variant.name, build)
    return Harness.of(variant, folder / "harness")
