"""``tokbox connector``: the sound of a session, on a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import add_stop, show_id
from tokbox.cli.common.params import Group, client_options, json_option, session_argument

if TYPE_CHECKING:
    from tokbox.literals import AudioRate
    from tokbox.rest.client import Tokbox

__all__ = ["connector"]


@click.group(cls=Group)
def connector() -> None:
    """Connect sessions with WebSockets (Audio Connector)."""


@connector.command()
@session_argument
@click.argument("uri", metavar="URI")
@click.option(
    "--stream",
    "streams",
    metavar="STREAM",
    multiple=True,
    help="Only this one is heard; may be repeated.",
)
@click.option("--audio-rate", type=int, metavar="HZ", help="8000, 16000 or 24000.")
@click.option("--bidirectional", is_flag=True, help="Publish what the socket says.")
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
    """Send the sound of SESSION to the WebSocket at URI.

    In a pipe the connector's id is printed alone.
    """
    from tokbox.rest.resources.audio_connectors import WebSocket

    socket = WebSocket(
        uri, streams=streams, audio_rate=audio_rate, bidirectional=bidirectional or None
    )
    made = client.audio_connectors.start(session_id, socket)
    show_id(made, [("id", made.id), ("connection", made.connection_id)], as_json)


add_stop(connector, "connector", lambda client, id: client.audio_connectors.stop(id))
