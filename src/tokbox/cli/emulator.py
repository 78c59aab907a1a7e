"""``tokbox emulator``: the service on this machine."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Mapping

import click

from tokbox.cli.options import Command, json_option
from tokbox.cli.output import console, is_terminal, print_json

__all__ = ["emulator"]


@click.command(cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default="0, a free one",
    metavar="N",
    help="The port to answer on.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address.")
@click.option("--db", metavar="FILE", help="Keep the state in this file.")
@click.option(
    "--projects",
    "projects_file",
    metavar="FILE",
    help='More projects: a JSON object {"API key": "secret"}.',
)
@click.option(
    "--processing-delay",
    type=float,
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="How long the file of a stopped archive takes.",
)
@click.option("--strict", is_flag=True, help="Refuse credentials longer than 5 minutes.")
@json_option
def emulator(
    port: int,
    host: str,
    db: str | None,
    projects_file: str | None,
    processing_delay: float,
    strict: bool,
    as_json: bool,
) -> None:
    """Stand in for the service on this machine, until Ctrl-C.

    The first line is the URL. There is a project with API key 12345678 and secret
    devsecret; more come from --projects, or from TOKBOX_EMULATOR_PROJECTS as
    key:secret,key:secret.
    """
    from tokbox.emulator import run

    def announce(url: str, shown: Mapping[str, str | None]) -> None:
        if as_json:
            projects = [
                {"api_key": key, "public_secret": secret} for key, secret in shown.items()
            ]
            print_json({"url": url, "projects": projects})
        else:
            _announce(url, shown)
        sys.stdout.flush()

    try:
        run(
            port,
            db,
            projects_file=projects_file,
            host=host,
            processing_delay=processing_delay,
            strict=strict,
            announce=announce,
        )
    except sqlite3.OperationalError as error:
        raise click.UsageError(f"--db {db}: {error}") from None
    except OSError as error:
        if error.filename:
            raise
        reason = os.strerror(error.errno) if error.errno else error
        raise click.UsageError(f"{host} port {port}: {reason}") from None


def _announce(url: str, shown: Mapping[str, str | None]) -> None:
    if not is_terminal(sys.stdout):
        print(url)
        for key, secret in shown.items():
            print(f"api key {key}  secret {secret or '(as configured)'}")
        return
    from rich.text import Text

    out = console()
    out.print(Text(url, "bold green"))
    for key, secret in shown.items():
        out.print(
            Text.assemble("api key ", (key, "bold"), "  secret "),
            Text(secret or "(as configured)", "bold" if secret else "dim"),
            sep="",
        )
    key, secret = next(iter(shown.items()))
    lines = (
        "",
        "Ctrl-C ends it. In another terminal:",
        f"  export TOKBOX_API_URL={url}",
        f"  export TOKBOX_API_KEY={key} TOKBOX_SECRET={secret or '...'}",
        "  tokbox session create",
    )
    out.print(Text("\n".join(lines), "dim"))
