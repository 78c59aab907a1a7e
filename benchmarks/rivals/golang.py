"""Build and start a Go program that stands in a folder beside this file."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from . import Unavailable, process


@cache
def build(go: str, folder: str) -> Path:
    """Build the program in *folder* in a place of its own; return that place."""
    place = process.workshop(Path(__file__).parent / folder)
    for command in (["mod", "tidy"], ["build", "-o", "rival", "."]):
        done = subprocess.run([go, *command], cwd=place, capture_output=True, text=True)
        if done.returncode:
            # The last line holds the server's answer, if there was one.
            *_, last = ["no reason given", *done.stderr.strip().splitlines()]
            reason = re.sub(r"\S+://\S+", "...", last).strip().rstrip(".")
            raise Unavailable(f"go {command[0]} failed: {reason}")
    return place


def make(folder: str, mode: str) -> Callable[[int], float]:
    """Return the rival in *folder*, built."""
    go = shutil.which("go")
    if go is None:
        raise Unavailable("Go is not installed")
    return process.start([str(build(go, folder) / "rival")], mode)
