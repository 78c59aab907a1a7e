"""The seed, by the Go module proxy, or from the folder that ``TOKBOX_SEED`` names.

The folder holds the module's source with a ``go.mod``: the proxy does not have it
everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from . import golang

label = "aogz/tokbox (Go)"
_MODULE = "github.com/aogz/tokbox"


def make(mode: str = "") -> Callable[[int], float]:
    folder = os.environ.get("TOKBOX_SEED")
    replace = f"{_MODULE}={os.path.abspath(folder)}" if folder else ""
    return golang.make("go_seed", mode or "single", replace)
