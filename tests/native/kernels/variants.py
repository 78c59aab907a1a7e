"""The ways in which the C core is built and run without Python.

A variant whose tools are missing is skipped, in one sentence; ``TOKBOX_REQUIRE``, a list
of variants' names, turns that into a failure.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KERNELS = HERE.parents[2] / "src" / "kernels"
EMULATED = HERE / "emulated"

#: As setup.py compiles the extension.
_OPTIMIZED = ("-O3",)
#: Inlining stays readable in a report, and loops vectorized by the compiler still occur.
_TRACED = ("-O1", "-g", "-fno-omit-frame-pointer")

#: A secret that decides about a branch or an address is a complaint of memcheck.
_WATCHED = "-DFS_CTGRIND"

_PROBE = """
#include <stdio.h>
#if defined(FS_CTGRIND)
#include <valgrind/memcheck.h>
#endif
int main(void) { return 0; }
"""
_EMULATED_PROBE = f"""
#if !defined(__x86_64__)
#error "the lane kernels are compiled for x86-64 only"
#endif
#include <simde/x86/avx512.h>
{_PROBE}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    name: str
    tools: str  # what it needs, as it is called in Debian
    compiler: str | None = None  # else $CC, or cc
    flags: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    emulated: bool = False  # AVX2 and AVX-512 kernels over SIMDe
    rows: frozenset[str] = frozenset()  # must be usable here, on any machine
    share: int = 1  # this part of the inputs is used: 1 of `share`

    def command(self) -> list[str]:
        compiler = self.compiler or os.environ.get("CC", "cc")
        return [*shlex.split(compiler), "-std=gnu11", *self.flags]

    def build(self, folder: Path) -> Path:
        """Compile the kernels and the harness into *folder*; return the program."""
        wide = set(KERNELS.rglob("*_avx*.c")) if self.emulated else set()
        rest = {*KERNELS.rglob("*.c"), *HERE.glob("*.c")} - wide
        if self.emulated:
            rest = rest - {KERNELS / "system" / "cpu.c"} | {EMULATED / "cpu.c"}
        compile_one = [*self.command(), "-c", f"-I{KERNELS}"]
        commands = []
        for source in sorted(rest | wide):
            # In front of the compiler's own <immintrin.h>.
            shim = [f"-I{EMULATED}"] if source in wide else []
            target = ["-o", str(folder / f"{source.stem}.o")]
            commands.append([*compile_one, *shim, str(source), *target])
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_check, commands))
        objects = [command[-1] for command in commands]
        program = folder / "harness"
        _check([*self.command(), *objects, "-pthread", "-o", str(program)])
        return program

    def missing(self, folder: Path) -> str | None:
        """Say what keeps this machine from it: nothing is judged by a tool's name, but
        by whether the smallest program can be built and run."""
        source, program = folder / "probe.c", folder / "probe"
        source.write_text(_EMULATED_PROBE if self.emulated else _PROBE)
        steps = [
            [*self.command(), str(source), "-pthread", "-o", str(program)],
            [*self.runner, str(program)],
        ]
        try:
            if all(_run(step, env=self.env()).returncode == 0 for step in steps):
                return None
        except FileNotFoundError:
            pass
        return f"the variant {self.name} needs {self.tools}"

    def env(self) -> dict[str, str]:
        return {**os.environ, **dict(self.environment)}


