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

    Nothing is sent: it is made here, from the API secret. SESSION may be -: standard
    input.
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
@click.option("-n", "n", type=int, required=True, metavar="N", help="How many: 1_000_000.")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Where to, one token a line; standard output without it, or if it is -. A name "
    "that ends in .gz or .zst is of a compressed file.",
)
@click.option(
    "--threads",
    "--multithread",
    "multithread",
    is_flag=True,
    help="Sign on all CPUs.",
)
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
    """Sign N distinct tokens.

    Nothing is sent. Memory does not grow with N. FILE appears when it is whole: an
    interrupted run leaves nothing behind. SESSION may be -: standard input.

    With --json, FILE is still one token a line, and what is printed tells about it;
    without FILE the tokens are printed as an array.
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
