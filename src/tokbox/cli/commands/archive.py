"""``tokbox archive``: recordings of sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, get_args

import click

from tokbox.cli.common.composition import composition_options
from tokbox.cli.common.formatting import size, span
from tokbox.cli.common.listing import (
    age,
    collect_of,
    confirm,
    created,
    page_options,
    public,
    show,
    show_id,
    show_list,
)
from tokbox.cli.common.output import print_json, progress, shows_progress, waiting
from tokbox.cli.common.params import (
    Group,
    client_options,
    json_option,
    parse_session,
    session_argument,
    timeout_option,
)
from tokbox.enums import OutputMode
from tokbox.literals import ArchiveStatusName

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.archives import Archive

__all__ = ["archive"]


@click.group(cls=Group)
def archive() -> None:
    """Record sessions, and manage their archives."""


@archive.command()
@session_argument
@click.option("--name", metavar="TEXT", help="The name of the archive.")
@click.option(
    "--output-mode",
    type=click.Choice([mode.value for mode in OutputMode]),
    default=OutputMode.COMPOSED.value,
    show_default=True,
    help="One file for all streams (composed), or one for each (individual).",
)
@click.option(
    "--tag",
    "multi_archive_tag",
    metavar="TEXT",
    help="A tag, which is needed to record a session twice at the same time.",
)
@composition_options
@json_option
@client_options
def start(client: Tokbox, session_id: str, as_json: bool, **options: Any) -> None:
    """Start to record SESSION.

    A client must be connected to the session. In a pipe, only the archive ID is printed:
    ARCHIVE=$(tokbox archive start ...).
    """
    made = client.archives.start(session_id, **options)
    show_id(made, _rows(made), as_json, _document)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@json_option
@client_options
def stop(client: Tokbox, archive_id: str, as_json: bool) -> None:
    """Stop an archive.

    It is not an error if the archive has already stopped.
    """
    stopped = client.archives.stop(archive_id)
    show(stopped, _rows(stopped), as_json, _document)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@json_option
@client_options
def get(client: Tokbox, archive_id: str, as_json: bool) -> None:
    """Show the current state of an archive.

    An available archive has a URL for the download. It works for ten minutes, and needs no
    credentials.
    """
    found = client.archives.get(archive_id)
    show(found, _rows(found), as_json, _document)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@click.option(
    "--until",
    type=click.Choice(get_args(ArchiveStatusName)),
    default="available",
    show_default=True,
    help="The status to wait for.",
)
@timeout_option("10m")
@json_option
@client_options
def wait(
    client: Tokbox, archive_id: str, until: ArchiveStatusName, timeout: int, as_json: bool
) -> None:
    """Wait until a recording has a status, and show it.

    The command fails at once if the recording can no longer get this status.
    """
    with waiting(f"Waiting until the archive is {until}"):
        found = client.archives.wait(archive_id, until=until, timeout=timeout)
    show(found, _rows(found), as_json, _document)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@click.argument("path", metavar="[FILE]", required=False)
@timeout_option("1h")
@json_option
@client_options
def download(
    client: Tokbox, archive_id: str, path: str | None, timeout: int, as_json: bool
) -> None:
    """Download the file of a recording that is available.

    The default of FILE is the archive id, with .zip for individual streams and .mp4
    otherwise. FILE appears when it is complete. To continue an interrupted download, run
    the same command again. Prints the path of the file.
    """
    if path is None:
        is_zip = client.archives.get(archive_id).output_mode == OutputMode.INDIVIDUAL
        path = f"{archive_id}{'.zip' if is_zip else '.mp4'}"
    with progress("Downloading", None, show=shows_progress()) as advance:
        file = client.archives.download(
            archive_id,
            path,
            progress=lambda done, total: advance(done, total=total),
            timeout=timeout,
        )
    if as_json:
        document = {"id": archive_id, "path": str(file), "size": file.stat().st_size}
        print_json(document)
    else:
        print(file)


@archive.command("list")
@click.option(
    "--session-id",
    metavar="SESSION",
    callback=parse_session,
    help="List only the archives of this session.",
)
@page_options
@json_option
@client_options
def list_(client: Tokbox, session_id: str | None, as_json: bool, **chosen: Any) -> None:
    """List archives, newest first."""
    found, rest = collect_of(client.archives, session_id, **chosen)
    show_list(found, _COLUMNS, as_json, document=_document, right=(3, 4), rest=rest)


@archive.command()
@click.argument("archive_id", metavar="ARCHIVE")
@json_option
@client_options
def delete(client: Tokbox, archive_id: str, as_json: bool) -> None:
    """Delete an archive.

    The archive must be available or uploaded. It is not an error if it was deleted before.
    """
    client.archives.delete(archive_id)
    confirm("deleted", archive_id, as_json)


def _document(one: Archive) -> dict[str, Any]:
    # The URL works for ten minutes, so it may be printed.
    return {**public(one), "url": one.url}


def _length(one: Archive) -> str:
    return span(one.duration) if one.duration else ""


def _size(one: Archive) -> str:
    return size(one.size) if one.size else ""


_COLUMNS: Sequence[tuple[str, Callable[[Archive], object]]] = (
    ("ID", lambda one: one.id),
    ("STATUS", lambda one: one.status),
    ("CREATED", age),
    ("LENGTH", _length),
    ("SIZE", _size),
    ("NAME", lambda one: one.name),
)


def _rows(one: Archive) -> list[tuple[str, object]]:
    return [
        ("id", one.id),
        ("status", one.status),
        ("session", one.session_id),
        ("name", one.name),
        ("reason", one.reason),
        ("created", created(one)),
        ("length", _length(one)),
        ("size", _size(one)),
        ("output", one.output_mode),
        ("streams", one.stream_mode),
        ("resolution", one.resolution),
        ("tag", one.multi_archive_tag),
        ("url", one.url),
    ]
