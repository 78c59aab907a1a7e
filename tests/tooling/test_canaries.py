"""Tests of the search for secrets in the output of tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

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

#: Code that shows a canary, by the place where it is found.
LEAKS = {
    "Captured stdout call": PRINT,
    "Captured stderr call": TO_STDERR,
    "Captured log call": "logging.getLogger('urllib3').warning('%s', CANARY)",
    "captured stdout": f"{PRINT}; capsys.readouterr()",
    "captured stderr": f"{TO_STDERR}; capsys.readouterr()",
    "stdout of a process": CHILD.format("print", "stdout"),
    "stderr of a process": CHILD.format("exit", "stderr"),
}
NAMED = "@pytest.mark.parametrize('name', [CANARY])\ndef test_named(name):\n    pass\n"
KEPT = "def test_kept():\n    print('nothing', len(CANARY))\n"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run a file of such tests; return why each fails, and nothing for those that pass."""
    folder = tmp_path_factory.mktemp("canaries")
    tests = [
        f"def test_{number}({'capsys' if 'capsys' in leak else ''}):\n    {leak}\n"
        for number, leak in enumerate(LEAKS.values())
    ]
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_it.py").write_text(HEAD + "\n".join([*tests, NAMED, KEPT]))
    options = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    report = folder / "report.xml"
    # Its output is not read, because reading it is listened to.
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", str(folder)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    found = {}
    for case in ET.parse(report).iter("testcase"):
        said = [each.text or "" for each in case if each.tag in ("failure", "error")]
        found[case.attrib["name"]] = "".join(said)
    return found


@pytest.mark.parametrize("where", LEAKS)
def test_a_secret_that_gets_out_fails_its_test(where: str, results: dict[str, str]) -> None:
    said = results[f"test_{[*LEAKS].index(where)}"]
    assert said == f"a secret is shown: {CANARY} in {where}"


def test_a_secret_in_the_name_of_a_test_fails_it(results: dict[str, str]) -> None:
    said = results[f"test_named[{CANARY}]"]
    assert f"a secret is shown: {CANARY} in the name of the test" in said


def test_a_test_that_keeps_its_secret_passes(results: dict[str, str]) -> None:
    assert results["test_kept"] == ""
