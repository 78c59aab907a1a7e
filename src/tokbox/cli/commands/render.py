"""``tokbox render``: web pages in a session, by Experience Composers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.listing import (
    add_get,
    add_stop,
    age,
    collect,
    created,
    page_options,
    show_id,
    show_list,
)
from tokbox.cli.common.params import Group, client_options, json_option, session_argument

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.renders import Render

__all__ = ["render"]


@click.group(cls=Group)
def render() -> None:
    """Publish web pages into sessions (Experience Composer)."""


@render.command()
@session_argument
@click.argument("url", metavar="URL")
@click.option("--name", metavar="TEXT", help="The name of the published stream.")
@click.option("--resolution", metavar="WxH", help="1280x720 without it.")
@click.option("--max-duration", type=int, metavar="SECONDS", help="60 to 36000.")
@click.option(
    "--callback", "status_callback_url", metavar="URL", help="Is told of every change."
)
@json_option
@client_options
def start(client: Tokbox, session_id: str, url: str, as_json: bool, **options: Any) -> None:
    """Open the web page at URL, and publish it to SESSION.

    In a pipe the render's id is printed alone.
    """
    made = client.renders.start(session_id, url, **options)
    show_id(made, _rows(made), as_json)


@render.command("list")
@page_options
@json_option
@client_options
def list_(client: Tokbox, as_json: bool, **chosen: Any) -> None:
    """List renders, newest first."""
    found, rest = collect(client.renders.list, client.renders.iter, **chosen)
    show_list(found, _COLUMNS, as_json, rest=rest)


_COLUMNS: Sequence[tuple[str, Callable[[Render], object]]] = (
    ("ID", lambda one: one.id),
    ("STATUS", lambda one: one.status),
    ("CREATED", age),
    ("NAME", lambda one: one.name),
    ("URL", lambda one: one.url),
)


def _rows(one: Render) -> list[tuple[str, object]]:
    return [
        ("id", one.id),
        ("status", one.status),
        ("session", one.session_id),
        ("reason", one.reason),
        ("created", created(one)),
        ("stream", one.stream_id),
        ("name", one.name),
        ("resolution", one.resolution),
        ("url", one.url),
    ]


add_stop(render, "render", lambda client, id: client.renders.stop(id))
add_get(render, "render", lambda client, id: client.renders.get(id), _rows)
