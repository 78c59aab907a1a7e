"""``tokbox disconnect``, ``mute`` and ``unmute``: order in a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import confirm
from tokbox.cli.common.params import Command, client_options, json_option, session_argument

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox

__all__ = ["disconnect", "mute", "unmute"]


@click.command(cls=Command)
@session_argument
@click.argument("connection_id", metavar="CONNECTION")
@json_option
@client_options
def disconnect(client: Tokbox, session_id: str, connection_id: str, as_json: bool) -> None:
    """Force a client to leave SESSION; also hangs up a call."""
    client.moderation.disconnect(session_id, connection_id)
    confirm("disconnected", connection_id, as_json)


@click.command(cls=Command)
@session_argument
@click.option("--stream", "stream_id", metavar="STREAM", help="Only this one.")
@click.option(
    "--except",
    "excluded_stream_ids",
    metavar="STREAM",
    multiple=True,
    help="All but this one; may be repeated.",
)
@json_option
@client_options
def mute(
    client: Tokbox,
    session_id: str,
    stream_id: str | None,
    excluded_stream_ids: tuple[str, ...],
    as_json: bool,
) -> None:
    """Mute one stream of SESSION, or all, also those to come."""
    if stream_id is None:
        client.moderation.mute_all(session_id, excluded_stream_ids=excluded_stream_ids)
    elif excluded_stream_ids:
        raise click.UsageError("--stream and --except exclude each other")
    else:
        client.moderation.mute_stream(session_id, stream_id)
    confirm("muted", stream_id or session_id, as_json)


@click.command(cls=Command)
@session_argument
@json_option
@client_options
def unmute(client: Tokbox, session_id: str, as_json: bool) -> None:
    """Let streams be published unmuted again.

    Those that are muted stay so.
    """
    client.moderation.unmute_all(session_id)
    confirm("unmuted", session_id, as_json)
