"""``tokbox verify``: verify every token in a file."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.output import (
    print_json,
    print_record,
    print_table,
    shows_progress,
    visible,
)
from tokbox.cli.common.params import Command, client_options, json_option, read_secret
from tokbox.cli.common.paths import check_paths, credential_files
from tokbox.cli.tables.dialect import dialect_options
from tokbox.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokbox.cli.tables.inputs import Source
    from tokbox.cli.tables.table import Chunk, RowError
    from tokbox.rest.client import Tokbox
    from tokbox.tokens.rs256.keys import PublicKey
    from tokbox.tokens.signer import Signer

__all__ = ["verify"]

_FORMATS = ("csv", "ndjson", "parquet", "text")
#: The number of tokens that are not valid and are printed.
_MAX_SHOWN = 10


@click.command(cls=Command)
@click.argument("source", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "kind_of_file",
    type=click.Choice(_FORMATS),
    help="The format of FILE. By default its suffix decides: .csv, .ndjson, .jsonl, "
    ".parquet, or .txt for one token per line, each also compressed as .gz or .zst.",
)
@dialect_options
@click.option(
    "--token-column",
    default="token",
    show_default=True,
    metavar="NAME",
    help="The column that has the tokens.",
)
@click.option(
    "--session-id", metavar="SESSION", help="The session that all tokens must be for."
)
@click.option(
    "--rejects",
    metavar="FILE",
    help="Write the rows of tokens that are not valid to this CSV file, with the columns "
    "row, field and reason. Rows count from 1, without the header and empty lines. For "
    "several inputs, the first column is the path of the file.",
)
@click.option(
    "--other-key-file",
    "other_keys",
    multiple=True,
    metavar="KEYFILE",
    help="A file with another key to accept, for example the old one during a "
    "rotation: an API secret, or the public key of an application. May be repeated.",
)
@click.option("--threads", "multithread", is_flag=True, help="Use all CPUs.")
@json_option
@client_options
@click.pass_context
def verify(context: click.Context, /, client: Tokbox, **options: Any) -> None:
    """Verify every token in a file, with the credentials.

    FILE is CSV, NDJSON, Parquet, or text with one token per line; - reads standard input.
    Memory does not grow with the number of tokens. The first tokens that are not valid are
    printed with their rows; --rejects writes all of them to a file. Exit code 4 means that
    at least one token is not valid.

    FILE can be several files and folders. In folders, names that begin with . or _ are
    ignored. The result has one line for each file, and the totals.
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
    other_keys: tuple[str, ...],
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
            "--rejects must be a file: the result goes to standard output"
        )
    sources = find_sources(source, kind_of_file, _FORMATS)
    is_one = len(source) == 1 and not os.path.isdir(source[0])
    check_dialect({each.kind for each in sources}, delimiter, encoding)
    if rejects is not None:
        check_suffix("--rejects", rejects, ("csv", "text"))
        check_outside("--rejects", rejects, source)
        reads = {"FILE" if is_one else f"FILE {each.path}": each.path for each in sources}
        check_paths(
            {
                **reads,
                **credential_files(),
                **{f"--other-key-file {path}": path for path in other_keys},
            },
            {"standard output": "-", "--rejects": rejects},
        )
    check_column_name("token_column", token_column, "be the name of a column")
    others = [_read_key(client, path) for path in other_keys]

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
        return client.verify_many(tokens, session_id=session_id, now=now, other_keys=others)

    # Chunks are too small to share one between threads.
    threads = cpu_count() if multithread else 1
    found: list[FileResult] = []
    first: list[Failure] = []
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
                    reasons = verification._count_reasons()
                    is_listed = rejects is not None or len(first) < _MAX_SHOWN
                    if not chunk.row_errors and not (reasons and is_listed):
                        result.reasons.update(reasons)
                    else:
                        errors = dict(_row_errors(chunk, verification.failures))
                        result.reasons.update(reason for reason, _ in errors.values())
                        ordered = [errors[row][1] for row in sorted(errors)]
                        write_all(errors_file, lines(ordered, path))
                        more = _MAX_SHOWN - len(first)
                        first += [
                            Failure(path, row, why) for row, _, _, why in ordered[:more]
                        ]
                    result = result._replace(tokens=chunk.end.rows)
                    report_progress(index, table, chunk.end, total + result.tokens)
            found.append(result)
            total += result.tokens
    _report(found, first, as_json, by_file=not is_one)
    return sum(each.invalid for each in found)