VARIANTS = [
    Variant(
        name="native",
        tools="a C compiler",
        flags=_OPTIMIZED,
        rows=frozenset({"portable"}),
        share=4,
    ),
    Variant(
        name="asan",
        tools="a C compiler with AddressSanitizer and UBSan",
        flags=(*_TRACED, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
        environment=(("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1"),),
        rows=frozenset({"portable"}),
        share=4,
    ),
    Variant(
        name="tsan",
        tools="a C compiler with ThreadSanitizer",
        flags=(*_TRACED, "-fsanitize=thread"),
        rows=frozenset({"portable"}),
        share=32,
    ),
    Variant(
        name="memcheck",
        tools="valgrind",
        flags=_TRACED,
        runner=("valgrind", "-q", "--error-exitcode=9", "--leak-check=full"),
        rows=frozenset({"portable"}),
        share=48,
    ),
    Variant(
        name="ctgrind",
        tools="valgrind",
        # As it is built for use: what is constant in time is for the optimizer to spoil.
        flags=(*_OPTIMIZED, "-g", _WATCHED),
        runner=("valgrind", "-q", "--error-exitcode=9"),
        rows=frozenset({"portable"}),
        share=48,
    ),
    Variant(
        name="arm",
        tools="gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user",
        compiler="aarch64-linux-gnu-gcc",
        flags=(*_OPTIMIZED, "-static"),
        runner=("qemu-aarch64",),
        rows=frozenset({"portable", "armv8"}),
        share=4,
    ),
    Variant(
        name="emulated",
        tools="an x86-64 machine, gcc and libsimde-dev",
        # Every access to the heap is checked. With the stack's too, or with debugging
        # symbols, the many temporaries of emulated instructions take minutes to compile.
        flags=("-O1", "-fsanitize=address", "--param=asan-stack=0"),
        rows=frozenset({"portable", "avx2", "avx512"}),
        emulated=True,
        share=4,
    ),
]

#: With counters for every line, if there is a folder to count in (tools/core_coverage.py).
COUNT_IN = os.environ.get("TOKBOX_COUNT_IN")
COUNTING = Variant(
    name="coverage",
    tools="gcc with gcov",
    flags=("-O0", "--coverage"),
    rows=frozenset({"portable"}),
    share=4,
)
if COUNT_IN:
    VARIANTS.append(COUNTING)


@dataclass(frozen=True, slots=True)
class Row:
    hash: int  # 1 or 256
    name: str
    state: int  # 1 usable, 0 not on this CPU, -1 wrong
    lanes: int
    single: bool

    def __str__(self) -> str:
        return f"{self.name} of SHA-{self.hash}"


@dataclass(frozen=True, slots=True)
class Harness:
    """A built harness, to be asked."""

    variant: Variant
    program: Path
    compiled: tuple[Row, ...]

    @classmethod
    def of(cls, variant: Variant, program: Path) -> Harness:
        (answer,) = cls(variant, program, ()).ask(["rows"])
        fields = (row.split(":") for row in answer.split())
        return cls(
            variant,
            program,
            tuple(Row(int(h), n, int(s), int(k), o == "1") for h, n, s, k, o in fields),
        )

    def rows(self, hash: int) -> list[Row]:
        return [row for row in self.compiled if row.hash == hash and row.state == 1]

    def engines(self) -> list[str]:
        """Rows that are usable for both hashes."""
        second = {row.name for row in self.rows(256)}
        return [row.name for row in self.rows(1) if row.name in second]

    def ask(self, commands: Iterable[str]) -> list[str]:
        """Run the program on *commands*; a complaint of the sanitizer or of memcheck
        ends it with an exit code, and is shown."""
        commands = list(commands)
        done = _run(
            [*self.variant.runner, str(self.program)],
            input="".join(f"{command}\n" for command in commands),
            env=self.variant.env(),
        )
        if done.returncode or done.stderr:
            pytest.fail(
                f"{self.variant.name}: exit {done.returncode}\n{done.stderr[-8000:]}"
            )
        answers = done.stdout.splitlines()
        assert len(answers) == len(commands)
        return answers


def hexed(data: bytes) -> str:
    """A field of a command."""
    return data.hex() or "-"


def _run(command: list[str], **options) -> subprocess.CompletedProcess[str]:
    options = {"input": "", **options}
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def _check(command: list[str]) -> None:
    done = _run(command)
    if done.returncode:
        pytest.fail(f"{shlex.join(command)}\n{done.stderr[-8000:]}")
