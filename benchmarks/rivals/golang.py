"""Build and start a Go program that stands in a folder beside this file."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import Unavailable, process


def make(folder: str, mode: str) -> Callable[[int], float]:
    """Return the rival in *folder*, built in a place of its own."""
    go = shutil.which("go")
    if go is None:
        raise Unavailable("Go is not installed")
    build = Path(tempfile.mkdtemp(prefix="rival-"))
    shutil.copytree(Path(__file__).parent / folder, build, dirs_exist_ok=True)
    for command in (["mod", "tidy"], ["build", "-o", "rival", "."]):
        done = subprocess.run([go, *command], cwd=build, capture_output=True, text=True)
        if done.returncode:
            # The last line holds the server's answer, if there was one.
            reason = re.sub(
                r"\S+://\S+", "...", done.stderr.strip().splitlines()[-1]
            ).strip()
            raise Unavailable(f"go {' '.join(command)} failed: {reason}")
    return process.start([str(build / "rival")], mode)
