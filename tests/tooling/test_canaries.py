"""The search for secrets finds them, wherever a test lets one out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Not in one piece, or it would be found in what follows, too.
CANARY = "canary0" + "secret"

HEAD = """
import logging, subprocess, sys
import pytest
CANARY = "canary0" + "secret"
"""

PRINT = "print(CANARY)"
TO_STDERR = "print(CANARY, file=sys.stderr)"
CHILD = "subprocess.run([sys.executable, '-c', '{}(\"canary0\" + \"secret\")'], {}=-1)"

#: Where a canary is found, and what lets it out there.
LEAKS = {
    "Captured stdout call": PRINT,
    "Captured stderr call": TO_STDERR,
    "Captured log call": "logging.getLogger('urllib3').warning('%s', CANARY)",
    "captured stdout": f"{PRINT}; capsys.readouterr()",
    "captured stderr": f"{TO_STDERR}; capsys.readouterr()",
    "stdout of a process": CHILD.format("print", "stdout"),
    "stderr of a process": CHILD.format("exit", "stderr"),
}


def run(folder: Path, source: str) -> str:
    """Run a file of tests as those of this folder, and return what pytest says to it."""
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_it.py").write_text(HEAD + source)
    options = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        # Not by communicate(), which is listened to.
        assert child.stdout is not None
        return child.stdout.read()


@pytest.mark.parametrize("where", LEAKS)
def test_a_secret_that_gets_out_fails_its_test(where: str, tmp_path: Path) -> None:
    fixture = "capsys" if "capsys" in LEAKS[where] else ""
    said = run(tmp_path, f"def test_it({fixture}):\n    {LEAKS[where]}\n")
    assert f"a secret is shown: {CANARY} in {where}\n" in said
    assert "1 failed" in said


def test_a_secret_in_the_name_of_a_test_fails_it(tmp_path: Path) -> None:
    mark = "@pytest.mark.parametrize('name', [CANARY])\n"
    said = run(tmp_path, f"{mark}def test_it(name):\n    pass\n")
    assert f"a secret is shown: {CANARY} in the name of the test" in said


def test_a_test_that_keeps_its_secret_passes(tmp_path: Path) -> None:
    said = run(tmp_path, "def test_it():\n    print('nothing', len(CANARY))\n")
    assert "1 passed" in said
    assert "a secret is shown" not in said
