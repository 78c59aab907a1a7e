"""Print responses of the service: one item, or a list."""

from __future__ import annotations

import functools
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tokbox.cli.common.formatting import ago, moment
from tokbox.cli.common.output import (
    is_terminal,
    note,
    print_json,
    print_record,
    print_table,
)
from tokbox.cli.common.params import (
    Count,
    Decorator,
    client_options,
    json_option,
    options,
)

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.models.base import Entity
    from tokbox.rest.models.page import Page
    from tokbox.rest.resources.compositions import Composed, Compositions

__all__ = [
    "add_get",
    "add_stop",
    "age",
    "collect",
    "collect_of",
    "confirm",
    "created",
    "page_options",
    "public",
    "show",
    "show_id",
    "show_list",
]

Rows = Sequence[tuple[str, object]]

_Entity = TypeVar("_Entity", bound="Entity")
_Composed = TypeVar("_Composed", bound="Composed")


#: Add the options that select a part of a list.
page_options: Decorator = options(
    click.option(
        "--offset",
        type=Count(),
        default=0,
        show_default=True,
        metavar="N",
        help="Leave out the first N.",
    ),
    click.option(
        "--count",
        type=Count(),
        default=50,
        show_default=True,
        metavar="N",
        help="List at most N, up to 1000.",
    ),
    click.option("--all", "everything", is_flag=True, help="List all."),
)


def collect(
    fetch: Callable[..., Page[_Entity]],
    every: Callable[[], Iterator[_Entity]],
    *,
    offset: int,
    count: int,
    everything: bool,
) -> tuple[list[_Entity], int]:
    """Return the chosen part of a list, and how many items come after it.

    *fetch* takes ``offset`` and ``count``.
    """
    if everything:
        return list(itertools.islice(every(), offset, None)), 0
    page = fetch(offset=offset, count=count)
    return list(page), page.total - offset - len(page)


def collect_of(
    resource: Compositions[_Composed], session_id: str | None, **chosen: Any
) -> tuple[list[_Composed], int]:
    """Return the chosen part of a list that can be a session's."""
    return collect(
        functools.partial(resource.list, session_id),
        functools.partial(resource.iter, session_id),
        **chosen,
    )


def public(one: Entity) -> dict[str, Any]:
    """Return an item without secrets, ready for JSON."""
    return one.to_dict(secrets=False)


def show(
    one: _Entity,
    rows: Rows,
    as_json: bool,
    document: Callable[[_Entity], dict[str, Any]] = public,
) -> None:
    """Print an item as JSON, or print its *rows* that have a value."""
    if as_json:
        print_json(document(one))
    else:
        print_record([row for row in rows if row[1]], styles=["bold"])


def show_id(
    one: _Entity,
    rows: Rows,
    as_json: bool,
    document: Callable[[_Entity], dict[str, Any]] = public,
) -> None:
    """Print a new item; in a pipe only its ID, for ``ID=$(...)``."""
    if as_json or is_terminal(sys.stdout):
        show(one, rows, as_json, document)
    else:
        print(one.id)


def show_list(
    found: Sequence[_Entity],
    columns: Sequence[tuple[str, Callable[[_Entity], object]]],
    as_json: bool,
    *,
    document: Callable[[_Entity], dict[str, Any]] = public,
    right: Sequence[int] = (),
    rest: int = 0,
) -> None:
    """Print items as a table of *columns*; *rest* is the number of items after them."""
    if as_json:
        print_json([document(one) for one in found])
        return
    header = [name for name, _ in columns]
    rows = [[tell(one) for _, tell in columns] for one in found]
    print_table(header, rows, right=right)
    if rest > 0:
        note(f"{len(found)} of {len(found) + rest:,}: use --offset or --all for the others")


def confirm(what: str, id: str, as_json: bool) -> None:
    """Print that the action *what* is done for an id, after a response without content."""
    if as_json:
        print_json({"id": id, what: True})
    else:
        print_record([(what, id)])


def add_get(
    group: click.Group,
    noun: str,
    fetch: Callable[[Tokbox, str], _Entity],
    rows: Callable[[_Entity], Rows],
    document: Callable[[_Entity], dict[str, Any]] = public,
) -> None:
    """Add a command that prints the current state of an item."""

    @group.command("get", help=f"Show the current state of {articled(noun)}.")
    @click.argument(f"{noun}_id", metavar=noun.upper())
    @json_option
    @client_options
    def get(client: Tokbox, as_json: bool, **named: str) -> None:
        found = fetch(client, *named.values())
        show(found, rows(found), as_json, document)


def add_stop(group: click.Group, noun: str, stop: Callable[[Tokbox, str], None]) -> None:
    """Add a command that stops an item, and prints its id only."""

    @group.command("stop", help=f"Stop {articled(noun)}.")
    @click.argument(f"{noun}_id", metavar=noun.upper())
    @json_option
    @client_options
    def end(client: Tokbox, as_json: bool, **named: str) -> None:
        (id,) = named.values()
        stop(client, id)
        confirm("stopped", id, as_json)


def articled(noun: str) -> str:
    """Return *noun* with its article."""
    return noun if noun.endswith("s") else f"a {noun}"


def created(one: Entity) -> str:
    """Return the creation time, as text."""
    return "" if one.created_ms is None else moment(one.created_ms / 1000)


def age(one: Entity) -> str:
    """Return the age on a terminal, where space is short, else the creation time."""
    if not is_terminal(sys.stdout):
        return created(one)
    return "" if one.created_ms is None else ago(one.created_ms / 1000, time.time())
