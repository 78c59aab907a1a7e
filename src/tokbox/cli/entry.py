"""Run one command; print exceptions and warnings as one line.

click takes twice as long to load as signing does. So ``tokbox --help`` and a plain
``tokbox token SESSION`` are answered without it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings

from tokbox.cli.common import exit_codes
from tokbox.cli.common.streams import StreamError, check_output
from tokbox.errors import (
    APIError,
    ArchivingNeedsMediaRouterWarning,
    InsecureTransportWarning,
    InvalidInputError,
    MissingDependencyError,
    MissingKeyError,
    ShortSecretWarning,
    TokboxError,
    TokenError,
    TransportError,
)
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import traceback
    from collections.abc import Iterator, Sequence
    from typing import TextIO

__all__ = ["run"]

#: The first class that fits decides.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (APIError, exit_codes.SERVICE_ERROR),
    (TransportError, exit_codes.NO_RESPONSE),
    (MissingDependencyError, exit_codes.MISSING_DEPENDENCY),
    (MissingKeyError, exit_codes.INVALID_INPUT),
    (InvalidInputError, exit_codes.INVALID_INPUT),
    (TokenError, exit_codes.REJECTED),
    (TokboxError, exit_codes.SERVICE_ERROR),
)

#: The options of ``tokbox token`` that are read here, and their arguments.
_TOKEN_OPTIONS = {
    "--connection-data": "connection_data",
    "--expiration": "expiration",
    "--expires-at": "expires_at",
    "--role": "role",
}


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code. An error is one line on stderr."""
    try:
        check_output()
        with _only_our_warnings():
            code = _run(list(args))
        sys.stdout.flush()
    except (KeyboardInterrupt, EOFError):
        _print_error("interrupted")
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        return exit_codes.BROKEN_PIPE
    except OSError as error:
        what = error.strerror or type(error).__name__
        _print_error(
            f"error: {error.filename}: {what}" if error.filename else f"error: {what}"
        )
        if isinstance(error, StreamError):
            return exit_codes.STREAM_ERROR
        return exit_codes.INVALID_INPUT
    except TokboxError as error:
        _print_error(f"error: {error}")
        return next(code for kind, code in _CODES if isinstance(error, kind))
    except ModuleNotFoundError:  # a package of the extra is not complete
        raise
    except Exception as error:
        # Only where, never the message: it may quote a secret.
        frame = _last_frame(error)
        where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        _print_error(f"error: this is a bug in tokbox: {type(error).__name__} at {where}")
        return exit_codes.BUG
    return code


def _run(args: list[str]) -> int:
    if "_TOKBOX_COMPLETE" not in os.environ:
        if args in (["-h"], ["--help"]):
            from tokbox.cli.help import root_help

            print(root_help())
            return 0
        if token := _plain_token(args):
            print(token)
            return 0
    _look_for("click")
    _look_for("rich")
    from tokbox.cli.app import invoke

    return invoke(args)


def _look_for(package: str) -> None:
    try:
        __import__(package)
    except ModuleNotFoundError as error:
        if error.name != package:  # it is there, but what it needs is not
            raise
        raise MissingDependencyError(package, "cli") from None


def _plain_token(args: list[str]) -> str | None:
    """Return the token that ``tokbox token SESSION`` asks for.

    None for any other command, for other options and for invalid input, which the command
    itself reports.
    """
    if len(args) % 2 or args[:1] != ["token"] or args[1].startswith("-"):
        return None
    claims = dict(zip(args[2::2], args[3::2], strict=True))
    if not claims.keys() <= _TOKEN_OPTIONS.keys():
        return None
    if any(value.startswith("-") for value in claims.values()):
        return None
    from tokbox.rest.client import Tokbox

    try:
        with Tokbox.from_env(os.environ) as client:
            named = {_TOKEN_OPTIONS[name]: value for name, value in claims.items()}
            return client.session(args[1]).token(**named)  # type: ignore[arg-type]
    except InvalidInputError:
        return None


@contextlib.contextmanager
def _only_our_warnings() -> Iterator[None]:
    """Print warnings of tokbox as one line, and ignore those of other packages."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        _print_error(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for warning in (
            ArchivingNeedsMediaRouterWarning,
            InsecureTransportWarning,
            ShortSecretWarning,
        ):
            warnings.simplefilter("always", warning)
        warnings.showwarning = show
        yield


def _last_frame(error: Exception) -> traceback.FrameSummary:
    """Return the last frame of *error* that is in this package."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    in_package = [frame for frame in frames if frame.filename.startswith(here)]
    return (in_package or frames)[-1]


def _print_error(message: str) -> None:
    from tokbox.cli.common.output import print_error

    print_error(message)
