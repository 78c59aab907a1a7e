"""Run a fuzz target with atheris: ``python -m tests.native.fuzz.drive NAME [LIBFUZZER
OPTIONS]``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tokbox", "tests.native.fuzz.targets"]):
    from tests.native.fuzz.targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
