"""``tokbox session``: create sessions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tokbox.cli.common.output import is_terminal, print_json, print_record
from tokbox.cli.common.params import Group, client_options, json_option
from tokbox.enums import ArchiveMode
from tokbox.literals import ArchiveModeName, MediaModeName, Resolution

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox

__all__ = ["session"]


@click.group(cls=Group)
def session() -> None:
    """Create sessions."""


@session.command()
@click.option(
    "--location",
    default="",
    metavar="IP",
    help="An IPv4 address near the clients: the service chooses a media router near it.",
)
@click.option(
    "--media-mode",
    type=click.Choice(["routed", "relayed"]),
    default="routed",
    show_default=True,
    help="Send media through the media router (routed) or between clients (relayed).",
)
@click.option(
    "--archive-mode",
    type=click.Choice([mode.value for mode in ArchiveMode]),
    default=ArchiveMode.MANUAL.value,
    show_default=True,
    help="Record on request (manual), or from the first connection on (always).",
)
@click.option(
    "--archive-name",
    metavar="TEXT",
    help="With --archive-mode always: the name of the archives.",
)
@click.option(
    "--archive-resolution",
    metavar="WxH",
    help="With --archive-mode always: the resolution of the archives, such as 1280x720.",
)
@click.option("--e2ee", is_flag=True, help="Use end-to-end encryption.")
@json_option
@client_options
def create(
    client: Tokbox,
    location: str,
    media_mode: MediaModeName,
    archive_mode: ArchiveModeName,
    archive_name: str | None,
    archive_resolution: Resolution | None,
    e2ee: bool,
    as_json: bool,
) -> None:
    """Create a session.

    In a pipe, only the session ID is printed: SESSION=$(tokbox session create).
    """
    made = client.new_session(
        location,
        media_mode,
        archive_mode,
        e2ee=e2ee,
        archive_name=archive_name,
        archive_resolution=archive_resolution,
    )
    if as_json:
        print_json(made.to_dict())
    elif not is_terminal(sys.stdout):
        print(made.session_id)
    else:
        properties = made.to_dict().items()
        rows = [(name, value) for name, value in properties if value is not None]
        print_record(rows, styles=["bold"])
