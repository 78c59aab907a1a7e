"""``tokbox signal``: send signals to the clients of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import confirm
from tokbox.cli.common.params import (
    Command,
    client_options,
    json_option,
    read_file,
    session_argument,
)

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox

__all__ = ["signal"]


@click.command(cls=Command)
@session_argument
@click.argument("data", metavar="[TEXT]", required=False)
@click.option("--type", metavar="WORD", help="The type of the signal.")
@click.option(
    "--file",
    "path",
    metavar="FILE",
    help="Read TEXT from this file; - reads standard input.",
)
@click.option(
    "--to", "connection_id", metavar="CONNECTION", help="Send it only to this connection."
)
@json_option
@client_options
def signal(
    client: Tokbox,
    session_id: str,
    data: str | None,
    type: str | None,
    path: str | None,
    connection_id: str | None,
    as_json: bool,
) -> None:
    """Send TEXT to the clients of SESSION."""
    if (data is None) is (path is None):
        raise click.UsageError("use either TEXT or --file")
    if path is not None:
        data = read_file(path, "--file", "the signal")
    client.signals.send(session_id, data or "", type=type, connection_id=connection_id)
    confirm("signalled", connection_id or session_id, as_json)
