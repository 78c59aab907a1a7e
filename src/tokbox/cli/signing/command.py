"""``tokbox sign``: a token for each row of a table."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.formatting import rate, span
from tokbox.cli.common.output import note, print_error, print_json, shows_progress
from tokbox.cli.common.params import Command, client_options, json_option
from tokbox.cli.common.paths import check_paths, credential_files
from tokbox.cli.tables.dialect import dialect_options
from tokbox.private_files import sidecar

if TYPE_CHECKING:
    from tokbox.cli.signing.pipeline import Progress, SigningPipeline
    from tokbox.cli.tables.inputs import Source
    from tokbox.rest.client import Tokbox
    from tokbox.tokens.signer import Signer

__all__ = ["sign"]

_FORMATS = ("csv", "ndjson", "parquet")


def _parse_time(
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
    "expires-at": "expires_at",
    "layout-classes": "initial_layout_class_list",
}


def _parse_defaults(
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
@click.argument("source", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Where to; standard output without it, or if it is -. For many files, a folder.",
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
    show_default="24h",
    metavar="VALUE",
    help="Seconds, or 30m, 1h, 7d; at most 30d. 0 leaves it to the service.",
)
@click.option(
    "--expires-at",
    metavar="VALUE",
    help="When tokens end, in place of --expiration: 2026-01-31T12:00Z, or seconds since "
    "1970.",
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
    callback=_parse_defaults,
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
    "row of INPUT is 1; a header and empty lines are not counted. If --output is a folder, "
    "the first column is the path of the file.",
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
    help="With derived: what tells rows apart. It must not repeat in all files of INPUT: a "
    "repetition far away, or in another file, is not noticed, and two rows have one nonce.",
)
@click.option(
    "--issued-at",
    callback=_parse_time,
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

    INPUT may be several files, and folders. Each file has an output of the same name, or
    path below its folder, in the folder FILE. Names that begin with . or _ are left out.
    Folders name=value are columns (Hive), as col:name, of files that have no such column.
    All files are checked before the first is signed. Outputs that were complete before an
    error stay.

    With --resume, a run that was ended in whatever way is continued by the same command:
    each row is in FILE once. With random nonces, rows of the last seconds are signed anew;
    with derived nonces FILE is the same, byte for byte, as without a break.
    """
    engine = options.pop("engine")
    if engine != "local":
        from tokbox.cli.signing.cluster import sign_on

        if len(options["source"]) > 1:
            raise click.UsageError(f"--engine {engine} reads one file or one folder")
        (options["source"],) = options["source"]
        column, output = options["error_column"], options["output"]
        rejected = sign_on(engine, client, options)
        if rejected:
            print_error(f"{rejected:,} rows rejected: see the column {column} of {output}")
    elif options.pop("error_column") is not None:
        raise click.UsageError(
            "--error-column is for --engine ray and spark (others: --rejects FILE)"
        )
    else:
        rejected = _sign_locally(client, **options)
    if rejected:
        context.exit(exit_codes.REJECTED)


