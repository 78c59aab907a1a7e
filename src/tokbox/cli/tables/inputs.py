"""The files that a command reads: those that are named, and those in folders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import unquote

import click

from tokbox.cli.common.output import progress
from tokbox.cli.common.params import CommandError, message_of
from tokbox.cli.tables.codecs import compression
from tokbox.cli.tables.formats import FORMATS, check_compression, named_format
from tokbox.cli.tables.table import Position
from tokbox.errors import InvalidInputError

__all__ = [
    "ReportProgress",
    "Source",
    "check_outside",
    "find_sources",
    "naming",
    "source_progress",
]

#: The value of a partition column that is null.
_NULL = "__HIVE_DEFAULT_PARTITION__"

#: A function that moves a bar: the index of a source, its table, a position in it, the rows
#: of all sources so far, and what is done there if not the usual.
ReportProgress = Callable[..., None]


class Source(NamedTuple):
    """A file to read, or standard input as ``-``."""

    path: str
    #: Its path below the folder in which it was found; else its name.
    name: str
    #: Its format.
    kind: str

    @property
    def partitions(self) -> dict[str, str | None]:
        """The partition columns, by the folders ``name=value`` of the path (Hive).

        All values are text. Names and values are percent-decoded.
        """
        found: dict[str, str | None] = {}
        for folder in PurePath(self.path).parts[:-1]:
            name, equals, value = folder.partition("=")
            if name and equals:
                found[_decoded(name)] = None if value == _NULL else _decoded(value)
        return found

    @property
    def size(self) -> int:
        """The size of the file in bytes; 1 for standard input."""
        return 1 if self.path == "-" else os.path.getsize(self.path)


def _decoded(text: str) -> str:
    # Bytes that are not UTF-8 become lone surrogates, which no claim accepts.
    return unquote(text, errors="surrogateescape")


def find_sources(
    paths: Sequence[str],
    chosen: str | None,
    known: Sequence[str] = FORMATS,
    *,
    like: str = "-",
) -> list[Source]:
    """Return the files in *paths*, which are files and folders.

    The format of a file is the *chosen* one, or that of its suffix, or of the suffix of
    the path *like* for standard input. In folders, names that begin with ``.`` or ``_`` are
    left out, unless the name is that of a partition, ``_name=value``. Files are sorted by
    name.

    Raises UsageError for a folder without files and for formats that are not in *known*,
    and OSError for folders that cannot be read.
    """
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("- (standard input) cannot be used with other files")
    found: list[Source] = []
    for path in paths:
        if path == "-" or not os.path.isdir(path):
            kind = chosen or named_format(like if path == "-" else path) or ""
            found.append(Source(path, os.path.basename(path), kind))
            continue
        files = [
            Source(file, os.path.relpath(file, path), chosen or named_format(file) or "")
            for file in _files(path)
        ]
        if not files:
            raise click.UsageError(
                f"there are no files in {path} (names that begin with . or _ are ignored)"
            )
        found += files
    _check_formats(found, known)
    return found


def _files(folder: str) -> Iterator[str]:
    """Return the files with data in a folder and in those below it."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = entry.name
        if name.startswith(".") or (name.startswith("_") and "=" not in name):
            continue
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.is_file():
            yield entry.path
        else:
            raise click.UsageError(
                f"{entry.path} is not a regular file: remove it from the folder"
            )


def _check_formats(sources: Sequence[Source], known: Sequence[str]) -> None:
    unknown = [
        "standard input" if source.path == "-" else source.path
        for source in sources
        if source.kind not in known
    ]
    if unknown:
        names = ", ".join(unknown[:5])
        if more := unknown[5:]:
            names += f" and {len(more):,} more"
        formats = ", ".join(known)
        raise click.UsageError(
            f"the format of {names} is unknown: use --format ({formats})"
        )
    for source in sources:
        check_compression(source.path, source.kind)


def check_outside(option: str, path: str, inputs: Sequence[str]) -> None:
    """Refuse a path to write that is one of the folders in *inputs*, or in one of them."""
    real = os.path.join(os.path.realpath(path), "")
    for folder in inputs:
        if os.path.isdir(folder) and real.startswith(
            os.path.join(os.path.realpath(folder), "")
        ):
            raise click.UsageError(
                f"{option} {path} is in the input folder {folder}: use another path"
            )


@contextlib.contextmanager
def naming(path: str | None) -> Iterator[None]:
    """Begin the message of an error with the *path* of the file in which it is."""
    try:
        yield
    except (InvalidInputError, CommandError) as error:
        if path is None:
            raise
        if isinstance(error, CommandError):
            message = f": {error.message}"
        elif error.field == "source":
            message = f" must {error._rule}"
        else:
            message = f": {message_of(error)}"
    else:
        return
    raise CommandError(f"{path}{message}")


@contextlib.contextmanager
def source_progress(
    label: str, sources: Sequence[Source], encoding: str | None, *, show: bool
) -> Iterator[ReportProgress]:
    """Draw a bar for the bytes of all *sources*, which the function it yields moves."""
    sizes = [source.size for source in sources] if show else [0] * len(sources)
    before = [0, *accumulate(sizes)]
    path, _, kind = sources[0]
    # Places in compressed and in converted text are those in the text that is decoded.
    is_plain = path != "-" and not compression(path) and encoding is None
    is_known = len(sources) > 1 or kind == "parquet" or is_plain
    total = before[-1] if is_known else None

    with progress(label, total, show=show, unit="rows") as advance:

        def report_progress(
            index: int, table: Any, position: Position, rows: int, doing: str = label
        ) -> None:
            done = position.offset
            if table.rows is not None:
                done = sizes[index] * position.rows // max(1, table.rows)
            elif total is not None:
                done = min(done, sizes[index])
            where = f" {index + 1:,}/{len(sources):,}" if len(sources) > 1 else ""
            advance(before[index] + done, rows, doing + where)

        yield report_progress
