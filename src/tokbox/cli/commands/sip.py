"""``tokbox dial`` and ``dtmf``: telephones in a session."""

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
@click.option("--from", "from_", metavar="USER@HOST", help="Who calls.")
@click.option(
    "--header",
    "headers",
    metavar="'X-NAME: VALUE'",
    multiple=True,
    help="A header of the call; may be repeated.",
)
@click.option("--user", metavar="NAME", help="Who we are to the gateway.")
@click.option(
    "--password-file",
    metavar="FILE",
    help="A file that holds that user's password; - is standard input.",
)
@click.option("--secure", is_flag=True, help="Encrypt sound and pictures.")
@click.option("--video", is_flag=True, help="With pictures.")
@click.option(
    "--observe-force-mute", is_flag=True, help="Let muting count for the callee, too."
)
@click.option(
    "--stream",
    "streams",
    metavar="STREAM",
    multiple=True,
    help="Only this one is heard; may be repeated.",
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
    """Call URI, and let whoever answers take part in SESSION.

    In a pipe the call's id is printed alone. To hang up, disconnect its connection.
    """
    from tokbox.rest.resources.sip import SipAuth

    if (user is None) is not (password_file is None):
        raise click.UsageError("--user and --password-file go together")
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
@click.option("--to", "connection_id", metavar="CONNECTION", help="Only to this call.")
@json_option
@client_options
def dtmf(
    client: Tokbox, session_id: str, digits: str, connection_id: str | None, as_json: bool
) -> None:
    """Play tones to the calls of SESSION: 0 to 9, *, #, and p for a pause.

    DIGITS may be -: standard input, for what nobody else is to read.
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
            raise click.UsageError("--header must be a name and a value: 'X-NAME: VALUE'")
        found[name.strip()] = value.strip()
    return found