def _sign_locally(
    client: Tokbox,
    *,
    source: tuple[str, ...],
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
    from tokbox.cli.signing.claims import RowClaims
    from tokbox.cli.signing.pipeline import SigningPipeline
    from tokbox.cli.signing.run import Run
    from tokbox.cli.tables.codecs import compression
    from tokbox.cli.tables.formats import (
        check_compression,
        check_dialect,
        check_suffix,
        read_table,
    )
    from tokbox.cli.tables.inputs import find_sources, naming, source_progress
    from tokbox.cli.tables.table import check_names
    from tokbox.tokens.columns import check_column_name

    sources = find_sources(source, kind_of_file, like=output)
    folder = _folder_of(source, output)
    files = [
        (each, output if folder is None else os.path.join(folder, each.name))
        for each in sources
    ]
    _check_paths(source, files, folder, rejects, resume, as_json)
    kinds = {each.kind for each in sources}
    if folder is None:
        (kind,) = kinds
        check_compression(output, kind)
        if kind_of_file is None:
            remedy = f"or say --format {kind} to keep that name"
            check_suffix("--output", output, (kind,), remedy)
    if rejects is not None:
        check_suffix("--rejects", rejects, ("csv", "text"))
    check_dialect(kinds, delimiter, encoding)
    paths = (*(path for each, path in files for path in (each.path, path)), rejects or "")
    if resume and (encoding or any(map(compression, paths))):
        raise click.UsageError(
            "--resume needs files that are not compressed, and input in UTF-8: it goes on "
            "from a place in each file"
        )
    check_column_name("token_column", token_column, "be a name for a column")
    rows = RowClaims.of(claims)
    signer = client._signer
    rows.check(signer)

    @contextlib.contextmanager
    def opened(source: Source) -> Iterator[SigningPipeline]:
        with read_table(
            source.path,
            source.kind,
            encoding=encoding,
            application=signer._is_application,
            columns=rows.columns.values(),
            new=token_column,
            delimiter=delimiter,
        ) as table:
            columns = rows.columns
            partitions = {
                name: value
                for name, value in source.partitions.items()
                if name not in columns.values() or not table.has(name)
            }
            if table.names is not None:
                check_names(table.names, columns, token_column, partitions)
            else:
                check_names((), {}, token_column, partitions)
                if not allow_missing:
                    wanted = {k: v for k, v in columns.items() if v not in partitions}
                    table.check(wanted, " or come with --allow-missing")
            yield SigningPipeline(
                table, signer, rows, token_column, multithread, partitions
            )

    if folder is not None or resume:
        # Errors of any file come before the first token, and before there is a checkpoint.
        for each in sources:
            with naming(folder and each.path), opened(each):
                pass
    if folder is not None:
        for path in {os.path.dirname(path) for _, path in files}:
            os.makedirs(path, exist_ok=True)
    run_options = {
        "format": sorted(kinds),
        "token column": token_column,
        "mapping of columns": rows.columns,
        "set of defaults": rows.defaults,
        "set of values": {name: str(v) for name, v in rows.values.items()},
        "place for rejects": rejects and os.path.realpath(rejects),
        "key": _fingerprint(signer),
        "input": [_input_identity(each) for each in sources] if resume else None,
    }
    start = time.perf_counter()
    # A program that reads a pipe may draw on the same terminal.
    is_file = folder is not None or output == "-" or not _is_pipe(output)
    show = is_file and shows_progress(sys.stdout if output == "-" else None)
    with source_progress("Signing", sources, encoding, show=show) as report_progress:
        run = Run(files, opened, rejects, folder, report_progress)
        progress = run.resume(run_options) if resume else run.start()
    seconds = time.perf_counter() - start
    counts = {} if folder is None else {"files": len(files)}
    _report(output, counts, progress, seconds, rejects, as_json=as_json, shown=show)
    return progress.rejected


def _folder_of(inputs: Sequence[str], output: str) -> str | None:
    """Return the folder for the outputs, or None if *output* is the path of a file."""
    from tokbox.cli.tables.formats import named_format

    if inputs == ("-",):
        return None
    if os.path.isdir(output) or output.endswith(("/", os.sep)):
        return output
    if len(inputs) == 1 and not os.path.isdir(inputs[0]):
        return None
    if output == "-" or os.path.exists(output) or named_format(output) is not None:
        what = "standard output" if output == "-" else output
        raise click.UsageError(
            f"each file of INPUT has an output of its own, and {what} is one file: name a "
            "folder, such as --output signed/"
        )
    return output


def _check_paths(
    inputs: Sequence[str],
    files: Sequence[tuple[Source, str]],
    folder: str | None,
    rejects: str | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Refuse inputs and outputs that exclude each other."""
    from tokbox.cli.tables.inputs import check_outside

    paths = [path for source, output in files for path in (source.path, output)]
    if resume and any(_is_pipe(path) for path in (*paths, rejects) if path):
        raise click.UsageError("--resume needs files: a pipe cannot be read again")
    if resume and not hasattr(os, "pread"):
        raise click.UsageError("--resume needs a POSIX system, which can lock files")
    if paths[1] == "-" and (as_json or rejects == "-"):
        raise click.UsageError("only one can go to standard output: give --output FILE")
    reads: dict[str, str | None] = {"INPUT": paths[0]}
    outputs: dict[str, str | None] = {"--output": paths[1]}
    if folder is not None:
        check_outside("--output", folder, inputs)
        reads = {f"INPUT {source.path}": source.path for source, _ in files}
        outputs = {f"the output of {source.path}": output for source, output in files}
        _check_different(files)
    if rejects is not None:
        check_outside("--rejects", rejects, inputs)
    credentials = credential_files()
    writes: dict[str, str | None] = {"standard output": "-"} if as_json else {}
    writes |= {**outputs, "--rejects": rejects}
    check_paths(credentials, writes)
    if resume:
        _check_sidecars(
            (folder, *outputs.values(), rejects), {**reads, **writes, **credentials}
        )
    if rejects is None and not resume and folder is None and paths[1] != "-":
        # INPUT can be replaced once all of its rows are signed. Rejected rows would be
        # lost, and a run that is continued reads INPUT again.
        del writes["--output"]
    check_paths(reads, writes)


def _check_different(files: Iterable[tuple[Source, str]]) -> None:
    """Refuse two inputs that have one output."""
    seen: dict[str, str] = {}
    for source, output in files:
        if (other := seen.get(output)) is not None:
            raise click.UsageError(
                f"{other} and {source.path} would have one output, {output}: give the "
                "folder that has both, or sign them into two folders"
            )
        seen[output] = source.path


def _check_sidecars(outputs: Iterable[str | None], paths: Mapping[str, str | None]) -> None:
    """Refuse the names of files that a run with --resume writes beside its outputs."""
    reserved = tuple(sidecar(path, "") for path in outputs if path is not None)
    for name, path in paths.items():
        real = os.path.realpath(path or "")
        # The reserved names begin with a dot.
        if os.path.basename(real).startswith(".") and real.startswith(reserved):
            raise click.UsageError(
                f"{name} has the name of a file that --resume writes beside its output"
            )


def _is_pipe(path: str) -> bool:
    return path == "-" or (os.path.exists(path) and not os.path.isfile(path))


def _input_identity(source: Source) -> dict[str, object]:
    """Return the name, inode, size and times in ns by which a run recognizes an input."""
    found = os.stat(source.path)
    return {
        "name": source.name,
        "inode": found.st_ino,
        "size": found.st_size,
        "modified": found.st_mtime_ns,
        "changed": found.st_ctime_ns,
    }


def _fingerprint(signer: Signer) -> str:
    """Return a digest that identifies the key, and from which it cannot be recovered."""
    return signer._backend.nonce_key().hmac_sha256(b"tokbox resume v1").hex()[:16]


def _report(
    output: str,
    counts: dict[str, int],
    progress: Progress,
    seconds: float,
    rejects: str | None,
    *,
    as_json: bool,
    shown: bool,
) -> None:
    if as_json:
        print_json(
            {
                "file": output,
                **counts,
                "rows": progress.rows,
                "signed": progress.signed,
                "rejected": progress.rejected,
                "seconds": round(seconds, 6),
            }
        )
    elif shown:
        files = f" in {counts['files']:,} files" if counts else ""
        speed = rate(progress.signed, seconds)
        note(f"{progress.signed:,} tokens{files} in {span(seconds)} ({speed})")
    if progress.rejected:
        print_error(
            f"{progress.rejected:,} of {progress.rows:,} rows rejected: see {rejects}"
        )
