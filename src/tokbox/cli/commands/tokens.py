"""``tokbox token`` and ``tokbox tokens``: sign tokens."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from tokbox.cli.common.formatting import rate, span
from tokbox.cli.common.output import note, print_json, progress, shows_progress
from tokbox.cli.common.params import (
    Claims,
    Command,
    Count,
    Option,
    claim_options,
    client_options,
    json_option,
    session_argument,
)
from tokbox.cli.common.paths import check_paths, credential_files

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.sessions import Session

__all__ = ["token", "tokens"]


@click.command(cls=Command)
@session_argument
@claim_options
@json_option
@client_options
def token(client: Tokbox, session_id: str, claims: Claims, as_json: bool) -> None:
    """Sign one token.

    The token is signed on this machine: no request is sent. With SESSION -, the session ID
    is read from standard input.
    """
    made = client.session(session_id).token(**claims)
    if not as_json:
        print(made)
        return
    from tokbox.tokens.claims import TEXTS
    from tokbox.tokens.verification.verify import decode

    decoded = decode(made)
    print_json(
        {
            "token": made,
            "session_id": decoded.session_id,
            "role": decoded.role,
            "create_time": decoded.create_time,
            "expire_time": decoded.expire_time,
            **{name: getattr(decoded, name) for name, *_ in TEXTS},
            "initial_layout_class_list": list(decoded.initial_layout_class_list),
        }
    )


@click.command(cls=Command)
@session_argument
@click.option(
    "-n",
    "n",
    type=Count(),
    required=True,
    metavar="N",
    help="The number of tokens, such as 1_000_000 or 1e6.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Write one token per line to this file; - writes to standard output. The suffix "
    ".gz or .zst compresses the file.",
    show_default="standard output",
    cls=Option,
)
@click.option("--threads", "multithread", is_flag=True, help="Use all CPUs.")
@claim_options
@json_option
@client_options
def tokens(
    client: Tokbox,
    session_id: str,
    n: int,
    output: str,
    multithread: bool,
    claims: Claims,
    as_json: bool,
) -> None:
    """Sign N different tokens.

    The tokens are signed on this machine: no request is sent. Memory does not grow with N.
    FILE is created when it is complete, so an interrupted run leaves no file. With SESSION
    -, the session ID is read from standard input.

    With --json and without FILE, the tokens are printed as a JSON array. With --json and
    FILE, FILE still has one token per line, and a summary is printed.
    """
    from tokbox.cli.common.prefetch import prefetch
    from tokbox.cli.tables.codecs import open_output
    from tokbox.cli.tables.formats import check_suffix
    from tokbox.tokens.batch import write_all

    check_suffix("--output", output, ("text",))
    standard = {"standard output": "-"} if as_json and output != "-" else {}
    check_paths(credential_files(), {**standard, "--output": output})
    session = client.session(session_id)
    if output == "-" and as_json:
        _print_array(session, n, multithread, claims)
        return
    start = time.perf_counter()
    with open_output(output) as file:
        show = shows_progress(file)
        with progress("Signing", n, show=show) as advance:
            # Writing takes most of the time, so tokens are signed meanwhile.
            signed = session._lines(n, multithread=multithread, **claims)
            for done, lines in prefetch(signed):
                write_all(file, lines)
                del lines
                advance(done)
    seconds = time.perf_counter() - start
    if as_json:
        print_json(
            {
                "file": output,
                "tokens": n,
                "seconds": round(seconds, 6),
                "tokens_per_second": round(n / seconds) if seconds else None,
            }
        )
    elif show:
        note(f"{n:,} tokens in {span(seconds)} ({rate(n, seconds)})")


def _print_array(session: Session, n: int, multithread: bool, claims: Claims) -> None:
    batches = session.iter_batches(n, multithread=multithread, **claims)
    separator = "[\n"
    for batch in batches:
        # Tokens are ASCII without quotes or backslashes: JSON as they are.
        sys.stdout.write(separator + '"' + '",\n"'.join(batch) + '"')
        separator = ",\n"
    print("\n]" if n else "[]")
