"""``tokbox emulator``: a local copy of the service."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tokbox.cli.common.output import console, is_terminal, print_json
from tokbox.cli.common.params import Command, Count, json_option
from tokbox.cli.common.paths import check_paths

if TYPE_CHECKING:
    from tokbox.emulator import Announcement

__all__ = ["emulator"]


@click.command(cls=Command)
@click.option(
    "--port",
    type=Count(0, 65_535),
    default=10_865,
    show_default=True,
    metavar="N",
    help="The port to listen on; 0 picks a free port.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on."
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Also accept this name in the header Host, such as the name of a proxy; can be "
    "repeated.",
)
@click.option("--db", metavar="FILE", help="Keep the state in this SQLite file.")
@click.option(
    "--projects",
    "projects_file",
    metavar="FILE",
    help='Add the projects in this JSON file: {"API key": "secret"}.',
)
@click.option(
    "--application",
    "applications",
    multiple=True,
    metavar="ID=FILE",
    help="Add an application: its ID, and the PEM file of its public key; can be repeated.",
)
@click.option(
    "--key-out",
    metavar="FILE",
    help="Write the private key of the default application to this file.",
)
@click.option(
    "--processing-delay",
    type=float,
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="The time until the file of a stopped archive is available.",
)
@click.option(
    "--seed",
    type=Count(min=0),
    metavar="N",
    help="Create the same IDs for the same requests.",
)
@click.option(
    "--clock",
    "clock_time",
    metavar="TIME",
    help="Stop the clock at this time (ISO 8601) until a request advances it.",
)
@click.option(
    "--webhooks",
    "webhooks_file",
    metavar="FILE",
    help="Send webhooks to the URLs in this JSON file: "
    '{"API key or application ID": {"archive_status": URL}}.',
)
@click.option(
    "--webhooks-anywhere",
    is_flag=True,
    help="Also send webhooks to other machines.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse requests that the documentation of the service does not allow.",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set one rule, such as render_stop=204; an unknown name prints all rules.",
)
@json_option
def emulator(
    port: int,
    host: str,
    allow_hosts: tuple[str, ...],
    db: str | None,
    projects_file: str | None,
    applications: tuple[str, ...],
    key_out: str | None,
    processing_delay: float,
    seed: int | None,
    clock_time: str | None,
    webhooks_file: str | None,
    webhooks_anywhere: bool,
    strict: bool,
    rules: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run a local copy of the service until Ctrl-C.

    The first line of the output is the URL. The emulator has a project with the API key
    12345678 and the secret 0123456789abcdef0123456789abcdef01234567, an application, and an
    account. Add projects with --projects, or with the variable
    TOKBOX_EMULATOR_PROJECTS=key:secret,key:secret. Write the private key of the application
    to a file with --key-out.
    """
    from tokbox.emulator import Clock, run
    from tokbox.emulator.foreground import webhooks_from_file
    from tokbox.emulator.model.rules import make_rules

    keys = _pairs("--application", applications)
    check_paths(
        {
            "--projects": projects_file,
            "--webhooks": webhooks_file,
            **{f"--application {name}": file for name, file in keys.items()},
        },
        {"--db": db, "--key-out": key_out},
    )

    def announce(announcement: Announcement) -> None:
        if as_json:
            print_json(_as_json(announcement))
        else:
            _announce(announcement)
        sys.stdout.flush()

    try:
        run(
            port=port,
            db=db,
            projects_file=projects_file,
            applications={name: Path(file).read_bytes() for name, file in keys.items()},
            key_out=key_out,
            host=host,
            clock=None if clock_time is None else Clock.fixed(clock_time),
            processing_delay=processing_delay,
            seed=seed,
            webhooks=None if webhooks_file is None else webhooks_from_file(webhooks_file),
            webhooks_anywhere=webhooks_anywhere,
            allow_hosts=allow_hosts,
            strict=make_rules(strict, _pairs("--rule", rules)),
            announce=announce,
        )
    except sqlite3.OperationalError as error:
        raise click.UsageError(f"--db {db}: {error}") from None
    except OSError as error:
        if error.filename:
            raise
        if error.errno == errno.EADDRINUSE:
            choose = "choose another with --port, or a free one with --port 0"
            raise click.UsageError(f"port {port} of {host} is in use: {choose}") from None
        reason = os.strerror(error.errno) if error.errno else error
        raise click.UsageError(f"{host} port {port}: {reason}") from None


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.UsageError(f"{option} {text} must look like NAME=VALUE")
        pairs[name] = value
    return pairs


def _as_json(announcement: Announcement) -> dict[str, object]:
    return {
        "url": announcement.url,
        "projects": [
            {"api_key": key, "public_secret": secret}
            for key, secret in announcement.projects.items()
        ],
        "applications": [{"application_id": name} for name in announcement.applications],
        "accounts": [
            {"account_key": key, "public_secret": secret}
            for key, secret in announcement.accounts.items()
        ],
    }


def _announce(announcement: Announcement) -> None:
    if not is_terminal(sys.stdout):
        for line in announcement.lines():
            print(line)
        return
    from rich.text import Text

    out = console()
    url = announcement.url
    out.print(Text(url, "bold green"))
    out.print(Text(announcement.reach, "dim"))
    for key, secret in announcement.projects.items():
        out.print(
            Text.assemble("api key ", (key, "bold"), "  secret "),
            Text(secret or "(as configured)", "bold" if secret else "dim"),
            sep="",
        )
    for application_id in announcement.applications:
        out.print(Text.assemble("application ", (application_id, "bold")))
    for key, secret in announcement.accounts.items():
        out.print(Text.assemble("account ", (key, "bold"), "  secret ", (secret, "bold")))
    key, public = next(iter(announcement.projects.items()))
    lines = (
        "",
        "Stop it with Ctrl-C. In another terminal:",
        f"  export TOKBOX_API_URL={url}",
        f"  export TOKBOX_API_KEY={key} TOKBOX_SECRET={public or '...'}",
        "  tokbox session create",
    )
    out.print(Text("\n".join(lines), "dim"))
