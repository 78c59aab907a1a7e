"""Run the command line as ``python -m tokbox``."""

from __future__ import annotations

import sys

from tokbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
