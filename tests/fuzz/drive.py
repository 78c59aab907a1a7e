"""Let atheris drive a target: ``python -m tests.fuzz.drive NAME [LIBFUZZER OPTIONS]``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tokbox", "tests.fuzz.targets"]):
    from .targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
