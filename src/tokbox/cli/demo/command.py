"""``tokbox demo``: all of it at work on this machine, without an account."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
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
from tokbox.cli.common.params import Command, json_option
from tokbox.cli.demo.race import ROUNDS, Lane, race

if TYPE_CHECKING:
    from tokbox.cli.demo.walkthrough import Tour

__all__ = ["demo"]


@click.command(cls=Command)
@click.option(
    "-n",
    "n",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default="1_000_000",
    metavar="N",
    help="How many tokens to sign.",
)
@json_option
def demo(n: int, as_json: bool) -> None:
    """See it all at work on this machine, without an account.

    Starts an emulator, creates a session, signs N tokens, lets a client join with one of
    them, records it, and compares the speed with the official Python SDK's if that is
    installed (pip install opentok). It fails if anything does not hold.
    """
    from tokbox._fastsign import kernels
    from tokbox.cli.demo.walkthrough import tour
    from tokbox.emulator import serve
    from tokbox.rest.client import Tokbox
    from tokbox.tokens.crew import cpu_count

    # The client would load it with its first request, and that step would seem slow.
    import_module("tokbox.transport.urllib3_transport")
    threads = cpu_count()
    with (
        serve() as server,
        # The way to this machine leads through no proxy.
        Tokbox(server.api_key, server.secret, server.url, trust_env=False) as client,
    ):
        with progress("Signing", n, show=shows_progress()) as advance:
            seen = tour(client, server.url, n, advance)
        with _waiting("Measuring how fast tokens are signed, in turns ..."):
            lanes, compared = race(seen.session, server.api_key, server.secret, n, threads)
        kernel = kernels()["active"]["sha1"]
        if as_json:
            print_json(_document(seen, lanes, compared, n, kernel, threads, server.url))
        else:
            _print_tour(seen, server.url)
            _print_race(lanes, compared, kernel)
            _print_next()


def _document(
    seen: Tour,
    lanes: list[Lane],
    compared: bool,
    n: int,
    kernel: str,
    threads: int,
    url: str,
) -> dict[str, Any]:
    return {
        "ok": True,
        "emulator": url,
        "session_id": seen.session.session_id,
        "tokens": n,
        "kernel": kernel,
        "cpus": threads,
        "steps": [
            {"step": step.what, "seconds": round(step.seconds, 6), "result": step.result}
            for step in seen.steps
        ],
        "official_sdk_installed": compared,
        "rates": [
            {
                "how": lane.name,
                "tokens_per_round": lane.n,
                "tokens_per_second": round(lane.tokens_per_second),
                "times_official_sdk": round(ratio, 2) if ratio else None,
            }
            for lane, ratio in zip(lanes, _ratios(lanes, compared), strict=True)
        ],
    }


def _ratios(lanes: list[Lane], compared: bool) -> list[float]:
    if not compared:
        return [0.0] * len(lanes)
    official = lanes[-1].tokens_per_second
    return [lane.tokens_per_second / official for lane in lanes]


def _print_tour(seen: Tour, url: str) -> None:
    print_table(
        ("WHAT HAPPENED", "TOOK", "RESULT"),
        [(step.what, span(step.seconds), step.result) for step in seen.steps],
        right=(1,),
        title=f"tokbox against its emulator on {url}",
    )


def _print_race(lanes: list[Lane], compared: bool, kernel: str) -> None:
    print()
    header = ["T1 TOKENS AS A LIST OF STRINGS", "A SECOND"]
    rows = [[lane.name, f"{lane.tokens_per_second:,.0f}"] for lane in lanes]
    if compared:
        header.append("TIMES OFFICIAL SDK")
        for row, ratio in zip(rows, _ratios(lanes, compared), strict=True):
            row.append(f"{ratio:.1f}")
    print_table(
        header,
        rows,
        right=(1, 2),
        title=f"Medians of {ROUNDS} rounds in turns; SHA-1 kernel: {kernel}",
    )
    if not compared:
        print("The official Python SDK is not installed (pip install opentok).")


def _print_next() -> None:
    lines = (
        "What next:  tokbox emulator    keep one running, and point your code at it",
        "            tokbox --help      sessions, tokens by the million, archives",
    )
    print()
    out = console() if is_terminal(sys.stdout) else None
    for line in lines:
        if out is None:
            print(line)
        else:
            out.print(line, style="green")


@contextlib.contextmanager
def _waiting(message: str) -> Iterator[None]:
    """Show *message* meanwhile; it stands still, since drawing would cost time too."""
    show = shows_progress()
    if show:
        print(message, end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if show:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
