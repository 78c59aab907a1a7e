"""Plugins for all tests."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

from tests.support.canaries import Canaries
from tests.support.isolation import Isolation
from tests.support.quick_crypto import skip_repeated_work

pytest_plugins = ["pytester"]
# Now, because the conftest files of subfolders are imported next.
skip_repeated_work()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Canaries(), "canaries")
    config.pluginmanager.register(Isolation(), "isolation")
    # Shells start background processes with SIGINT ignored, and the processes that tests
    # of Ctrl-C start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    # Modules and test items live to the end: no garbage collection has to visit them.
    gc.collect()
    gc.freeze()


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
