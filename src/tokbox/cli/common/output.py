"""Output of commands: colours on a terminal, plain text in a pipe, or JSON.

Results go to standard output; progress, notes and errors to standard error. Control
characters in external data are escaped.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "console",
    "is_terminal",
    "note",
    "print_error",
    "print_json",
    "print_record",
    "print_table",
    "progress",
    "shows_progress",
    "visible",
    "waiting",
]

#: The least characters for the last column of a table on a terminal.
_LAST_COLUMN = 20


def is_terminal(stream: TextIO) -> bool:
    """Return True if *stream* is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def visible(text: object) -> str:
    """Return *text* on one line, with control characters escaped."""
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


def print_error(message: str) -> None:
    """Print one line on standard error."""
    print(f"tokbox: {visible(message)}", file=sys.stderr, flush=True)


def note(message: str) -> None:
    """Print a message on standard error if it is a terminal."""
    if is_terminal(sys.stderr):
        print(visible(message), file=sys.stderr, flush=True)


def print_json(document: Any) -> None:
    """Print one JSON document, in ASCII, whatever the locale is."""
    print(json.dumps(document, indent=2))


def console(stream: TextIO | None = None) -> Console:
    """Return a rich console for a terminal, without any style if NO_COLOR is set."""
    from rich.console import Console

    plain = bool(os.environ.get("NO_COLOR"))
    return Console(
        file=sys.stdout if stream is None else stream,
        color_system=None if plain else "auto",
        highlight=False,
        emoji=False,
        markup=False,
        soft_wrap=True,
    )


def print_record(rows: Sequence[tuple[str, object]], *, styles: Sequence[str] = ()) -> None:
    """Print names and values, one a line; *styles* are for the values, on a terminal.

    Values are never wrapped or cut, so that they can be copied.
    """
    width = max((len(name) for name, _ in rows), default=0)
    if not is_terminal(sys.stdout):
        for name, value in rows:
            print(f"{name:<{width}}  {visible(value)}".rstrip())
        return
    from rich.text import Text

    out = console()
    for index, (name, value) in enumerate(rows):
        style = styles[index] if index < len(styles) else ""
        out.print(Text(f"{name:<{width}}  ", "dim"), Text(visible(value), style), sep="")


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[int] = (),
    title: str = "",
) -> None:
    """Print a table; the columns *right* are aligned to the right."""
    cells = [[visible(cell) for cell in row] for row in rows]
    if is_terminal(sys.stdout):
        _print_rich_table(header, cells, right, title)
        return
    if title:
        print(title)
    lines = [list(header), *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        padded = (
            f"{cell:>{width}}" if column in right else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join(padded).rstrip())


def _print_rich_table(
    header: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[int], title: str
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
    )
    last = len(header) - 1
    for column, name in enumerate(header):
        table.add_column(
            name,
            justify="right" if column in right else "left",
            style="cyan" if column == 0 else "",
            no_wrap=column < last,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    out = console()
    # Only the last column may be folded; a narrow terminal breaks the lines itself.
    widths = (max(len(row[column]) for row in (header, *cells)) for column in range(last))
    needed = sum(widths) + 3 * last + _LAST_COLUMN
    out.width = max(out.width, needed)
    out.print(table, soft_wrap=False)


def shows_progress(target: Any = None) -> bool:
    """Return whether to draw a progress bar: on a terminal, if the output is a file.

    *target* is the open file of the output, or None for output without conflict. Output to
    a terminal, or to a pipe into a program that draws on it, would mix with the bar.
    """
    if not is_terminal(sys.stderr):
        return False
    if target is None:
        return True
    try:
        return stat.S_ISREG(os.fstat(target.fileno()).st_mode)
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def progress(
    label: str, total: int | None, *, show: bool, unit: str = ""
) -> Iterator[Callable[..., None]]:
    """Draw a progress bar on standard error; yield a function that updates it.

    The function accepts the completed amount, a *count*, and a *label* and a *total*,
    which replace those of the bar. With *unit*, the bar shows the count, for example rows,
    in place of the amount, for example bytes. *total* is None if it is unknown.
    """
    if not show:
        yield lambda done, count=0, label=label, total=total: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Count(ProgressColumn):
        def render(self, task: Task) -> Text:
            if unit:
                return Text(f"{task.fields['count']:,} {unit}")
            return Text(f"{int(task.completed):,}/{int(task.total or 0):,}")

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            if speed and unit and task.completed:
                speed *= task.fields["count"] / task.completed
            return Text(f"{speed:,.0f}/s" if speed else "", "green")

    columns = (TextColumn("{task.description}"), BarColumn(), Count(), Rate())
    with Progress(
        *columns, TimeRemainingColumn(), console=console(sys.stderr), transient=True
    ) as bar:
        task = bar.add_task(label, total=total, count=0)
        yield lambda done, count=0, label=label, total=total: bar.update(
            task, completed=done, count=count, description=label, total=total
        )


@contextlib.contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show *label* on standard error while the block runs, if it is a terminal."""
    if not is_terminal(sys.stderr):
        yield
        return
    with console(sys.stderr).status(label):
        yield
