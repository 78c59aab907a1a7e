"""All seeds of the fuzzers, and all inputs that they once found, pass."""

from __future__ import annotations

import subprocess

import pytest

from tests.native.fuzz import seeds
from tests.native.fuzz.build import C_FUZZERS, HERE, build
from tests.native.fuzz.targets import TARGETS
from tests.native.kernels.variants import VARIANTS
from tests.support.shared import filled_once

ASAN = next(variant for variant in VARIANTS if variant.name == "asan")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    def compile_all(folder):
        if missing := ASAN.missing(folder):
            pytest.skip(missing)
        build(folder, ASAN.command(), HERE / "replay.c")

    folder = filled_once(tmp_path_factory, "fuzz", compile_all)
    return {name: folder / f"fuzz-{name}" for name in C_FUZZERS}


@pytest.mark.parametrize("name", C_FUZZERS)
def test_the_core_keeps_its_promises(programs, name, tmp_path):
    files = seeds.write(name, tmp_path / "seeds")
    done = subprocess.run(
        [programs[name], *files], env=ASAN.env(), stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stderr[-8000:]
    assert done.stderr.count("\n") == len(files)


@pytest.mark.parametrize("name", TARGETS)
def test_the_python_side_keeps_its_promises(name):
    if name == "arrow":
        pytest.importorskip("pyarrow")
    for data in seeds.inputs(name):
        TARGETS[name](data)


def test_every_fuzzer_has_seeds():
    assert seeds.SEEDS.keys() == {*C_FUZZERS, *TARGETS}
    assert all(seeds.SEEDS.values())
