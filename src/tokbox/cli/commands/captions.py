"""``tokbox captions``: live captions of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.formatting import span
from tokbox.cli.common.listing import add_stop, created, show_id
from tokbox.cli.common.params import (
    Count,
    Group,
    client_options,
    json_option,
    session_argument,
)

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.captions import Captions

__all__ = ["captions"]


@click.group(cls=Group)
def captions() -> None:
    """Start and stop live captions."""


@captions.command()
@session_argument
@click.option(
    "--language",
    "language_code",
    metavar="CODE",
    help="The spoken language, such as fr-FR (BCP 47); en-US if not given.",
)
@click.option(
    "--max-duration",
    type=Count(),
    metavar="SECONDS",
    help="Stop after this time: 300 to 14400 seconds.",
)
@click.option(
    "--partial/--no-partial",
    "partial_captions",
    default=None,
    help="Also send captions of sentences that are not finished.",
)
@click.option(
    "--callback",
    "status_callback_url",
    metavar="URL",
    help="Send each change of status to this URL.",
)
@json_option
@client_options
def start(client: Tokbox, session_id: str, as_json: bool, **options: Any) -> None:
    """Start live captions in SESSION.

    In a pipe, only the ID of the captions is printed.
    """
    made = client.captions.start(session_id, **options)
    show_id(made, _rows(made), as_json)


def _rows(one: Captions) -> list[tuple[str, object]]:
    return [
        ("id", one.id),
        ("status", one.status),
        ("session", one.session_id),
        ("reason", one.reason),
        ("created", created(one)),
        ("length", span(one.duration) if one.duration else ""),
        ("language", one.language_code),
    ]


add_stop(captions, "captions", lambda client, id: client.captions.stop(id))
