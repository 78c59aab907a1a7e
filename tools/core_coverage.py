"""Count which lines of the C core its tests run: ``make coverage``.

    python -m tools.core_coverage

Builds the core with gcov's counters and runs ``tests/kernels`` on it. Prints, for each
file, the lines that nothing ran; fails if fewer than ``FLOOR`` percent were run. What the
compiler leaves out of this machine's build (another processor's kernels) is not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
KERNELS = ROOT / "src" / "kernels"
#: Percent of lines.
FLOOR = 98.0


def counted(folder: Path) -> dict[str, dict[int, int]]:
    """Return how often each line of each file of the core was run."""
    command = ["gcov", "--json-format", "--stdout", *map(str, folder.glob("*.gcda"))]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for line in done.stdout.splitlines():
        for file in json.loads(line)["files"]:
            path = Path(folder, file["file"]).resolve()
            if path.parent == KERNELS:
                for entry in file["lines"]:
                    counts[path.name][entry["line_number"]] += entry["count"]
    return counts


def spans(lines: list[int]) -> str:
    """Return line numbers as people write them: ``3, 7-9``."""
    found: list[list[int]] = []
    for line in sorted(lines):
        if found and found[-1][1] == line - 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pytest", "-q", "tests/kernels", "-k", "coverage"]
        environment = {**os.environ, "TOKBOX_COUNT_IN": scratch}
        tested = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if tested.returncode:
            raise SystemExit(tested.returncode)
        counts = counted(Path(scratch))
    ran = total = 0
    for name, lines in sorted(counts.items()):
        missed = [line for line, count in lines.items() if not count]
        ran += len(lines) - len(missed)
        total += len(lines)
        percent = 100 * (len(lines) - len(missed)) / len(lines)
        print(f"{name:20} {percent:6.1f} %  {spans(missed)}")
    percent = 100 * ran / total
    print(f"{'C core':20} {percent:6.1f} %  of {total} lines")
    if percent < FLOOR:
        raise SystemExit(f"fewer than {FLOOR} % of the lines are run")


if __name__ == "__main__":
    main()
