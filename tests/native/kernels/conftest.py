from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.native.kernels.variants import COUNT_IN, COUNTING, VARIANTS, Harness


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a variant in one process of pytest-xdist, which builds it once."""
    for item in items:
        if isinstance(item, pytest.Function) and "harness" in item.fixturenames:
            variant = item.callspec.params["harness"]
            item.add_marker(pytest.mark.xdist_group(variant.name))


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
