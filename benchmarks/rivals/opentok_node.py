"""The official Node SDK for OpenTok, both token kinds (see node/rival.mjs)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from . import Unavailable, process

label = "opentok (Node)"

#: Seconds that an installation may take.
PATIENCE = 180


@cache
def install(npm: str) -> Path:
    """Install what node/package.json names into a place of its own."""
    folder = process.workshop(Path(__file__).parent / "node")
    # Scripts of packages have no business here, and what is not there now will not be soon.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
    try:
        done = subprocess.run(
            [npm, "install", *options],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm install took more than {PATIENCE} seconds") from None
    if done.returncode:
        # The rest of npm's answer tells about the machine, not about the reason.
        code = re.search(r"code (E\w+)", done.stderr)
        reason = code[1] if code else f"exit code {done.returncode}"
        raise Unavailable(f"npm install failed: {reason}")
    return folder


def make(mode: str = "t1") -> Callable[[int], float]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("Node.js and npm are not installed")
    return process.start([node, "rival.mjs"], mode, cwd=install(npm))
