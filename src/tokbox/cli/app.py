"""The root command, and errors of usage in one line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

import click

from tokbox.cli.common.output import print_error
from tokbox.cli.common.params import Group
from tokbox.cli.help import COMMANDS, module_of, root_help

__all__ = ["invoke", "root"]

#: Options that do not exist on purpose, although users try them.
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


class _Root(Group):
    """Lists commands without importing them; ``commands`` has only their names and help."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(module_of(cmd_name))
        command: click.Command = getattr(module, cmd_name)
        return command

    def get_help(self, ctx: click.Context) -> str:
        return root_help()


@click.group(
    cls=_Root,
    commands=[click.Command(name, help=help) for name, help in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
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
    """Create sessions, sign tokens and record archives with OpenTok / Vonage Video.

    Try it without an account: tokbox demo
    """


def invoke(args: Sequence[str]) -> int:
    """Run one command and return its exit code."""
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
        print_error(f"error: {error.format_message()}")
        return error.exit_code
    return 0


def _explain_usage(error: click.UsageError) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
        error.show()
        return error.exit_code
    message = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption) and error.option_name in _SECRET_OPTIONS:
        message = (
            f"there is no {error.option_name}, because other users of this machine can see "
            "the arguments of a command: set TOKBOX_SECRET or TOKBOX_SECRET_FILE, or use "
            "--secret-file"
        )
    elif error.ctx is not None:
        message += f" (see: {error.ctx.command_path} --help)"
    print_error(f"error: {message}")
    return error.exit_code
