"""``tokbox sign``: a token for each row of a table."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.formatting import rate, span
from tokbox.cli.common.output import print_error, print_json, shows_progress
from tokbox.cli.common.params import (
    Command,
    Option,
    client_options,
    json_option,
    kind_option,
)
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
    """Parse seconds since the epoch, or an ISO 8601 time."""
    if value is None or value.isdecimal():
        return None if value is None else int(value)
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a time: use seconds since 1970, or 2026-01-31T12:00Z"
        ) from None


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
    """Parse each CLAIM=VALUE; return values by the names of arguments."""
    pairs = [each.partition("=") for each in value]
    for name, equals, _ in pairs:
        if not equals or name not in _CLAIMS:
            names = ", ".join(_CLAIMS)
            raise click.BadParameter(f"use CLAIM=VALUE with one of the claims {names}")
    return {_CLAIMS[name]: default for name, _, default in pairs}


@click.command(cls=Command)
@click.argument("source", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    show_default="standard output",
    cls=Option,
    help="Write the signed table to this file; - writes to standard output. For several "
    "inputs, this is a folder.",
)
@click.option(
    "--format",
    "kind_of_file",
    type=click.Choice(_FORMATS),
    help="The format of INPUT and FILE. By default the suffix decides: .csv, .ndjson, "
    ".jsonl or .parquet; text can be compressed, as .csv.gz or .csv.zst.",
)
@dialect_options
@click.option("--session-id", required=True, metavar="VALUE", help="The session ID.")
@click.option(
    "--role",
    default="publisher",
    show_default=True,
    metavar="VALUE",
    help="The role of the client.",
)
@click.option(
    "--connection-data",
    default="",
    metavar="VALUE",
    help="Text about the client, which all clients in the session can read.",
)
@click.option(
    "--expiration",
    show_default="24h",
    cls=Option,
    metavar="VALUE",
    help="How long tokens are valid: seconds, or a time such as 30m, 1h or 7d; at most "
    "30d. With 0 a token has no expiration, and the service decides.",
)
@click.option(
    "--expires-at",
    metavar="VALUE",
    help="When tokens expire, instead of --expiration: 2026-01-31T12:00Z, or seconds since "
    "1970.",
)
@click.option(
    "--layout-classes",
    "initial_layout_class_list",
    default="",
    metavar="VALUE",
    help="The layout classes of the client's streams, separated by spaces. A column can "
    "also have lists.",
)
@click.option(
    "--default",
    "defaults",
    multiple=True,
    callback=_parse_defaults,
    metavar="CLAIM=VALUE",
    help="The value for rows that have null, or an empty field in CSV, in the column of "
    "the claim, such as role=publisher; can be repeated.",
)
@kind_option
@click.option(
    "--token-column",
    default="token",
    show_default=True,
    metavar="NAME",
    help="The name of the new column.",
)
@click.option(
    "--rejects",
    metavar="FILE",
    help="Sign all other rows if a row is not valid, and write the rejected rows to this "
    "file.",
)
@click.option(
    "--rejects-format",
    type=click.Choice(("report", "input")),
    default="report",
    show_default=True,
    help="report: CSV with the columns row, field, value, reason and original, the whole "
    "row as text. input: the format of INPUT, with all columns of the row. Rows count from "
    "1, without the header and empty lines. For several inputs there is also the file.",
)
@click.option(
    "--error-column",
    metavar="NAME",
    help="With --engine ray or spark: sign all other rows if a row is not valid, and add "
    "this column with the reasons.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue an interrupted run that also had --resume, or start such a run.",
)
@click.option(
    "--nonce",
    type=click.Choice(("random", "derived")),
    default="random",
    show_default=True,
    help="derived: signing the same rows again produces the same tokens.",
)
@click.option(
    "--run-id", metavar="TEXT", help="With --nonce derived: the name of this run."
)
@click.option(
    "--row-key",
    metavar="col:NAME",
    help="With --nonce derived: the column that identifies a row. Its values must be "
    "unique in all files of INPUT. Only duplicates that are near each other are detected.",
)
@click.option(
    "--issued-at",
    callback=_parse_time,
    metavar="TIME",
    help="With --nonce derived: the time of issue, as 2026-01-31T12:00Z or as seconds "
    "since 1970.",
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="NDJSON: accept a column that none of the first rows has. In a row without it, "
    "the value is empty.",
)
@click.option("--threads", "multithread", is_flag=True, help="Use all CPUs.")
@click.option(
    "--engine",
    type=click.Choice(("local", "ray", "spark")),
    default="local",
    show_default=True,
    help="Sign on this machine (local), or on a Ray or Spark cluster, which reads and "
    "writes folders of Parquet files.",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Print no progress and no summary, only errors."
)
@json_option
@client_options
@click.pass_context
def sign(context: click.Context, /, client: Tokbox, **options: Any) -> None:
    """Sign a token for each row of a CSV, NDJSON or Parquet file.

    The output has all columns of INPUT and a new column with the tokens. A VALUE is the
    same for all rows, or it is a column, written as col:NAME. INPUT - reads standard input.
    The tokens are signed on this machine: no request is sent. Memory does not grow with
    the number of rows.

    FILE is created when it is complete. It can be INPUT, which it then replaces, but not
    with --rejects or --resume. Without --rejects, the first row that is not valid ends the
    run. With --rejects, all other rows are signed, and the exit code is 4 if there was a
    row that is not valid. Such rows are left out of CSV and NDJSON output; in Parquet
    output, their token is null. The last line on standard error is a summary.

    INPUT can be several files and folders. Then FILE is a folder, in which each output has
    the name of its input. In folders, names that begin with . or _ are ignored, and names
    such as date=2026-01-31 are partition columns (Hive). All files are checked before the
    first one is signed.

    With --resume, the same command continues an interrupted run. FILE has each row once.
    With random nonces, the rows of the last seconds are signed again; with derived nonces
    FILE is identical to that of a run without interruption.
    """
    engine, quiet = options.pop("engine"), options["quiet"]
    if engine != "local":
        from tokbox.cli.signing.cluster import sign_on

        del options["quiet"]
        if len(options["source"]) > 1:
            raise click.UsageError(f"--engine {engine} needs one INPUT: a file or a folder")
        (options["source"],) = options["source"]
        column, output = options["error_column"], options["output"]
        rejected = sign_on(engine, client, options)
        if rejected and not quiet:
            print_error(f"{rejected:,} rows rejected: see the column {column} of {output}")
    elif options.pop("error_column") is not None:
        raise click.UsageError(
            "--error-column needs --engine ray or spark: use --rejects FILE"
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
    rejects_format: str,
    resume: bool,
    multithread: bool,
    as_json: bool,
    quiet: bool,
    allow_missing: bool,
    delimiter: str | None,
    encoding: str | None,
    **claims: Any,
) -> int:
    """Sign on this machine; return the number of rejected rows."""
    from tokbox.cli.signing.claims import RowClaims
    from tokbox.cli.signing.pipeline import Progress, SigningPipeline
    from tokbox.cli.signing.rejects import check_columns, rejects_writer
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
            remedy = f"or use --format {kind} to keep that name"
            check_suffix("--output", output, (kind,), remedy)
    rejects_kind = _rejects_kind(rejects, rejects_format, kinds, resume)
    check_dialect(kinds, delimiter, encoding)
    paths = (*(path for each, path in files for path in (each.path, path)), rejects or "")
    if resume and (encoding or any(map(compression, paths))):
        raise click.UsageError(
            "--resume needs files that are not compressed, and input in UTF-8, because it "
            "continues at an offset in each file"
        )
    check_column_name("token_column", token_column, "be the name of a column")
    rows = RowClaims.of(claims)
    signer = client._signer
    rows.check(signer)

    writer = rejects_writer(rejects_kind)
    with_file, columns_seen = folder is not None, list[object]()

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
            check_columns(table, rejects_kind, columns_seen, with_file=with_file)
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
                    table.check(wanted, ", or use --allow-missing")
            yield SigningPipeline(
                table,
                signer,
                rows,
                token_column,
                multithread,
                partitions,
                None if rejects is None else writer.read,
            )

    if folder is not None or resume:
        # All files are checked before the first is signed and before there is a checkpoint.
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
        "file for rejects": rejects and os.path.realpath(rejects),
        "format of rejects": rejects_format,
        "key": _fingerprint(signer),
        "input": [_input_identity(each) for each in sources] if resume else None,
    }
    start = time.perf_counter()
    # A program that reads a pipe may draw on the same terminal.
    is_file = folder is not None or output == "-" or not _is_pipe(output)
    show = is_file and not quiet and shows_progress(sys.stdout if output == "-" else None)
    resumed = Progress()

    def report_resumed(progress: Progress, source: Source) -> None:
        resumed.before, resumed.rejected = progress.rows, progress.rejected
        if quiet:
            return
        if not progress.rows:
            print_error("starting at row 1: there is no earlier run to resume")
            return
        where = f" of {source.path}" if folder is not None else ""
        print_error(
            f"resuming after row {progress.end.rows:,}{where} "
            f"({resumed.signed:,} rows signed, {resumed.rejected:,} rejected so far)"
        )

    with source_progress("Signing", sources, encoding, show=show) as report_progress:
        run = Run(files, opened, rejects, writer, folder, report_progress, report_resumed)
        progress = run.resume(run_options) if resume else run.start()
    seconds = time.perf_counter() - start
    if as_json:
        counts = {} if folder is None else {"files": len(files)}
        _print_result(output, counts, progress, seconds)
    if not quiet:
        in_files = "" if folder is None else f" in {len(files):,} files"
        speed = rate(progress.signed - resumed.signed, seconds)
        see = f" (see {rejects})" if progress.rejected else ""
        print_error(
            f"{progress.signed:,} rows signed{in_files}, {progress.rejected:,} "
            f"rejected{see}, in {span(seconds)} ({speed})"
        )
    return progress.rejected


def _rejects_kind(
    rejects: str | None, format: str, kinds: Collection[str], resume: bool
) -> str | None:
    """Return the format of the rejected rows, or None for a report."""
    from tokbox.cli.tables.formats import check_suffix

    if format == "report":
        if rejects is not None:
            check_suffix(
                "--rejects", rejects, ("csv", "text"), "or use --rejects-format input"
            )
        return None
    if rejects is None:
        raise click.UsageError("--rejects-format input needs --rejects FILE")
    if len(kinds) > 1:
        raise click.UsageError(
            "--rejects-format input needs inputs of one format: use --rejects-format report"
        )
    (kind,) = kinds
    check_suffix("--rejects", rejects, (kind,), "or use --rejects-format report")
    if kind == "parquet" and resume:
        raise click.UsageError(
            "--resume cannot continue a Parquet file of rejected rows: use "
            "--rejects-format report"
        )
    return kind


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
            f"several inputs need a folder for their outputs, and {what} is not one: use a "
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
        raise click.UsageError("--resume needs files, because a pipe cannot be read again")
    if resume and not hasattr(os, "pread"):
        raise click.UsageError("--resume needs a POSIX system, because it locks files")
    if paths[1] == "-" and (as_json or rejects == "-"):
        raise click.UsageError(
            "only one result can go to standard output: use --output FILE"
        )
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
                f"{other} and {source.path} would have the same output, {output}: use the "
                "folder that contains both as INPUT, or sign them into two folders"
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
                f"{name} has a name that --resume uses for a file beside its output"
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


def _print_result(
    output: str, counts: dict[str, int], progress: Progress, seconds: float
) -> None:
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
