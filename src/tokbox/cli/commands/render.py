"""``tokbox render``: publish web pages into sessions."""

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
from tokbox.cli.common.params import (
    Count,
    Group,
    client_options,
    json_option,
    session_argument,
)

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
@click.option(
    "--resolution",
    metavar="WxH",
    help="The resolution, such as 640x480; 1280x720 if not given.",
)
@click.option(
    "--max-duration",
    type=Count(),
    metavar="SECONDS",
    help="Stop after this time: 60 to 36000 seconds.",
)
@click.option(
    "--callback",
    "status_callback_url",
    metavar="URL",
    help="Send each change of status to this URL.",
)
@json_option
@client_options
def start(client: Tokbox, session_id: str, url: str, as_json: bool, **options: Any) -> None:
    """Publish the web page at URL into SESSION.

    In a pipe, only the ID of the render is printed.
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
