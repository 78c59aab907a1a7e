"""The compiled extensions are hardened, as far as the compiler that is used can."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tokbox import _arrow, _capsules, _csv, _fastsign, _memory

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about ELF files"),
    pytest.mark.skipif(not shutil.which("readelf"), reason="readelf is not installed"),
]


def read(what: str, path: str | None) -> str:
    assert path
    command = ["readelf", "--wide", what, path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


every = pytest.mark.parametrize(
    "module", [_memory, _arrow, _capsules, _csv, _fastsign], ids=lambda m: m.__name__
)


@every
def test_pointers_to_other_libraries_are_read_only_after_loading(module):
    assert "GNU_RELRO" in read("--program-headers", module.__file__)
    assert "BIND_NOW" in read("--dynamic", module.__file__)


@every
def test_nothing_that_can_be_written_can_be_executed(module):
    lines = read("--program-headers", module.__file__).splitlines()
    segments = [
        line.split() for line in lines if line.strip().startswith(("LOAD", "GNU_ST"))
    ]
    assert "GNU_STACK" in [segment[0] for segment in segments]
    # Between the addresses and sizes, and the alignment.
    allowed = [set("".join(segment[6:-1])) for segment in segments]
    assert {"R"} in allowed
    assert {"R", "E"} in allowed
    assert not [flags for flags in allowed if flags >= {"W", "E"}]


def test_the_core_is_built_with_a_stack_protector():
    assert "__stack_chk_fail" in read("--dyn-syms", _fastsign.__file__)
