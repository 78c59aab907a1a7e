"""``tokbox connection``: the clients of a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from tokbox.cli.common.listing import age, show_list
from tokbox.cli.common.params import Group, client_options, json_option, session_argument

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.connections import Connection

__all__ = ["connection"]


@click.group(cls=Group)
def connection() -> None:
    """List the clients of a session."""


@connection.command("list")
@session_argument
@json_option
@client_options
def list_(client: Tokbox, session_id: str, as_json: bool) -> None:
    """List the clients that are connected to SESSION."""
    show_list(client.connections.list(session_id), _COLUMNS, as_json)


_COLUMNS: Sequence[tuple[str, Callable[[Connection], object]]] = (
    ("ID", lambda one: one.id),
    ("STATE", lambda one: one.state),
    ("SINCE", age),
)
