"""``tokbox sign``: a token for each row of a table."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from tokbox.cli.dialect import dialect_options
from tokbox.cli.files import beside
from tokbox.cli.options import Command, client_options, json_option
from tokbox.cli.output import complain, note, print_json, progress, shows_progress
from tokbox.cli.paths import check_paths, credential_files
from tokbox.cli.wording import rate, span

if TYPE_CHECKING:
    from tokbox.cli.tables.runs import Run
    from tokbox.cli.tables.signing import Tally
    from tokbox.rest.client import Tokbox
    from tokbox.tokens.signer import Signer

__all__ = ["sign"]

#: The exit code of a run that set rows apart.
REJECTED = 4

_FORMATS = ("csv", "ndjson", "parquet")


def _take_time(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | datetime | None:
    """Read seconds since the epoch, or a time as ISO 8601 has it."""
    if value is None or value.isdecimal():
        return None if value is None else int(value)
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise click.BadParameter("it must be seconds, or as 2026-01-31T12:00Z") from None


#: The claims that can have a default, by the names of their options.
_CLAIMS = {
    "session-id": "session_id",
    "role": "role",
    "connection-data": "connection_data",
    "expiration": "expiration",
    "layout-classes": "initial_layout_class_list",
}


def _take_defaults(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    """Read CLAIM=VALUE, as often as it is given; return values by names of arguments."""
    pairs = [each.partition("=") for each in value]
    for name, equals, _ in pairs:
        if not equals or name not in _CLAIMS:
            names = ", ".join(_CLAIMS)
            raise click.BadParameter(f"it must be CLAIM=VALUE; claims are {names}")
    return {_CLAIMS[name]: default for name, _, default in pairs}


@click.command(cls=Command)
@click.argument("source", metavar="INPUT")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Where to; standard output without it, or if it is -.",
)
@click.option(
    "--format",
    "kind_of_file",
    type=click.Choice(_FORMATS),
    help="What INPUT and FILE are, if its name does not say so: .csv, .ndjson, .jsonl, "
    ".parquet. Behind it, .gz or .zst says that a file is compressed.",
)
@dialect_options
@click.option("--session-id", required=True, metavar="VALUE", help="The session.")
@click.option(
    "--role",
    default="publisher",
    show_default=True,
    metavar="VALUE",
    help="What the holder may do.",
)
@click.option(
    "--connection-data",
    default="",
    metavar="VALUE",
    help="All clients in the session can read it.",
)
@click.option(
    "--expiration",
    default="24h",
    show_default=True,
    metavar="VALUE",
    help="Seconds, or 30m, 1h, 7d; at most 30d. 0 leaves it to the service.",
)
@click.option(
    "--layout-classes",
    "initial_layout_class_list",
    default="",
    metavar="VALUE",
    help="Names joined by spaces; in a column also lists of them.",
)
@click.option(
    "--default",
    "defaults",
    multiple=True,
    callback=_take_defaults,
    metavar="CLAIM=VALUE",
    help="The value of rows that have null (in CSV, an empty field) in a claim's column, "
    "as role=publisher; may be repeated.",
)
@click.option(
    "--kind",
    type=click.Choice(("t1", "jwt")),
    help="What an API key's tokens are: t1, unless this says jwt. Applications' are JWTs.",
)
@click.option(
    "--token-column",
    default="token",
    show_default=True,
    metavar="NAME",
    help="What the new column is called.",
)
@click.option(
    "--rejects",
    metavar="FILE",
    help="Set rows that cannot be signed apart, as CSV of row, field and reason. The first "
    "row of INPUT is 1; a header and empty lines are not counted.",
)
@click.option(
    "--error-column",
    metavar="NAME",
    help="With --engine ray or spark: sign all other rows, and add a column that says why "
    "a row has no token.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where an earlier run with --resume was ended, or begin such a run.",
)
@click.option(
    "--nonce",
    type=click.Choice(("random", "derived")),
    default="random",
    show_default=True,
    help="derived: who signs the same rows again gets equal tokens.",
)
@click.option("--run-id", metavar="TEXT", help="With derived: what names this run.")
@click.option(
    "--row-key",
    metavar="col:NAME",
    help="With derived: what tells rows apart. It must not repeat; a repetition far away "
    "is not noticed, and gives two rows one nonce.",
)
@click.option(
    "--issued-at",
    callback=_take_time,
    metavar="TIME",
    help="With derived: seconds since 1970, or 2026-01-31T12:00Z.",
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="NDJSON: accept a column that none of the first rows has. A row without it is "
    "signed as if it were empty.",
)
@click.option("--threads", "multithread", is_flag=True, help="Sign on all CPUs.")
@click.option(
    "--engine",
    type=click.Choice(("local", "ray", "spark")),
    default="local",
    show_default=True,
    help="What signs; ray and spark read and write folders of Parquet.",
)
@json_option
@client_options
@click.pass_context
def sign(context: click.Context, /, client: Tokbox, **options: Any) -> None:
    """Sign a token for each row of a table: CSV, NDJSON or Parquet.

    A VALUE counts for all rows, or is a column, as col:NAME. INPUT may be -: standard
    input. All columns stay as they are, and a column of tokens is added. Nothing is sent,
    and memory does not grow with the rows.

    FILE appears when it is complete, and replaces INPUT if it is the same file; with
    --rejects or --resume it must be another one. The first row that cannot be signed ends
    the run; with --rejects all others are signed, and exit code 4 says that some were not.
    CSV and NDJSON leave rejected rows out; Parquet keeps them, and their token is null.

    With --resume, a run that was ended in whatever way is continued by the same command:
    each row is in FILE once. With random nonces, rows of the last seconds are signed anew;
    with derived nonces FILE is the same, byte for byte, as without a break.
    """
    engine = options.pop("engine")
    if engine != "local":
        from tokbox.cli.tables.engines import sign_on

        column, output = options["error_column"], options["output"]
        rejected = sign_on(engine, client, options)
        if rejected:
            complain(f"{rejected:,} rows rejected: see the column {column} of {output}")
    elif options.pop("error_column") is not None:
        raise click.UsageError(
            "--error-column is for --engine ray and spark (others: --rejects FILE)"
        )
    else:
        rejected = _sign_here(client, **options)
    if rejected:
        context.exit(REJECTED)


def _sign_here(
    client: Tokbox,
    *,
    source: str,
    output: str,
    kind_of_file: str | None,
    token_column: str,
    rejects: str | None,
    resume: bool,
    multithread: bool,
    as_json: bool,
    allow_missing: bool,
    delimiter: str | None,
    encoding: str | None,
    **claims: Any,
) -> int:
    """Sign with the CPUs of this machine; return how many rows were rejected."""
    from tokbox.cli.tables.claims import RowClaims
    from tokbox.cli.tables.codecs import compression
    from tokbox.cli.tables.formats import (
        check_compression,
        check_dialect,
        check_suffix,
        format_of,
        open_table,
        reading,
        size_of,
    )
    from tokbox.cli.tables.runs import Run
    from tokbox.cli.tables.signing import Signing
    from tokbox.cli.tables.table import check_names

    _check_ends(source, output, rejects, resume, as_json)
    kind = format_of(output if source == "-" else source, kind_of_file)
    check_compression(output, kind)
    if kind_of_file is None:
        remedy = f"or say --format {kind} to keep that name"
        check_suffix("--output", output, (kind,), remedy)
    if rejects is not None:
        check_suffix("--rejects", rejects, ("csv", "text"))
    check_dialect(kind, delimiter, encoding)
    if resume and (encoding or any(map(compression, (source, output, rejects or "")))):
        raise click.UsageError(
            "--resume needs files that are not compressed, and input in UTF-8: it goes on "
            "from a place in each file"
        )
    rows = RowClaims.of(claims)
    signer = client._signer
    rows.check(signer)
    application = signer._is_application
    start = time.perf_counter()
    with reading(source, kind, encoding) as file:
        columns = rows.columns.values()
        table = open_table(
            file,
            kind,
            application=application,
            columns=columns,
            new=token_column,
            delimiter=delimiter,
        )
        if table.names is not None:
            check_names(table.names, rows.columns, token_column)
        elif not allow_missing:
            table.check(rows.columns, " or come with --allow-missing")
        signing = Signing(signer, rows, token_column, multithread)
        run = Run(table, kind == "parquet", signing, output, rejects)
        asked = None
        if resume:
            asked = {
                "format": kind,
                "token column": token_column,
                "mapping of columns": rows.columns,
                "set of defaults": rows.defaults,
                "set of values": {name: str(v) for name, v in rows.values.items()},
                "place for rejects": rejects and os.path.realpath(rejects),
                "key": _fingerprint(signer),
                "input": _input_identity(file),
            }
        size = size_of(source, encoding)
        tally, shown = _carry_out(run, asked, size)
    seconds = time.perf_counter() - start
    _report(tally, seconds, output, rejects, as_json=as_json, shown=shown)
    return tally.rejected


def _check_ends(
    source: str, output: str, rejects: str | None, resume: bool, as_json: bool
) -> None:
    """Refuse ends that exclude each other."""
    pipes = [path for path in (source, output, rejects) if path and _is_pipe(path)]
    if resume and pipes:
        raise click.UsageError("--resume needs files: a pipe cannot be read again")
    if resume and not hasattr(os, "pread"):
        raise click.UsageError("--resume needs a POSIX system, which can lock its journal")
    if output == "-" and (as_json or rejects == "-"):
        raise click.UsageError("only one can go to standard output: give --output FILE")
    credentials = credential_files()
    writes: dict[str, str | None] = {"standard output": "-"} if as_json else {}
    writes |= {"--output": output, "--rejects": rejects}
    check_paths(credentials, writes)
    if resume:
        _check_sidecars((output, rejects), {"INPUT": source, **writes, **credentials})
    if rejects is None and not resume and output != "-":
        # INPUT can be replaced once all of its rows are signed. Rejected rows would be
        # lost, and a run that is continued reads INPUT again.
        del writes["--output"]
    check_paths({"INPUT": source}, writes)


def _check_sidecars(outputs: Iterable[str | None], paths: Mapping[str, str | None]) -> None:
    """Refuse the names of files that a run with --resume writes beside its outputs."""
    reserved = tuple(beside(path, "") for path in outputs if path is not None)
    for name, path in paths.items():
        if path is not None and os.path.realpath(path).startswith(reserved):
            raise click.UsageError(
                f"{name} has the name of a file that --resume writes beside its output"
            )


def _is_pipe(path: str) -> bool:
    return path == "-" or (os.path.exists(path) and not os.path.isfile(path))


def _input_identity(file: BinaryIO) -> dict[str, int]:
    """Return the inode, size and times in ns by which a run recognizes its input."""
    found = os.fstat(file.fileno())
    return {
        "inode": found.st_ino,
        "size": found.st_size,
        "modified": found.st_mtime_ns,
        "changed": found.st_ctime_ns,
    }


def _fingerprint(signer: Signer) -> str:
    """What tells whether the key is the same, and nothing else of it."""
    return signer._nonce_key().hmac_sha256(b"tokbox resume v1").hex()[:16]


def _carry_out(
    run: Run, asked: dict[str, Any] | None, size: int | None
) -> tuple[Tally, bool]:
    """Run, and draw a bar meanwhile if somebody watches."""
    from tokbox.cli.tables.runs import opened

    total = size if run.table.rows is None else run.table.rows
    if asked is not None:
        show = shows_progress()
        with progress("Signing", total, show=show, unit="rows") as advance:
            by_rows = run.table.rows is not None
            return run.resumed(
                lambda end: advance(end.rows if by_rows else end.offset, end.rows), asked
            ), show
    with opened(run.output) as file:
        show = shows_progress(file)
        with progress("Signing", total, show=show, unit="rows") as advance:
            by_rows = run.table.rows is not None
            return run.at_once(
                lambda end: advance(end.rows if by_rows else end.offset, end.rows), file
            ), show


def _report(
    tally: Tally,
    seconds: float,
    output: str,
    rejects: str | None,
    *,
    as_json: bool,
    shown: bool,
) -> None:
    if as_json:
        print_json(
            {
                "file": output,
                "rows": tally.end.rows,
                "signed": tally.signed,
                "rejected": tally.rejected,
                "seconds": round(seconds, 6),
            }
        )
    elif shown:
        note(f"{tally.signed:,} tokens in {span(seconds)} ({rate(tally.signed, seconds)})")
    if tally.rejected:
        complain(f"{tally.rejected:,} of {tally.end.rows:,} rows rejected: see {rejects}")
