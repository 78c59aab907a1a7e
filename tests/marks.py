"""Which traps the tests are marked with: ``python -m tests.marks FILE`` writes them there.

As JSON: the numbers by the names of tests. Only collecting them tells, since some have
their marks from tables.
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
    status = pytest.main(["--collect-only", "-qq", "tests"], plugins=[traps])
    if status is pytest.ExitCode.OK:
        numbers = {name: sorted(found) for name, found in traps.found.items()}
        Path(sys.argv[1]).write_text(json.dumps(numbers), encoding="utf-8")
    sys.exit(status)
