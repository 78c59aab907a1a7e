"""The command line: ``tokbox``, or ``python -m tokbox``.

One file per group of commands; ``app.py`` holds them together and turns exceptions into
one line and an exit code. It needs the extra ``cli`` (click, rich), which is looked for
when :func:`main` is called, not when this package is imported. What only one command
needs is imported inside that command, so that the others start fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tokbox.errors import MissingDependencyError

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    *args* are those of the process if none are given.
    """
    from tokbox.cli.streams import standard_streams

    with standard_streams():
        try:
            _look_for("click")
            _look_for("rich")
            from tokbox.cli.app import run

            return run(sys.argv[1:] if args is None else args)
        except MissingDependencyError as error:
            print(f"tokbox: error: {error}", file=sys.stderr)
            return 5
        except KeyboardInterrupt:  # while something was still being imported
            return 130


def _look_for(package: str) -> None:
    try:
        __import__(package)
    except ModuleNotFoundError as error:
        if error.name != package:  # it is there, but what it needs is not
            raise
        raise MissingDependencyError(package, "cli") from None
