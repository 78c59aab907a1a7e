"""Rivals in Go and Node.js, each in a process of its own.

A process reads lines ``n mode`` and answers each with the nanoseconds that n tokens took,
so that its start is never timed. It answers ``0 mode`` with a token.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from .. import workloads
from ..comparison import Seconds
from ..workloads import resources
from . import Unavailable, verify

#: Seconds that an installation may take.
TIMEOUT = 180
SEED = "github.com/aogz/tokbox"


@cache
def workshop(name: str) -> Path:
    """Copy the folder *name* beside this file to a temporary folder, and return that."""
    folder = resources.enter_context(tempfile.TemporaryDirectory(prefix="rival-"))
    source = Path(__file__).with_name(name)
    return Path(shutil.copytree(source, folder, dirs_exist_ok=True))


def run(command: list[str], folder: Path, reason: str) -> None:
    """Run *command* in *folder*. Raises Unavailable with what *reason* finds in stderr."""
    options = {"cwd": folder, "capture_output": True, "text": True, "timeout": TIMEOUT}
    name = " ".join([Path(command[0]).name, command[1]])
    try:
        done = subprocess.run(command, **options)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{name} took more than {TIMEOUT} seconds") from None
    if done.returncode:
        found = re.findall(reason, done.stderr)
        problem = re.sub(r"\S+://\S+", "...", found[-1]) if found else "no reason given"
        raise Unavailable(f"{name} failed: {problem.strip('. ')}")


@cache
def install(npm: str) -> Path:
    """Install the packages of node/package.json, and return the folder."""
    folder = workshop("node")
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
    run([npm, "install", *options], folder, r"code (E\w+)")
    return folder


@cache
def build(go: str, name: str) -> Path:
    """Build the Go program in the folder *name*, and return it.

    The seed's source comes from the folder that ``TOKBOX_SEED`` names.
    """
    folder = workshop(name)
    if name == "go_seed":
        source = os.environ.get("TOKBOX_SEED")
        if not source:
            raise Unavailable(f"set TOKBOX_SEED to a folder with the source of {SEED}")
        module = shutil.copytree(source, folder / "seed", dirs_exist_ok=True)
        if not (module / "go.mod").exists():
            (module / "go.mod").write_text(f"module {SEED}\n\ngo 1.20\n")
    # -e: packages that only the tests of dependencies import may be missing.
    run([go, "mod", "tidy", "-e"], folder, r"(?m)^.+$")
    run([go, "build", "-o", "rival", "."], folder, r"(?m)^.+$")
    return folder / "rival"


def start(command: list[str], mode: str, folder: Path) -> Callable[[int], str]:
    """Start *command* and return a function that asks it for n tokens in *mode*."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=workloads.environment(),
        cwd=folder,
    )
    resources.callback(process.communicate)
    resources.callback(process.kill)
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    def ask(n: int) -> str:
        to.write(f"{n} {mode}\n")
        to.flush()
        answer = back.readline().strip()
        if not answer:
            raise Unavailable(f"{Path(command[0]).name} ended without an answer")
        return answer

    return ask


def _rival(command: list[str], mode: str, folder: Path, n: int) -> Callable[[], object]:
    ask = start(command, mode, folder)
    verify(ask(0))
    return lambda: Seconds(int(ask(n)) / 1e9)


def node(mode: str) -> Callable[[int], Callable[[], object]]:
    """A signer in Node.js; see node/rival.mjs for the modes."""

    def prepare(n: int) -> Callable[[], object]:
        program, npm = shutil.which("node"), shutil.which("npm")
        if program is None or npm is None:
            raise Unavailable("Node.js and npm are not installed")
        return _rival([program, "rival.mjs"], mode, install(npm), n)

    return prepare


def go(name: str, mode: str) -> Callable[[int], Callable[[], object]]:
    """A program in Go: ``go_plain`` or ``go_seed``."""

    def prepare(n: int) -> Callable[[], object]:
        compiler = shutil.which("go")
        if compiler is None:
            raise Unavailable("Go is not installed")
        program = build(compiler, name)
        return _rival([str(program)], mode, program.parent, n)

    return prepare
