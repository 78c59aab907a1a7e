"""Memory that fails, and memory that is given back: each operation in its own process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.memory.operations import OPERATIONS

HERE = Path(__file__).parent
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """The path of failing.c as a shared object."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not compiler or not sys.platform.startswith("linux"):
        pytest.skip("malloc is replaced with a C compiler and glibc only")
    path = tmp_path_factory.mktemp("failing") / "failing.so"
    # Its malloc is called by what this would turn into calls of itself.
    options = ["-O1", "-fno-builtin", "-shared", "-fPIC", "-std=gnu11", "-o", str(path)]
    done = subprocess.run(
        [compiler, *options, str(HERE / "failing.c"), "-ldl"],
        capture_output=True,
        text=True,
    )
    if "__libc_malloc" in done.stderr:
        pytest.skip("malloc is replaced with glibc only")
    assert done.returncode == 0, done.stderr
    return path


def starve(how: str, operation: str, preload: Path) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "tests.native.memory.starve",
        how,
        operation,
    ]
    environment = {**os.environ, "LD_PRELOAD": str(preload)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-8000:]


@each_operation
def test_every_allocation_of_cpython_may_fail(failing, operation):
    pytest.importorskip("_testcapi")
    starve("python", operation, failing)


@each_operation
def test_every_allocation_of_the_core_may_fail(failing, operation):
    starve("c", operation, failing)


@pytest.mark.parametrize("operation", ["tokens", "sign_rows_jwt", "verify_batch"])
def test_without_threads_one_does_all_the_work(failing, operation):
    starve("threads", operation, failing)


@each_operation
def test_nothing_is_held_on_to(failing, operation):
    starve("repeat", operation, failing)
