"""The command line: ``tokbox``, or ``python -m tokbox``.

One file per group of commands, imported when one of them is used; ``app.py`` holds them
together, and ``frame.py`` turns exceptions into one line and an exit code. It needs the
extra ``cli`` (click, rich). What only one command needs is imported inside that command, so
that the others start fast.
"""

from __future__ import annotations

import sys

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    *args* are those of the process if none are given.
    """
    from tokbox.cli.streams import standard_streams

    with standard_streams():
        try:
            from tokbox.cli.frame import run

            return run(sys.argv[1:] if args is None else args)
        except KeyboardInterrupt:  # while something was still being imported
            return 130
