"""Rivals in another language: a process that is told how many tokens to make.

It reads lines ``n mode`` and answers each with the nanoseconds that it took, so that
starting it is never part of a figure.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .. import workloads
from . import Unavailable


def environment() -> dict[str, str]:
    """The work, as every process is told it."""
    return {
        **os.environ,
        "WORK_API_KEY": workloads.API_KEY,
        "WORK_SECRET": workloads.SECRET,
        "WORK_SESSION_ID": workloads.SESSION_ID,
        "WORK_ROLE": workloads.ROLE,
        "WORK_CONNECTION_DATA": workloads.CONNECTION_DATA,
        "WORK_EXPIRATION": str(workloads.EXPIRATION),
    }


def workshop(source: Path) -> Path:
    """Copy the folder *source* to where things can be built, until this process ends."""
    place = Path(tempfile.mkdtemp(prefix="rival-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    shutil.copytree(source, place, dirs_exist_ok=True)
    return place


def stop(process: subprocess.Popen[str]) -> None:
    """End a rival and leave nothing of it behind."""
    process.kill()
    process.communicate()


def start(command: list[str], mode: str, cwd: Path | None = None) -> Callable[[int], float]:
    """Start *command* and return a function that lets it make n tokens in *mode*."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=cwd,
    )
    atexit.register(stop, process)
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    def run(n: int) -> float:
        try:
            to.write(f"{n} {mode}\n")
            to.flush()
            answer = back.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Unavailable(f"{Path(command[0]).name} ended without an answer")
        return int(answer) / 1e9

    run(100)
    return run
