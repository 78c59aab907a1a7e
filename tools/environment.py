"""An environment of its own that has what this one has, and something else before it."""

from __future__ import annotations

import sys
import venv
from pathlib import Path


def borrow(folder: Path, *first: Path) -> Path:
    """Make a virtual environment in *folder*; return its interpreter.

    What is installed there, and then what is in the folders *first*, comes before what this
    interpreter has. What that has installed in place (editable), by .pth files of its own,
    is out of sight.
    """
    venv.create(folder, symlinks=True, clear=True)
    (site,) = folder.glob("lib/python*/site-packages")
    seen = [*map(str, first), *(p for p in sys.path if p.endswith("site-packages"))]
    (site / "seen.pth").write_text("\n".join(seen) + "\n")
    return folder / "bin" / "python"
