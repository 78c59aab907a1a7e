"""``tokbox dial`` and ``dtmf``: SIP calls and tones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.listing import confirm, created, show_id
from tokbox.cli.common.params import (
    Command,
    client_options,
    json_option,
    read_secret,
    read_stdin,
    session_argument,
)

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox

__all__ = ["dial", "dtmf"]


@click.command(cls=Command)
@session_argument
@click.argument("uri", metavar="URI")
@click.option("--from", "from_", metavar="USER@HOST", help="The caller.")
@click.option(
    "--header",
    "headers",
    metavar="'X-NAME: VALUE'",
    multiple=True,
    help="A custom header of the call; can be repeated.",
)
@click.option("--user", metavar="NAME", help="The user name for the SIP gateway.")
@click.option(
    "--password-file",
    metavar="FILE",
    help="Read the password for the SIP gateway from this file; - reads standard input.",
)
@click.option("--secure", is_flag=True, help="Encrypt audio and video (SRTP).")
@click.option("--video", is_flag=True, help="Include video.")
@click.option(
    "--observe-force-mute", is_flag=True, help="Mute the call when its stream is muted."
)
@click.option(
    "--stream-id",
    "streams",
    metavar="STREAM",
    multiple=True,
    help="Play only this stream in the call; can be repeated.",
)
@json_option
@client_options
def dial(
    client: Tokbox,
    session_id: str,
    uri: str,
    user: str | None,
    password_file: str | None,
    headers: tuple[str, ...],
    streams: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Call the SIP URI, and connect the call to SESSION.

    In a pipe, only the ID of the call is printed. To hang up, disconnect the connection of
    the call: tokbox disconnect SESSION CONNECTION.
    """
    from tokbox.rest.resources.sip import SipAuth

    if (user is None) is not (password_file is None):
        raise click.UsageError("use --user and --password-file together")
    auth = None
    if user is not None and password_file is not None:
        password = read_secret(password_file, "--password-file", "the password")
        auth = SipAuth(user, password)
    call = client.sip.dial(
        session_id,
        uri,
        auth=auth,
        headers=_headers(headers) or None,
        streams=streams or None,
        **{name: value or None for name, value in options.items()},
    )
    rows = [
        ("id", call.id),
        ("connection", call.connection_id),
        ("stream", call.stream_id),
        ("session", call.session_id),
        ("created", created(call)),
    ]
    show_id(call, rows, as_json)


@click.command(cls=Command)
@session_argument
@click.argument("digits", metavar="DIGITS")
@click.option(
    "--to",
    "connection_id",
    metavar="CONNECTION",
    help="Play the tones only to this connection.",
)
@json_option
@client_options
def dtmf(
    client: Tokbox, session_id: str, digits: str, connection_id: str | None, as_json: bool
) -> None:
    """Play DTMF tones to the SIP calls of SESSION.

    DIGITS are 0 to 9, * and #, and p for a pause of half a second. With -, they are read
    from standard input, where other users of this machine cannot see them.
    """
    if digits == "-":
        digits = read_stdin("digits").strip()
    client.sip.play_dtmf(session_id, digits, connection_id=connection_id)
    confirm("played", connection_id or session_id, as_json)


def _headers(lines: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise click.UsageError(
                "--header must be a name and a value, such as 'X-Room: 7'"
            )
        found[name.strip()] = value.strip()
    return found
