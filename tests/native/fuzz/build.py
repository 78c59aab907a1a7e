"""Build the fuzzers of the C core."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.native.kernels.variants import KERNELS

HERE = Path(__file__).parent
C_FUZZERS = ["base64", "quote", "session", "verify", "rows", "csv"]


def build(folder: Path, compiler: list[str], *more: Path) -> dict[str, Path]:
    """Compile the kernels, all fuzzers and *more* sources; return the programs by name."""
    compiler = [*compiler, "-std=gnu11", f"-I{KERNELS}", f"-I{HERE}"]
    core = []
    for source in sorted(KERNELS.rglob("*.c")):
        core.append(str(folder / f"{source.stem}.o"))
        _check([*compiler, "-c", str(source), "-o", core[-1]])
    programs = {}
    for name in C_FUZZERS:
        programs[name] = folder / f"fuzz-{name}"
        sources = [str(HERE / f"{name}.c"), *map(str, more), *core]
        _check([*compiler, *sources, "-pthread", "-o", str(programs[name])])
    return programs


def _check(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-8000:]}")
