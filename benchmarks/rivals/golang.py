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
def build(go: str, folder: str, replace: str = "") -> Path:
    """Build the program in *folder* in a place of its own; return that place.

    *replace* is ``module=folder``: where that module is instead of the module proxy.
    """
    place = process.workshop(Path(__file__).parent / folder)
    commands = [["mod", "tidy"], ["build", "-o", "rival", "."]]
    if replace:
        # A folder may be used without what only the tests of its dependencies need.
        commands[0].append("-e")
        commands.insert(0, ["mod", "edit", f"-replace={replace}"])
    for command in commands:
        done = subprocess.run([go, *command], cwd=place, capture_output=True, text=True)
        if done.returncode:
            # The last line holds the server's answer, if there was one.
            *_, last = ["no reason given", *done.stderr.strip().splitlines()]
            reason = re.sub(r"\S+://\S+", "...", last).strip().rstrip(".")
            raise Unavailable(f"go {command[0]} failed: {reason}")
    return place


def make(folder: str, mode: str, replace: str = "") -> Callable[[int], float]:
    """Return the rival in *folder*, built; *replace* as for :func:`build`."""
    go = shutil.which("go")
    if go is None:
        raise Unavailable("Go is not installed")
    return process.start([str(build(go, folder, replace) / "rival")], mode)
