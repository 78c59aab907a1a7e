"""Rivals in another language: a process that is told how many tokens to make.

It reads lines ``n mode`` and answers each with the nanoseconds that it took, so that
starting it is never part of a figure.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from collections.abc import Callable

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


def start(command: list[str], mode: str, cwd: str | None = None) -> Callable[[int], float]:
    """Start *command* and return a function that lets it make n tokens in *mode*."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=cwd,
    )
    atexit.register(process.kill)
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    def run(n: int) -> float:
        to.write(f"{n} {mode}\n")
        to.flush()
        answer = back.readline()
        if not answer:
            raise Unavailable(f"{command[0]} ended without an answer")
        return int(answer) / 1e9

    run(100)
    return run
