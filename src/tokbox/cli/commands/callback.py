"""``tokbox callback``: URLs that receive events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import confirm, show_id, show_list
from tokbox.cli.common.params import Group, client_options, json_option

if TYPE_CHECKING:
    from tokbox.literals import CallbackEvent, CallbackGroup
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.callbacks import Callback

__all__ = ["callback"]


@click.group(cls=Group)
def callback() -> None:
    """Register URLs for events (OpenTok only)."""


@callback.command()
@click.argument("group", metavar="GROUP")
@click.argument("event", metavar="EVENT")
@click.argument("url", metavar="URL")
@json_option
@client_options
def create(
    client: Tokbox, group: CallbackGroup, event: CallbackEvent, url: str, as_json: bool
) -> None:
    """Register URL for an event.

    GROUP and EVENT are one of: archive status, connection created, connection destroyed,
    stream created, stream destroyed, sip_call created, sip_call destroyed.
    """
    made = client.callbacks.create(group, event, url)
    rows = [
        ("id", made.id),
        ("group", made.group),
        ("event", made.event),
        ("url", made.url),
    ]
    show_id(made, rows, as_json)


@callback.command("list")
@json_option
@client_options
def list_(client: Tokbox, as_json: bool) -> None:
    """List all callbacks of the project."""
    show_list(client.callbacks.list(), _COLUMNS, as_json)


@callback.command()
@click.argument("callback_id", metavar="CALLBACK")
@json_option
@client_options
def delete(client: Tokbox, callback_id: str, as_json: bool) -> None:
    """Delete a callback."""
    client.callbacks.delete(callback_id)
    confirm("deleted", callback_id, as_json)


_COLUMNS: Sequence[tuple[str, Callable[[Callback], object]]] = (
    ("ID", lambda one: one.id),
    ("GROUP", lambda one: one.group),
    ("EVENT", lambda one: one.event),
    ("URL", lambda one: one.url),
)
