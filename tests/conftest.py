"""What holds for every test."""

from __future__ import annotations

import signal

import pytest

from tests.support.canaries import Canaries


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Canaries(), "canaries")
    # Shells start what is to run in the background with SIGINT ignored, and so would be
    # the processes that tests of Ctrl-C start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
