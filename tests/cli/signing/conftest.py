"""One process, whose forks run the commands that tests kill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.forked import forks


@pytest.fixture(scope="session", autouse=True)
def prepared_process() -> Iterator[None]:
    with forks():
        yield
