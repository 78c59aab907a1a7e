"""``tokbox broadcast``: live broadcasts of sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.composition import composition_options
from tokbox.cli.common.formatting import span
from tokbox.cli.common.listing import (
    add_get,
    age,
    collect_of,
    confirm,
    created,
    page_options,
    show,
    show_id,
    show_list,
)
from tokbox.cli.common.params import (
    Count,
    Group,
    client_options,
    json_option,
    parse_session,
    read_file,
    session_argument,
)

if TYPE_CHECKING:
    from tokbox.literals import LayoutName
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.broadcasts import Broadcast, RtmpTarget

__all__ = ["broadcast"]

_argument = click.argument("broadcast_id", metavar="BROADCAST")


@click.group(cls=Group)
def broadcast() -> None:
    """Broadcast sessions over HLS and RTMP."""


@broadcast.command()
@session_argument
@click.option("--hls", is_flag=True, help="Broadcast over HLS, for any number of viewers.")
@click.option("--dvr", is_flag=True, help="With --hls: viewers can rewind.")
@click.option("--low-latency", is_flag=True, help="With --hls: reduce the delay.")
@click.option(
    "--rtmp-file",
    "rtmp",
    metavar="FILE",
    help="Broadcast to the RTMP servers in this file; - reads standard input. Each line "
    "has the URL of a server, the stream name or key, and an optional ID, separated by "
    "spaces.",
)
@click.option(
    "--max-duration",
    type=Count(),
    metavar="SECONDS",
    help="Stop after this time: 60 to 36000 seconds.",
)
@click.option(
    "--tag",
    "multi_broadcast_tag",
    metavar="TEXT",
    help="A tag, which is needed to broadcast a session twice at the same time.",
)
@composition_options
@json_option
@client_options
def start(
    client: Tokbox,
    session_id: str,
    hls: bool,
    dvr: bool,
    low_latency: bool,
    rtmp: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Start to broadcast SESSION, with --hls, --rtmp-file, or both.

    A client must be connected to the session. In a pipe, only the broadcast ID is printed.
    """
    from tokbox.rest.resources.broadcasts import Hls

    if (dvr or low_latency) and not hls:
        raise click.UsageError("--dvr and --low-latency need --hls")
    made = client.broadcasts.start(
        session_id,
        hls=Hls(dvr=dvr or None, low_latency=low_latency or None) if hls else False,
        rtmp=[] if rtmp is None else _targets(read_file(rtmp, "--rtmp-file", "targets")),
        **options,
    )
    show_id(made, _rows(made), as_json)


@broadcast.command()
@_argument
@json_option
@client_options
def stop(client: Tokbox, broadcast_id: str, as_json: bool) -> None:
    """Stop a broadcast."""
    stopped = client.broadcasts.stop(broadcast_id)
    show(stopped, _rows(stopped), as_json)


@broadcast.command("list")
@click.option(
    "--session-id",
    metavar="SESSION",
    callback=parse_session,
    help="List only the broadcasts of this session.",
)
@page_options
@json_option
@client_options
def list_(client: Tokbox, session_id: str | None, as_json: bool, **chosen: Any) -> None:
    """List the broadcasts in progress, newest first."""
    found, rest = collect_of(client.broadcasts, session_id, **chosen)
    show_list(found, _COLUMNS, as_json, rest=rest)


@broadcast.command()
@_argument
@click.argument("layout", metavar="LAYOUT")
@json_option
@client_options
def layout(client: Tokbox, broadcast_id: str, layout: LayoutName, as_json: bool) -> None:
    """Change the layout of a broadcast.

    LAYOUT is bestFit, pip, verticalPresentation or horizontalPresentation.
    """
    client.broadcasts.set_layout(broadcast_id, layout)
    confirm("arranged", broadcast_id, as_json)


def _targets(text: str) -> list[RtmpTarget]:
    from tokbox.rest.resources.broadcasts import RtmpTarget

    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if not 2 <= len(words) <= 3:
            # The line is not quoted, because it has a key.
            problem = f"line {number} must be a URL, a stream name and an optional ID"
            raise click.UsageError(f"--rtmp-file: {problem}")
        found.append(RtmpTarget(*words))
    return found


def _rtmp(one: Broadcast) -> str:
    return " ".join(f"{each.server_url} ({each.status})" for each in one.urls.rtmp)


def _rows(one: Broadcast) -> list[tuple[str, object]]:
    return [
        ("id", one.id),
        ("status", one.status),
        ("session", one.session_id),
        ("created", created(one)),
        ("at most", span(one.max_duration) if one.max_duration else ""),
        ("streams", one.stream_mode),
        ("resolution", one.resolution),
        ("tag", one.multi_broadcast_tag),
        ("hls", one.urls.hls),
        ("hls status", one.urls.hls_status),
        ("rtmp", _rtmp(one)),
    ]


_COLUMNS: Sequence[tuple[str, Callable[[Broadcast], object]]] = (
    ("ID", lambda one: one.id),
    ("STATUS", lambda one: one.status),
    ("CREATED", age),
    ("HLS", lambda one: one.urls.hls_status),
    ("RTMP", lambda one: len(one.urls.rtmp) or ""),
    ("TAG", lambda one: one.multi_broadcast_tag),
)


add_get(broadcast, "broadcast", lambda client, id: client.broadcasts.get(id), _rows)
