"""Search all output of the tests for secrets.

Every secret of a test begins with a canary. Printed text, log records, captured output and
the output of child processes are searched for it. A test with a canary in its output fails.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ["CANARIES", "Canaries"]

#: The prefixes of secrets: those of projects, proxies and webhooks.
CANARIES = ("canary0secret", "canary0proxy", "canary0webhook")


def found(text: str | bytes | None) -> list[str]:
    """Return the canaries in *text*."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return [canary for canary in CANARIES if text and canary in text]


class Canaries:
    """Check the output of the whole test run."""

    def __init__(self) -> None:
        #: The places where a canary was found in the output of the current test.
        self._seen: list[str] = []

    def look(self, where: str, text: str | bytes | None) -> None:
        """Note the canaries in *text*, which was seen somewhere."""
        self._seen += [f"{canary} in {where}" for canary in found(text)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self._listen(patch)
            return (yield)

    def _listen(self, patch: pytest.MonkeyPatch) -> None:
        """Look at what tests read themselves, which pytest then no longer sees."""
        readouterr = pytest.CaptureFixture.readouterr
        communicate = subprocess.Popen.communicate

        def read(capture: pytest.CaptureFixture[Any]) -> Any:
            said = readouterr(capture)
            self.look("captured stdout", said.out)
            self.look("captured stderr", said.err)
            return said

        def hear(process: subprocess.Popen[Any], *args: Any, **options: Any) -> Any:
            out, err = communicate(process, *args, **options)
            self.look("stdout of a process", out)
            self.look("stderr of a process", err)
            return out, err

        patch.setattr(pytest.CaptureFixture, "readouterr", read)
        patch.setattr(subprocess.Popen, "communicate", hear)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        report: Any = yield
        self.look("the name of the test", item.nodeid)
        # The sections of one phase are there again in the next.
        for name, text in report.sections:
            if name.endswith(report.when):
                self.look(name, text)
        seen, self._seen = self._seen, []
        if seen and report.passed:
            report.outcome = "failed"
            report.longrepr = f"a secret is shown: {', '.join(sorted(set(seen)))}"
        return report
