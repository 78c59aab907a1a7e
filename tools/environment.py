"""Virtual environments with the packages of this one, and others before them."""

from __future__ import annotations

import sys
import venv
from pathlib import Path


def borrow(folder: Path, *first: Path) -> Path:
    """Make a virtual environment in *folder*; return its interpreter.

    Modules are found in this order: packages installed there, the folders *first*, packages
    of this interpreter. Editable installs of this interpreter are not visible.
    """
    venv.create(folder, symlinks=True, clear=True)
    (site,) = folder.glob("lib/python*/site-packages")
    seen = [*map(str, first), *(p for p in sys.path if p.endswith("site-packages"))]
    (site / "seen.pth").write_text("\n".join(seen) + "\n")
    return folder / "bin" / "python"