class Failure(NamedTuple):
    """A token that is not valid."""

    #: The path of the file, if there are several.
    path: str | None
    row: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the members of this failure."""
        file = {} if self.path is None else {"file": self.path}
        return {**file, "row": self.row, "reason": self.reason}

    def __str__(self) -> str:
        file = "" if self.path is None else f"{self.path}: "
        return f"{file}row {self.row:,}: {self.reason}"


def _read_key(client: Tokbox, path: str) -> Signer | PublicKey:
    """Return the key in a file, prepared for verification."""
    text = read_secret(path, "--other-key-file", f"the key in {path}")
    try:
        if client.project_id.isdecimal():
            from tokbox.tokens.signer import Signer

            return Signer(client.project_id, text)
        from tokbox.tokens.rs256.keys import PublicKey

        return PublicKey(text.encode())
    except InvalidInputError as error:
        problem = str(error)
    # Outside of the handler: nothing that holds the key goes along.
    raise click.UsageError(f"--other-key-file: {path} holds no such key: {problem}")


class FileResult(NamedTuple):
    """The result of a file."""

    path: str
    tokens: int
    #: How many tokens are not valid, by reason.
    reasons: Counter[str]

    @property
    def invalid(self) -> int:
        """The number of tokens that are not valid."""
        return self.reasons.total()

    def as_json(self) -> dict[str, Any]:
        """Return the numbers."""
        return {
            "tokens": self.tokens,
            "valid": self.tokens - self.invalid,
            "invalid": self.invalid,
            "reasons": dict(sorted(self.reasons.items())),
        }


def _row_errors(chunk: Chunk, failures: Any) -> Iterator[tuple[int, tuple[str, RowError]]]:
    """Yield the number of each row with an invalid token, the reason, and the error."""
    for index, error in failures.items():
        row = chunk.start.rows + 1 + index
        yield row, (error.reason, (row, "token", None, f"{error.reason}: {error}"))
    for each in chunk.row_errors:
        yield each[0], ("malformed", each)


def _report(
    found: list[FileResult], first: list[Failure], as_json: bool, *, by_file: bool
) -> None:
    reasons: Counter[str] = sum((each.reasons for each in found), Counter())
    total = FileResult("", sum(each.tokens for each in found), reasons)
    if as_json:
        files = [{"file": each.path, **each.as_json()} for each in found]
        failures = [each.as_json() for each in first]
        document = {**total.as_json(), "first_failures": failures}
        print_json({**document, **({"files": files} if by_file else {})})
        return
    if by_file:
        cells = [
            (each.path, f"{each.tokens:,}", f"{each.tokens - each.invalid:,}", _words(each))
            for each in found
        ]
        print_table(("file", "tokens", "valid", "not valid"), cells, right=(1, 2))
        print()
    names = [(reason.replace("_", " "), f"{n:,}") for reason, n in sorted(reasons.items())]
    record = [
        ("tokens", f"{total.tokens:,}"),
        ("valid", f"{total.tokens - total.invalid:,}"),
    ]
    print_record(record + names, styles=["", "bold green", *["bold red"] * len(names)])
    if first:
        print()
    for each in first:
        print(visible(each))
    if more := total.invalid - len(first):
        print(f"{more:,} more: use --rejects FILE to list all")


def _words(result: FileResult) -> str:
    """Return the reasons for which tokens of a file are not valid, with their numbers."""
    reasons = sorted(result.reasons.items())
    return ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in reasons)
