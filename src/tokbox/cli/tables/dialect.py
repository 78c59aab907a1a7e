"""The options that describe text: its encoding, and the delimiter of CSV."""

from __future__ import annotations

import codecs

import click

from tokbox.cli.common.params import Decorator, Option, options

__all__ = ["dialect_options"]


def check_encoding(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Return the name of a text encoding, or None for UTF-8."""
    if value is None:
        return None
    try:
        "a".encode(value)
        codecs.getincrementaldecoder(value)
    except (LookupError, ValueError):
        pass
    else:
        return None if codecs.lookup(value).name == "utf-8" else value
    raise click.BadParameter(
        f"{value!r} is not an encoding: use a name such as latin-1, cp1252 or utf-16"
    )


def check_delimiter(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Return the character that separates fields; ``tab`` and ``\\t`` are a tab."""
    if value in ("tab", r"\t"):
        return "\t"
    if value is None or (len(value) == 1 and value.isascii() and value not in '"\r\n\0'):
        return value
    raise click.BadParameter(
        f"{value!r} is not a delimiter: use tab, or one ASCII character other than a quote"
    )


#: Add the options ``--delimiter`` and ``--encoding``.
dialect_options: Decorator = options(
    click.option(
        "--delimiter",
        metavar="CHARACTER",
        callback=check_delimiter,
        help="CSV: the character between fields, such as ; or tab.",
        show_default="a comma",
        cls=Option,
    ),
    click.option(
        "--encoding",
        metavar="NAME",
        callback=check_encoding,
        help="The encoding of input text, such as latin-1, cp1252 or utf-16. Output is "
        "always UTF-8.",
        show_default="utf-8",
        cls=Option,
    ),
)
