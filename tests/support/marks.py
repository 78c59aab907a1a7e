"""Write the trap numbers of all tests to a file: ``python -m tests.support.marks FILE``.

The file is JSON: lists of numbers by the names of tests. The tests are collected, because
some of them have their marks from tables.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import pytest


class Traps:
    """A plugin that notes the marks of all tests."""

    def __init__(self) -> None:
        self.found: dict[str, set[int]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("trap"):
                self.found[name].update(mark.args)


if __name__ == "__main__":
    traps = Traps()
    # Collecting all files is slow, and few of them have such marks, or are in the table.
    table = Path("docs/traps.md").read_text("utf-8")
    paths = sorted(Path("tests").rglob("test_*.py"))
    files = [str(p) for p in paths if str(p) in table or "trap(" in p.read_text("utf-8")]
    status = pytest.main(["--collect-only", "-qq", *files], plugins=[traps])
    if status is pytest.ExitCode.OK:
        numbers = {name: sorted(found) for name, found in traps.found.items()}
        Path(sys.argv[1]).write_text(json.dumps(numbers), encoding="utf-8")
    sys.exit(status)
