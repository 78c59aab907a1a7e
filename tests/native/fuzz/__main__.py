"""Search for inputs that break a guarantee: ``python -m tests.native.fuzz SECONDS``.

The seconds are divided among the fuzzers of the C core (libFuzzer, which needs clang) and
of the Python side (atheris). The corpus is kept in ``build/fuzz/NAME``. The first failure
ends the run and prints its file: move it to ``tests/native/fuzz/found/NAME/``, where it
becomes a test.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.native.fuzz import seeds
from tests.native.fuzz.build import build
from tests.native.fuzz.targets import TARGETS

FOLDER = Path("build", "fuzz")
_FLAGS = ("-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")


def main(seconds: float) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    programs = build(FOLDER, ["clang", *_FLAGS])
    fuzzers = {name: [str(path), "-use_value_profile=1"] for name, path in programs.items()}
    for name in TARGETS:
        fuzzers[name] = [sys.executable, "-m", "tests.native.fuzz.drive", name]
    each = max(1, int(seconds / len(fuzzers)))
    for name, command in fuzzers.items():
        folder = FOLDER / name
        seeds.write(name, folder)
        print(f"{name}: {each} s", flush=True)
        options = [f"-max_total_time={each}", "-max_len=4096", "-print_final_stats=1"]
        options += [f"-artifact_prefix={FOLDER / name}-", "-verbosity=1"]
        log = FOLDER / f"{name}.log"
        with log.open("w") as file:
            done = subprocess.run(
                [*command, *options, str(folder)], stderr=file, check=False
            )
        if done.returncode:
            sys.exit(f"{log.read_text()[-8000:]}\n{name} broke a promise")
        print(
            *(line for line in log.read_text().splitlines() if "DONE" in line), flush=True
        )


if __name__ == "__main__":
    main(float(sys.argv[1]))
