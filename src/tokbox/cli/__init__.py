"""The command line: ``tokbox``, or ``python -m tokbox``.

Each group of commands has a file, which is imported when one of its commands is used.
``app.py`` defines the root command. ``entry.py`` turns exceptions into one line and an exit
code. The commands need the extra ``cli`` (click, rich). Modules that only one command needs
are imported inside that command, so that the others start fast.
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
    from tokbox.cli.common.streams import standard_streams

    with standard_streams():
        try:
            from tokbox.cli.entry import run

            return run(sys.argv[1:] if args is None else args)
        except KeyboardInterrupt:  # while something was still being imported
            return 130
