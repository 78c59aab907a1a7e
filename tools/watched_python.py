"""Make an interpreter that always runs with a sanitizer.

    python -m tools.watched_python FOLDER LIBRARY NAME=VALUE ...

FOLDER becomes a virtual environment with the packages of this one. Its interpreter loads
LIBRARY first, and sets the variables NAME. Tests start interpreters with an environment of
their own, so inherited variables would not be enough.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tools.environment import borrow


def make(folder: Path, library: str, variables: list[str]) -> None:
    """Create the environment."""
    python = borrow(folder)
    original = Path(sys.executable).resolve()
    settings = shlex.join([f"LD_PRELOAD={library}", *variables])
    name = '"$(cd "$(dirname "$0")" && pwd)/python"'
    python.unlink()
    # CPython finds its environment by the name that it is called by.
    python.write_text(
        "#!/bin/bash\n"
        f"export {settings}\n"
        f'exec -a {name} {shlex.quote(str(original))} "$@"\n'
    )
    python.chmod(0o755)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
