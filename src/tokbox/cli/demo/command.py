"""``tokbox demo``: a tour that needs no account."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.formatting import span
from tokbox.cli.common.output import (
    console,
    is_terminal,
    print_json,
    print_table,
    progress,
    shows_progress,
)
from tokbox.cli.common.params import Command, Count, Option, json_option

if TYPE_CHECKING:
    from tokbox.cli.demo.walkthrough import Walkthrough

__all__ = ["demo"]


@click.command(cls=Command)
@click.option(
    "-n",
    "n",
    type=Count(min=1),
    default=1_000_000,
    show_default="1_000_000",
    cls=Option,
    metavar="N",
    help="The number of tokens to sign.",
)
@json_option
def demo(n: int, as_json: bool) -> None:
    """Try tokbox on this machine, without an account.

    Starts an emulator, creates a session, signs N tokens, connects a client with one of
    them, and records an archive. Prints how long each step took. Exit code 1 means that a
    check failed.
    """
    from tokbox._fastsign import kernels
    from tokbox.cli.demo.walkthrough import walk_through
    from tokbox.emulator import serve
    from tokbox.rest.client import Tokbox

    # Imported here, because the first request would import it, and would seem slow.
    import_module("tokbox.transport.urllib3_transport")
    with (
        serve() as server,
        # Requests to this machine must not go through a proxy.
        Tokbox(server.api_key, server.secret, server.url, trust_env=False) as client,
        progress("Signing", n, show=shows_progress()) as advance,
    ):
        done = walk_through(client, server.url, n, advance)
    kernel = kernels()["active"]["sha1"]
    if as_json:
        print_json(_document(done, n, kernel, server.url))
    else:
        _print_steps(done, kernel, server.url)
        _print_next()


def _document(done: Walkthrough, n: int, kernel: str, url: str) -> dict[str, Any]:
    return {
        "ok": True,
        "emulator": url,
        "session_id": done.session_id,
        "tokens": n,
        "kernel": kernel,
        "steps": [
            {"step": step.what, "seconds": round(step.seconds, 6), "result": step.result}
            for step in done.steps
        ],
    }


def _print_steps(done: Walkthrough, kernel: str, url: str) -> None:
    print_table(
        ("STEP", "TIME", "RESULT"),
        [(step.what, span(step.seconds), step.result) for step in done.steps],
        right=(1,),
        title=f"tokbox against its emulator on {url}; SHA-1 kernel: {kernel}",
    )


def _print_next() -> None:
    lines = (
        "Next steps:  tokbox emulator    run an emulator for your own code",
        "             tokbox --help      list all commands",
    )
    print()
    out = console() if is_terminal(sys.stdout) else None
    for line in lines:
        if out is None:
            print(line)
        else:
            out.print(line, style="green")
