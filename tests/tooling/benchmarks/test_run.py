"""A run of one file of benchmarks, as ``pytest benchmarks`` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("smoke", [True, False])
def test_a_run_passes_and_measures_unless_it_is_a_smoke_run(tmp_path, smoke):
    file = tmp_path / "results.json"
    options = ["--smoke"] if smoke else ["--scale", "0.0001", f"--benchmark-json={file}"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    # A worker of pytest-xdist would not measure.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "benchmarks/bench_verify.py", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("benchmark 'verifying tokens'" in done.stdout) is not smoke
    if not smoke:
        run = json.loads(file.read_text())
        assert "node" not in run["machine_info"]
        found = {each["param"]: each for each in run["benchmarks"]}
        info = found["verify_many(n)"]["extra_info"]
        assert (info["n"], info["floor"]) == (100, "sign_rows(n)")
        median = found["verify_many(n)"]["stats"]["median"]
        assert info["tokens_per_second"] == pytest.approx(1 / median)
        assert info["ratio_to_floor"] == info["goals"][0]["ratio"]
