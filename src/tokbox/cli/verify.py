"""``tokbox verify``: which tokens of a table hold."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.dialect import dialect_options
from tokbox.cli.inspect import REFUSED
from tokbox.cli.options import Command, client_options, json_option
from tokbox.cli.output import print_json, print_record, progress, shows_progress
from tokbox.cli.paths import check_paths, credential_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokbox.cli.tables.table import Bad, Piece
    from tokbox.rest.client import Tokbox

__all__ = ["verify"]

_FORMATS = ("csv", "ndjson", "parquet", "text")


@click.command(cls=Command)
@click.argument("source", metavar="FILE")
@click.option(
    "--format",
    "kind_of_file",
    type=click.Choice(_FORMATS),
    help="What FILE is, if its name does not say so: .csv, .ndjson, .jsonl, .parquet, or "
    ".txt for a token a line. Behind it, .gz or .zst says that FILE is compressed.",
)
@dialect_options
@click.option(
    "--token-column",
    default="token",
    show_default=True,
    metavar="NAME",
    help="Which column the tokens are.",
)
@click.option("--session", "session_id", metavar="SESSION", help="They must be its tokens.")
@click.option(
    "--rejects",
    metavar="OUTPUT",
    help="List tokens that are not valid, as CSV of row, field and reason. The first row "
    "of FILE is 1; a header and empty lines are not counted.",
)
@click.option("--threads", "multithread", is_flag=True, help="Verify on all CPUs.")
@json_option
@client_options
@click.pass_context
def verify(context: click.Context, /, client: Tokbox, **options: Any) -> None:
    """Find out which tokens of a table hold, with the credentials.

    FILE is CSV, NDJSON, Parquet or text with a token a line; - is standard input. Memory
    does not grow with it. Exit code 4 means that a token does not hold.
    """
    if _verify(client, **options):
        context.exit(REFUSED)


def _verify(
    client: Tokbox,
    *,
    source: str,
    kind_of_file: str | None,
    token_column: str,
    session_id: str | None,
    rejects: str | None,
    multithread: bool,
    as_json: bool,
    delimiter: str | None,
    encoding: str | None,
) -> int:
    """Verify, and say what was found; return how many tokens do not hold."""
    from tokbox.cli.tables.ahead import ahead
    from tokbox.cli.tables.formats import (
        check_dialect,
        check_suffix,
        format_of,
        open_table,
        reading,
        size_of,
    )
    from tokbox.cli.tables.rejects import HEADER, lines
    from tokbox.cli.tables.runs import opened
    from tokbox.cli.tables.table import Place, check_names
    from tokbox.tokens.batch import write_all

    if rejects == "-":
        raise click.UsageError(
            "--rejects needs a file: standard output says what was found"
        )
    kind = format_of(source, kind_of_file, _FORMATS)
    check_dialect(kind, delimiter, encoding)
    if rejects is not None:
        check_suffix("--rejects", rejects, ("csv", "text"))
        reads = {"FILE": source, **credential_files()}
        check_paths(reads, {"standard output": "-", "--rejects": rejects})
    application = not client.project_id.isdecimal()
    reasons: Counter[str] = Counter()
    rows, now = 0, time.time()
    with (
        reading(source, kind, encoding) as file,
        opened(rejects if rejects is not None else os.devnull) as refused,
    ):
        table = open_table(
            file,
            kind,
            application=application,
            columns=(token_column,),
            delimiter=delimiter,
        )
        if table.names is not None:
            check_names(table.names, {"token_column": token_column})
        elif kind == "ndjson":
            table.check({"token_column": token_column})
        write_all(refused, HEADER)
        size = size_of(source, encoding)
        total = size if table.rows is None else table.rows
        with progress("Verifying", total, show=shows_progress(), unit="rows") as advance:
            for piece in ahead(table.pieces(Place())):
                verification = client.verify_many(
                    piece.column(token_column),
                    session_id=session_id,
                    now=now,
                    multithread=multithread,
                )
                bad = dict(_judged(piece, verification.failures))
                reasons.update(reason for reason, _ in bad.values())
                write_all(refused, lines(bad[row][1] for row in sorted(bad)))
                rows = piece.end.rows
                advance(rows if table.rows is not None else piece.end.offset, rows)
    _report(rows, reasons, as_json)
    return reasons.total()


def _judged(piece: Piece, failures: Any) -> Iterator[tuple[int, tuple[str, Bad]]]:
    """Why tokens do not hold, in one word and in a sentence, by row."""
    for index, error in failures.items():
        row = piece.start.rows + 1 + index
        yield row, (error.reason, (row, "token", f"{error.reason}: {error}"))
    for each in piece.bad:
        yield each[0], ("malformed", each)


def _report(rows: int, reasons: Counter[str], as_json: bool) -> None:
    failed = reasons.total()
    if as_json:
        print_json(
            {
                "tokens": rows,
                "good": rows - failed,
                "refused": failed,
                "reasons": dict(sorted(reasons.items())),
            }
        )
        return
    found = [(reason.replace("_", " "), f"{n:,}") for reason, n in sorted(reasons.items())]
    record = [("tokens", f"{rows:,}"), ("good", f"{rows - failed:,}"), *found]
    print_record(record, styles=["", "bold green", *["bold red"] * len(found)])
