"""Write docs/reference/cli.md, the reference of the command line, from its commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from tokbox.cli.app import root
from tokbox.cli.common import exit_codes
from tokbox.cli.help import ENVIRONMENT

__all__ = ["PAGE", "reference"]

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"

_HEADER = """\
# Command line

This page lists all commands and options. `tokbox COMMAND --help` prints the same text. See
[the guide](../guide/cli.md) for an introduction.

Every command accepts `-h` and `--help`. `--json` can be given before or after the name of a
command.

"""


def reference() -> str:
    """Return the page as Markdown."""
    credentials = (
        "## Credentials\n\nCredentials are read from environment variables or files."
    )
    parts = [_HEADER, _block(credentials, ENVIRONMENT)]
    parts.append(_block("## Exit codes", exit_codes.HELP))
    context = click.Context(root, info_name="tokbox")
    for path, command, inner in _commands(context):
        parts.append(_section(path, command, inner))
    return "".join(parts).rstrip() + "\n"


def _block(title: str, text: str) -> str:
    """Return a section with *text*, without its first line, which is a heading."""
    return f"{title}\n\n```text\n{_dedented(text.partition(chr(10))[2])}\n```\n\n"


def _dedented(text: str) -> str:
    return "\n".join(line[2:] for line in text.rstrip().splitlines())


def _commands(
    context: click.Context,
) -> Iterator[tuple[str, click.Command, click.Context]]:
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield inner.command_path, command, inner
        if isinstance(command, click.Group):
            yield from _commands(inner)


def _section(path: str, command: click.Command, context: click.Context) -> str:
    level = "#" * (len(path.split()))
    lines = [f"{level} {path}", ""]
    if not isinstance(command, click.Group):
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        lines += ["```text", usage, "```", ""]
    for paragraph in (command.help or "").split("\n\n"):
        lines += [_paragraph(paragraph), ""]
    options = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option)
        and (record := parameter.get_help_record(context)) is not None
    ]
    if options and not isinstance(command, click.Group):
        lines += ["| option | what it does |", "| --- | --- |"]
        lines += [f"| `{_cell(names)}` | {_text(text)} |" for names, text in options]
        lines += [""]
    return "\n".join(lines) + "\n"


def _paragraph(text: str) -> str:
    if text.startswith("\b\n"):
        return f"```text\n{text.removeprefix(chr(8) + chr(10))}\n```"
    return _text(text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text(text: str) -> str:
    text = " ".join(text.split())
    for character in "|*_<[":
        text = text.replace(character, f"\\{character}")
    return text


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
