"""``tokbox archive``: recordings of sessions."""

from __future__ import annotations

import itertools
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.options import (
    Group,
    client_options,
    json_option,
    session_argument,
    take_session,
)
from tokbox.cli.output import is_terminal, note, print_json, print_record, print_table
from tokbox.cli.wording import ago, moment, size, span
from tokbox.enums import OutputMode, StreamMode

if TYPE_CHECKING:
    from tokbox.rest.archive_types import Archive
    from tokbox.rest.client import Tokbox

__all__ = ["archive"]


@click.group(cls=Group)
def archive() -> None:
    """Record sessions, and manage the recordings."""


@archive.command()
@session_argument
@click.option("--name", metavar="TEXT", help="A name for people.")
@click.option("--audio/--no-audio", "has_audio", default=True, help="Record sound.")
@click.option("--video/--no-video", "has_video", default=True, help="Record pictures.")
@click.option(
    "--output-mode",
    type=click.Choice([mode.value for mode in OutputMode]),
    default=OutputMode.COMPOSED.value,
    show_default=True,
    help="One file for all streams, or one for each.",
)
@click.option("--resolution", metavar="WxH", help="Of a composed archive: 1280x720 ...")
@click.option("--layout", metavar="NAME", help="Of a composed archive: bestFit, pip ...")
@click.option(
    "--stream-mode",
    type=click.Choice([mode.value for mode in StreamMode]),
    default=StreamMode.AUTO.value,
    show_default=True,
    help="All streams, or those that are added by calls.",
)
@click.option(
    "--tag",
    "multi_archive_tag",
    metavar="TEXT",
    help="Tells archives of one session apart that run at once.",
)
@click.option(
    "--max-bitrate", type=int, metavar="N", help="Of a composed archive, in bits/s."
)
@json_option
@client_options
def start(client: Tokbox, session_id: str, as_json: bool, **options: Any) -> None:
    """Start to record SESSION.

    A client must be connected to it. In a pipe the archive id is printed alone, so that
    A=$(tokbox archive start ...) works. SESSION may be -: standard input.
    """
    _show_id(client.archives.start(session_id, **options), as_json)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@json_option
@client_options
def stop(client: Tokbox, archive_id: str, as_json: bool) -> None:
    """Stop a recording.

    To stop a stopped one again is no error.
    """
    _show(client.archives.stop(archive_id), as_json)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@json_option
@client_options
def get(client: Tokbox, archive_id: str, as_json: bool) -> None:
    """Show a recording as it is now.

    Once it is available there is a link to download it, which is good for ten minutes,
    for whoever has it.
    """
    _show(client.archives.get(archive_id), as_json)


@archive.command("list")
@click.option("--session", "session_id", callback=take_session, help="Only of this one.")
@click.option("--offset", type=int, default=0, show_default=True, help="Leave out so many.")
@click.option(
    "--count", type=int, default=50, show_default=True, help="At most so many, up to 1000."
)
@click.option("--all", "everything", is_flag=True, help="All of them, page by page.")
@json_option
@client_options
def list_(
    client: Tokbox,
    session_id: str | None,
    offset: int,
    count: int,
    everything: bool,
    as_json: bool,
) -> None:
    """List recordings, newest first."""
    if everything:
        every = client.archives.iter(session_id)
        found = list(itertools.islice(every, offset, None))
        total = offset + len(found)
    else:
        page = client.archives.list(offset, count, session_id)
        found, total = list(page), page.total
    if as_json:
        print_json([_document(each) for each in found])
        return
    print_table(
        ("ID", "STATUS", "CREATED", "LENGTH", "SIZE", "NAME"),
        [
            (
                each.id,
                each.status,
                _age(each) if is_terminal(sys.stdout) else _created(each),
                span(each.duration) if each.duration else "",
                size(each.size) if each.size else "",
                each.name,
            )
            for each in found
        ],
        right=(3, 4),
    )
    if offset + len(found) < total:
        note(f"{len(found)} of {total:,}; for the others: --offset, or --all")


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@json_option
@client_options
def delete(client: Tokbox, archive_id: str, as_json: bool) -> None:
    """Delete a recording.

    It must be available or uploaded; to delete it again is no error.
    """
    client.archives.delete(archive_id)
    if as_json:
        print_json({"id": archive_id, "deleted": True})
    else:
        print_record([("deleted", archive_id)])


def _created(one: Archive) -> str:
    return "" if one.created_at is None else moment(one.created_at / 1000)


def _age(one: Archive) -> str:
    """Say when it was made in the few characters that a terminal has for it."""
    return "" if one.created_at is None else ago(one.created_at / 1000, time.time())


def _document(one: Archive) -> dict[str, Any]:
    document = one.to_dict()
    # The key of an encrypted file is nothing to leave in a log.
    document.pop("password", None)
    return document


def _show_id(one: Archive, as_json: bool) -> None:
    if as_json or is_terminal(sys.stdout):
        _show(one, as_json)
    else:
        print(one.id)


def _show(one: Archive, as_json: bool) -> None:
    if as_json:
        print_json(_document(one))
        return
    rows: list[tuple[str, object]] = [
        ("id", one.id),
        ("status", one.status),
        ("session", one.session_id),
        ("name", one.name),
        ("reason", one.reason),
        ("created", _created(one)),
        ("length", span(one.duration) if one.duration else ""),
        ("size", size(one.size) if one.size else ""),
        ("output", one.output_mode),
        ("streams", one.stream_mode),
        ("resolution", one.resolution),
        ("tag", one.multi_archive_tag),
        ("url", one.url),
    ]
    print_record([row for row in rows if row[1]], styles=["bold"])
