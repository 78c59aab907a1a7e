"""``tokbox connector``: connect the audio of a session with a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import confirm, show_id
from tokbox.cli.common.params import (
    Count,
    Group,
    client_options,
    json_option,
    session_argument,
)

if TYPE_CHECKING:
    from tokbox.literals import AudioRate
    from tokbox.rest.client import Tokbox

__all__ = ["connector"]


@click.group(cls=Group)
def connector() -> None:
    """Send the audio of sessions to WebSockets (Audio Connector)."""


@connector.command()
@session_argument
@click.argument("uri", metavar="URI")
@click.option(
    "--stream-id",
    "streams",
    metavar="STREAM",
    multiple=True,
    help="Send only this stream; can be repeated.",
)
@click.option(
    "--audio-rate",
    type=Count(),
    metavar="HZ",
    help="The sample rate: 8000, 16000 or 24000.",
)
@click.option(
    "--bidirectional", is_flag=True, help="Publish the audio that the WebSocket sends."
)
@json_option
@client_options
def start(
    client: Tokbox,
    session_id: str,
    uri: str,
    streams: tuple[str, ...],
    audio_rate: AudioRate | None,
    bidirectional: bool,
    as_json: bool,
) -> None:
    """Send the audio of SESSION to the WebSocket at URI.

    In a pipe, only the ID of the connector is printed.
    """
    from tokbox.rest.resources.audio_connectors import WebSocket

    socket = WebSocket(
        uri, streams=streams, audio_rate=audio_rate, bidirectional=bidirectional or None
    )
    made = client.audio_connectors.start(session_id, socket)
    show_id(made, [("id", made.id), ("connection", made.connection_id)], as_json)


@connector.command("stop")
@session_argument
@click.argument("connection_id", metavar="CONNECTION")
@json_option
@client_options
def end(client: Tokbox, session_id: str, connection_id: str, as_json: bool) -> None:
    """Stop an Audio Connector: disconnect its connection from SESSION."""
    client.audio_connectors.stop(session_id, connection_id)
    confirm("stopped", connection_id, as_json)
