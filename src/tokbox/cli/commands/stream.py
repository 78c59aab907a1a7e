"""``tokbox stream``: what the clients of a session publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import confirm, show_list
from tokbox.cli.common.params import Group, client_options, json_option, session_argument

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.streams import Stream

__all__ = ["stream"]


@click.group(cls=Group)
def stream() -> None:
    """List the streams of a session, and set their layout classes."""


@stream.command("list")
@session_argument
@json_option
@client_options
def list_(client: Tokbox, session_id: str, as_json: bool) -> None:
    """List the streams of SESSION."""
    show_list(client.streams.list(session_id), _COLUMNS, as_json)


@stream.command()
@session_argument
@click.argument("stream_id", metavar="STREAM")
@click.argument("classes", metavar="[CLASS]...", nargs=-1)
@json_option
@client_options
def classes(
    client: Tokbox, session_id: str, stream_id: str, classes: Sequence[str], as_json: bool
) -> None:
    """Replace the layout classes of STREAM; without CLASS, remove them."""
    client.streams.set_layout_classes(session_id, {stream_id: classes})
    confirm("arranged", stream_id, as_json)


_COLUMNS: Sequence[tuple[str, Callable[[Stream], object]]] = (
    ("ID", lambda one: one.id),
    ("VIDEO", lambda one: one.video_type),
    ("CLASSES", lambda one: " ".join(one.layout_classes)),
    ("NAME", lambda one: one.name),
)
