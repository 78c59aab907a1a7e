"""``tokbox verify``: verify every token in a file."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.output import print_json, print_record, print_table, shows_progress
from tokbox.cli.common.params import Command, client_options, json_option
from tokbox.cli.common.paths import check_paths, credential_files
from tokbox.cli.tables.dialect import dialect_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokbox.cli.tables.inputs import Source
    from tokbox.cli.tables.table import Chunk, RowError
    from tokbox.rest.client import Tokbox

__all__ = ["verify"]

_FORMATS = ("csv", "ndjson", "parquet", "text")


@click.command(cls=Command)
@click.argument("source", nargs=-1, required=True, metavar="FILE...")
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
    "of FILE is 1; a header and empty lines are not counted. For several files, the first "
    "column is the path of the file.",
)
@click.option("--threads", "multithread", is_flag=True, help="Verify on all CPUs.")
@json_option
@client_options
@click.pass_context
def verify(context: click.Context, /, client: Tokbox, **options: Any) -> None:
    """Find out which tokens of a table hold, with the credentials.

    FILE is CSV, NDJSON, Parquet or text with a token a line; - is standard input. Memory
    does not grow with it. Exit code 4 means that a token does not hold.

    FILE may be several files, and folders, in which names that begin with . or _ are left
    out. The result has a line for each file, and the totals.
    """
    if _verify(client, **options):
        context.exit(exit_codes.REJECTED)


def _verify(
    client: Tokbox,
    *,
    source: tuple[str, ...],
    kind_of_file: str | None,
    token_column: str,
    session_id: str | None,
    rejects: str | None,
    multithread: bool,
    as_json: bool,
    delimiter: str | None,
    encoding: str | None,
) -> int:
    """Verify, and print the results; return how many tokens are not valid."""
    from tokbox.cli.common.prefetch import map_in_order, prefetch
    from tokbox.cli.tables.codecs import open_output
    from tokbox.cli.tables.formats import check_dialect, check_suffix, read_table
    from tokbox.cli.tables.inputs import (
        check_outside,
        find_sources,
        naming,
        source_progress,
    )
    from tokbox.cli.tables.row_errors import header, lines
    from tokbox.cli.tables.table import Position, check_names
    from tokbox.tokens.batch import write_all
    from tokbox.tokens.columns import check_column_name
    from tokbox.tokens.parallel import cpu_count

    if rejects == "-":
        raise click.UsageError(
            "--rejects needs a file: standard output says what was found"
        )
    sources = find_sources(source, kind_of_file, _FORMATS)
    is_one = len(source) == 1 and not os.path.isdir(source[0])
    check_dialect({each.kind for each in sources}, delimiter, encoding)
    if rejects is not None:
        check_suffix("--rejects", rejects, ("csv", "text"))
        check_outside("--rejects", rejects, source)
        reads = {"FILE" if is_one else f"FILE {each.path}": each.path for each in sources}
        check_paths(
            {**reads, **credential_files()}, {"standard output": "-", "--rejects": rejects}
        )
    check_column_name("token_column", token_column, "be a name of a column")

    @contextlib.contextmanager
    def read(source: Source) -> Iterator[Any]:
        with (
            naming(None if is_one else source.path),
            read_table(
                source.path,
                source.kind,
                encoding=encoding,
                application=not client.project_id.isdecimal(),
                columns=(token_column,),
                delimiter=delimiter,
            ) as table,
        ):
            if table.names is not None:
                check_names(table.names, {"token_column": token_column})
            elif source.kind == "ndjson":
                table.check({"token_column": token_column})
            yield table

    if not is_one:
        # Errors of any file come before the first token.
        for each in sources:
            with read(each):
                pass

    def verify_chunk(chunk: Any) -> Any:
        tokens = chunk.column(token_column)
        return client.verify_many(tokens, session_id=session_id, now=now)

    # Chunks are too small to share one between threads.
    threads = cpu_count() if multithread else 1
    found: list[FileResult] = []
    total, now = 0, time.time()
    show = shows_progress()
    with (
        open_output(rejects if rejects is not None else os.devnull) as errors_file,
        source_progress("Verifying", sources, encoding, show=show) as report_progress,
    ):
        write_all(errors_file, header(with_file=not is_one))
        for index, each in enumerate(sources):
            result = FileResult(each.path, 0, Counter())
            path = None if is_one else each.path
            with read(each) as table:
                chunks = prefetch(table.chunks(Position()))
                for chunk, verification in map_in_order(verify_chunk, chunks, threads):
                    if rejects is None and not chunk.row_errors:
                        result.reasons.update(verification._count_reasons())
                    else:
                        errors = dict(_row_errors(chunk, verification.failures))
                        result.reasons.update(reason for reason, _ in errors.values())
                        ordered = (errors[row][1] for row in sorted(errors))
                        write_all(errors_file, lines(ordered, path))
                    result = result._replace(tokens=chunk.end.rows)
                    report_progress(index, table, chunk.end, total + result.tokens)
            found.append(result)
            total += result.tokens
    _report(found, as_json, by_file=not is_one)
    return sum(each.refused for each in found)


class FileResult(NamedTuple):
    """The result of a file."""

    path: str
    tokens: int
    #: How many tokens are not valid, by reason.
    reasons: Counter[str]

    @property
    def refused(self) -> int:
        """The number of tokens that are not valid."""
        return self.reasons.total()

    def as_json(self) -> dict[str, Any]:
        """Return the numbers."""
        return {
            "tokens": self.tokens,
            "good": self.tokens - self.refused,
            "refused": self.refused,
            "reasons": dict(sorted(self.reasons.items())),
        }


def _row_errors(chunk: Chunk, failures: Any) -> Iterator[tuple[int, tuple[str, RowError]]]:
    """Yield the number of each row with an invalid token, the reason, and the error."""
    for index, error in failures.items():
        row = chunk.start.rows + 1 + index
        yield row, (error.reason, (row, "token", f"{error.reason}: {error}"))
    for each in chunk.row_errors:
        yield each[0], ("malformed", each)


def _report(found: list[FileResult], as_json: bool, *, by_file: bool) -> None:
    reasons: Counter[str] = sum((each.reasons for each in found), Counter())
    total = FileResult("", sum(each.tokens for each in found), reasons)
    if as_json:
        files = [{"file": each.path, **each.as_json()} for each in found]
        print_json({**total.as_json(), **({"files": files} if by_file else {})})
        return
    if by_file:
        cells = [
            (each.path, f"{each.tokens:,}", f"{each.tokens - each.refused:,}", _words(each))
            for each in found
        ]
        print_table(("file", "tokens", "good", "not valid"), cells, right=(1, 2))
        print()
    names = [(reason.replace("_", " "), f"{n:,}") for reason, n in sorted(reasons.items())]
    record = [
        ("tokens", f"{total.tokens:,}"),
        ("good", f"{total.tokens - total.refused:,}"),
    ]
    print_record(record + names, styles=["", "bold green", *["bold red"] * len(names)])


def _words(result: FileResult) -> str:
    """Return the reasons for which tokens of a file are not valid, with their numbers."""
    reasons = sorted(result.reasons.items())
    return ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in reasons)
