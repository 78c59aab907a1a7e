"""Count which lines of the C core its tests run: ``make coverage``.

    python -m tools.core_coverage

Builds the core with gcov's counters and runs ``tests/native/kernels`` on it. Prints, for
each file, the lines that nothing ran; fails if there are any. Two things are not counted:
what the compiler leaves out of this machine's build (another processor's kernels), and
kernels that this processor cannot run, which are named; other variants of the same
tests run both, emulated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
KERNELS = ROOT / "src" / "kernels"

#: How often each line of each file was run.
Counts = dict[str, dict[int, int]]


def unable(rows: str) -> list[str]:
    """Return the names of backends that this CPU cannot run.

    *rows* is the harness's output of the command of that name.
    """
    states = (row.split(":") for row in rows.split())
    return sorted({name for _, name, state, *_ in states if state == "0"})


def is_of(unit: str, rows: Iterable[str]) -> bool:
    """Say if a compiled file holds a kernel of one of these rows: ``sha1_ni``, sha-ni."""
    return any(unit.endswith("_" + name.removeprefix("sha-")) for name in rows)


def counted(folder: Path, leave_out: Iterable[str]) -> Counts:
    """Return what the build in *folder* counted, but in kernels of the rows *leave_out*."""
    files = [file for file in folder.glob("*.gcda") if not is_of(file.stem, leave_out)]
    command = ["gcov", "--json-format", "--stdout", *map(str, files)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    counts: Counts = defaultdict(lambda: defaultdict(int))
    for line in done.stdout.splitlines():
        for file in json.loads(line)["files"]:
            path = Path(folder, file["file"]).resolve()
            if KERNELS in path.parents:
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


def report(counts: Counts) -> bool:
    """Print the coverage of each file; return whether all lines were run."""
    ran = total = 0
    for name, lines in sorted(counts.items()):
        missed = [line for line, count in lines.items() if not count]
        ran += len(lines) - len(missed)
        total += len(lines)
        percent = 100 * (len(lines) - len(missed)) / len(lines)
        print(f"{name:20} {percent:6.1f} %  {spans(missed)}".rstrip())
    print(f"{'C core':20} {100 * ran / max(total, 1):6.1f} %  of {total} lines")
    return 0 < ran == total


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        tests = ["-p", "no:randomly", "tests/native/kernels", "-k", "coverage"]
        command = [sys.executable, "-m", "pytest", "-q", *tests]
        environment = {**os.environ, "TOKBOX_COUNT_IN": scratch}
        tested = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if tested.returncode:
            raise SystemExit(tested.returncode)
        asked = subprocess.run(
            [Path(scratch, "harness")],
            input="rows\n",
            check=True,
            capture_output=True,
            text=True,
        )
        absent = unable(asked.stdout)
        counts = counted(Path(scratch), absent)
    whole = report(counts)
    if absent:
        print(f"not counted: kernels that this processor cannot run: {', '.join(absent)}")
    if not whole:
        raise SystemExit("there are lines that no test runs")


if __name__ == "__main__":
    main()
