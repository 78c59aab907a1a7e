"""The root command, and what becomes of exceptions: one line and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import TextIO

import click

from tokbox.cli import (
    archive,
    broadcast,
    callback,
    captions,
    connection,
    connector,
    demo,
    emulator,
    inspect,
    moderation,
    render,
    session,
    sign,
    signal,
    sip,
    stream,
    tokens,
    verify,
)
from tokbox.cli.options import Group
from tokbox.cli.output import complain
from tokbox.cli.streams import StreamError, check_output
from tokbox.errors import (
    APIError,
    ArchivingNeedsMediaRouterWarning,
    InsecureTransportWarning,
    InvalidInputError,
    MissingDependencyError,
    TokboxError,
    TokenError,
    TransportError,
)

__all__ = ["root", "run"]

_EXIT_CODES = """\b
Exit codes:
  0    it worked
  1    the service refused, or a check of the demo failed
  2    usage or invalid input; a file or port that cannot be used
  3    no answer from the service
  4    inspect, verify: a token would be refused, or is none; sign: rows were rejected
  5    an optional part is not installed
  6    standard output, or standard input where it is read, is closed or cannot be used
  70   a bug in tokbox
  130  interrupted (143: terminated, 141: the reader of a pipe left)
"""

_ENVIRONMENT = """\b
Credentials come from the environment or a file, never from arguments:
  TOKBOX_API_KEY with TOKBOX_SECRET or TOKBOX_SECRET_FILE
  OPENTOK_API_KEY with OPENTOK_API_SECRET
  TOKBOX_APPLICATION_ID with TOKBOX_PRIVATE_KEY or TOKBOX_PRIVATE_KEY_FILE
  VONAGE_APPLICATION_ID with VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY_PATH
  TOKBOX_API_URL to reach an emulator (see: tokbox emulator); with TOKBOX_ALLOW_HTTP=1
  a URL with http:// that leads to another machine causes no warning
"""

#: The first class that fits decides.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (APIError, 1),
    (TransportError, 3),
    (MissingDependencyError, 5),
    (InvalidInputError, 2),
    (TokenError, 4),
    (TokboxError, 1),
)

#: Options that people try, and that there are none of on purpose.
_SECRET_OPTIONS = ("--secret", "--api-secret")


def _print_version(context: click.Context, option: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    import platform

    import tokbox
    from tokbox._fastsign import kernels

    active = kernels()["active"]["sha1"]
    print(
        f"tokbox {tokbox.__version__} (SHA-1 kernel: {active}; "
        f"{platform.python_implementation()} {platform.python_version()})"
    )
    context.exit()


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog=f"{_ENVIRONMENT}\n{_EXIT_CODES}",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and the kernel that signs, and exit.",
)
def root() -> None:
    """Sessions, signed tokens and archives of OpenTok / Vonage Video.

    Without an account: "tokbox demo" shows it all at work on this machine.
    """


for _command in (
    demo.demo,
    emulator.emulator,
    session.session,
    tokens.token,
    tokens.tokens,
    sign.sign,
    verify.verify,
    inspect.inspect,
    archive.archive,
    broadcast.broadcast,
    stream.stream,
    connection.connection,
    signal.signal,
    moderation.disconnect,
    moderation.mute,
    moderation.unmute,
    sip.dial,
    sip.dtmf,
    captions.captions,
    render.render,
    connector.connector,
    callback.callback,
):
    root.add_command(_command)


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code. What goes wrong is one line on stderr."""
    try:
        check_output()
        with _only_our_warnings():
            code = _invoke(args)
        sys.stdout.flush()
    except (KeyboardInterrupt, EOFError, click.Abort):
        complain("interrupted")
        return 130
    except BrokenPipeError:
        return 141
    except OSError as error:
        what = error.strerror or type(error).__name__
        complain(f"error: {error.filename}: {what}" if error.filename else f"error: {what}")
        return 6 if isinstance(error, StreamError) else 2
    except TokboxError as error:
        complain(f"error: {error}")
        return next(code for kind, code in _CODES if isinstance(error, kind))
    except Exception as error:
        # Only where, never the message: it may quote a secret.
        place = _blamed(error)
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        complain(f"error: this is a bug in tokbox: {type(error).__name__} at {where}")
        return 70
    return code


def _invoke(args: Sequence[str]) -> int:
    completing = os.environ.get("_TOKBOX_COMPLETE")
    if completing:
        from click.shell_completion import shell_complete

        return shell_complete(root, {}, "tokbox", "_TOKBOX_COMPLETE", completing)
    try:
        with root.make_context("tokbox", list(args)) as context:
            root.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.UsageError as error:
        return _explain_usage(error)
    except click.ClickException as error:
        complain(f"error: {error.format_message()}")
        return error.exit_code
    return 0


def _explain_usage(error: click.UsageError) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
        error.show()
        return error.exit_code
    message = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption) and error.option_name in _SECRET_OPTIONS:
        message = (
            f"there is no {error.option_name}: every process on this machine can read "
            "the arguments of a command; set TOKBOX_SECRET or TOKBOX_SECRET_FILE, or "
            "give --secret-file"
        )
    else:
        assert error.ctx is not None  # click adds it to all that commands raise
        message += f" (see: {error.ctx.command_path} --help)"
    complain(f"error: {message}")
    return error.exit_code


@contextlib.contextmanager
def _only_our_warnings() -> Iterator[None]:
    """Show what tokbox warns of as one line, and nothing of what packages deprecate."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        complain(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ours in (ArchivingNeedsMediaRouterWarning, InsecureTransportWarning):
            warnings.simplefilter("always", ours)
        warnings.showwarning = show
        yield


def _blamed(error: Exception) -> traceback.FrameSummary:
    """Return the last place of ours that *error* came through."""
    places = traceback.extract_tb(error.__traceback__)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = [place for place in places if place.filename.startswith(here)]
    return (ours or places)[-1]
