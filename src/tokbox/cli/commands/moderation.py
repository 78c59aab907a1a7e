"""``tokbox disconnect``, ``mute`` and ``unmute``."""

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
    """Disconnect a client from SESSION, or end a SIP call."""
    client.moderation.disconnect(session_id, connection_id)
    confirm("disconnected", connection_id, as_json)


@click.command(cls=Command)
@session_argument
@click.option("--stream-id", metavar="STREAM", help="Mute only this stream.")
@click.option(
    "--except",
    "excluded_stream_ids",
    metavar="STREAM",
    multiple=True,
    help="Do not mute this stream; can be repeated.",
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
    """Mute all streams of SESSION, or one of them.

    Without --stream-id, streams that are published later are muted too.
    """
    if stream_id is None:
        client.moderation.mute_all(session_id, excluded_stream_ids=excluded_stream_ids)
    elif excluded_stream_ids:
        raise click.UsageError("use either --stream-id or --except")
    else:
        client.moderation.mute_stream(session_id, stream_id)
    confirm("muted", stream_id or session_id, as_json)


@click.command(cls=Command)
@session_argument
@json_option
@client_options
def unmute(client: Tokbox, session_id: str, as_json: bool) -> None:
    """Stop muting new streams of SESSION.

    Streams that are already muted stay muted.
    """
    client.moderation.unmute_all(session_id)
    confirm("unmuted", session_id, as_json)
