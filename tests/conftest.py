"""What holds for every test."""

from __future__ import annotations

import pytest

from tests.canaries import Canaries


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Canaries(), "canaries")
