"""Plugins for all tests."""

from __future__ import annotations

import signal

import pytest

from tests.support.canaries import Canaries
from tests.support.isolation import Isolation

pytest_plugins = ["pytester"]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Canaries(), "canaries")
    config.pluginmanager.register(Isolation(), "isolation")
    # Shells start background processes with SIGINT ignored, and the processes that tests
    # of Ctrl-C start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
