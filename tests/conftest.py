"""Plugins for all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add the reasons of skipped tests to a file, which .ci/run prints at its end."""
    if file := os.environ.get("TOKBOX_SKIPPED"):
        reasons = {
            report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())
        }
        with Path(file).open("a", encoding="utf-8") as log:
            log.writelines(
                f"{reason.removeprefix('Skipped: ')}\n" for reason in sorted(reasons)
            )
