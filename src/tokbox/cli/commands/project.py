"""``tokbox project``: the projects of an OpenTok account."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.listing import age, confirm, created, public, show, show_list
from tokbox.cli.common.output import is_terminal
from tokbox.cli.common.params import (
    CommandError,
    Decorator,
    Group,
    NoResponseError,
    json_option,
    options,
    read_secret,
)
from tokbox.errors import InvalidInputError, TransportError

if TYPE_CHECKING:
    from tokbox.rest.account import Account
    from tokbox.rest.resources.projects import Project

__all__ = ["project"]

_KEY = "TOKBOX_ACCOUNT_KEY"
_SECRET = "TOKBOX_ACCOUNT_SECRET"  # noqa: S105 - the name of a variable
_SECRET_FILE = "TOKBOX_ACCOUNT_SECRET_FILE"  # noqa: S105 - the name of a variable
_URLS = ("TOKBOX_API_URL", "OPENTOK_API_URL")

_argument = click.argument("api_key", metavar="PROJECT")

_account_options: Decorator = options(
    click.option(
        "--account-key", metavar="KEY", help=f"The key of the account; overrides {_KEY}."
    ),
    click.option(
        "--account-secret-file",
        metavar="FILE",
        help="Read the secret of the account from this file; - reads standard input.",
    ),
    click.option(
        "--api-url",
        metavar="URL",
        help="The URL of the service or of an emulator; overrides TOKBOX_API_URL.",
    ),
)


def account_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options for an account, and call *function* with its client."""

    @wraps(function)
    def command(
        account_key: str | None,
        account_secret_file: str | None,
        api_url: str | None,
        **rest: Any,
    ) -> None:
        with _make_account(account_key, account_secret_file, api_url) as account:
            try:
                function(account, **rest)
            except TransportError as error:
                raise NoResponseError(f"{error}; API URL: {account.api_url}") from None

    return _account_options(command)


def _make_account(key: str | None, secret_file: str | None, url: str | None) -> Account:
    from tokbox.rest.account import Account
    from tokbox.rest.base import DEFAULT_URL
    from tokbox.tokens.credentials import clean

    key = key or clean(os.environ.get(_KEY, ""))
    if secret_file is not None:
        secret = read_secret(secret_file, "--account-secret-file", "the account's secret")
    elif text := clean(os.environ.get(_SECRET, "")):
        secret = text
    elif path := os.environ.get(_SECRET_FILE):
        secret = read_secret(path, _SECRET_FILE, "the account's secret")
    else:
        secret = ""
    if not key or not secret:
        raise CommandError(
            f"set {_KEY} and {_SECRET} or {_SECRET_FILE} to the credentials of your "
            "OpenTok account, or use --account-key and --account-secret-file"
        )
    url = url or next(filter(None, map(os.environ.get, _URLS)), DEFAULT_URL)
    try:
        return Account(key, secret, url)
    except InvalidInputError as error:
        source = {
            "account_key": "the key of the account",
            "account_secret": "the secret of the account",
            "api_url": "the API URL",
        }[error.field]
        raise CommandError(f"{source}{str(error)[len(error.field) :]}") from None


@click.group(cls=Group)
def project() -> None:
    """Manage the projects of an OpenTok account.

    These commands need the credentials of an account, not those of a project. PROJECT is
    the API key of a project.
    """


@project.command()
@click.option("--name", metavar="TEXT", help="The name of the project.")
@click.option("--environment-id", metavar="ID", help="The environment of the project.")
@json_option
@account_options
def create(account: Account, as_json: bool, **given: Any) -> None:
    """Create a project, and print its API key and its secret."""
    made = account.projects.create(given.pop("name"), **given)
    show(made, [*_rows(made), ("secret", made.secret)], as_json, _with_secret)


@project.command("list")
@json_option
@account_options
def list_(account: Account, as_json: bool) -> None:
    """List the projects of the account. Secrets are not printed."""
    show_list(account.projects.list(), _COLUMNS, as_json)


@project.command()
@_argument
@json_option
@account_options
def get(account: Account, api_key: str, as_json: bool) -> None:
    """Show a project. Its secret is not printed."""
    found = account.projects.get(api_key)
    show(found, _rows(found), as_json)


@project.command()
@_argument
@json_option
@account_options
def suspend(account: Account, api_key: str, as_json: bool) -> None:
    """Suspend a project: the service refuses its requests and tokens."""
    changed = account.projects.set_status(api_key, "SUSPENDED")
    show(changed, _rows(changed), as_json)


@project.command()
@_argument
@json_option
@account_options
def activate(account: Account, api_key: str, as_json: bool) -> None:
    """Activate a suspended project again."""
    changed = account.projects.set_status(api_key, "ACTIVE")
    show(changed, _rows(changed), as_json)


@project.command("refresh-secret")
@_argument
@json_option
@account_options
def refresh_secret(account: Account, api_key: str, as_json: bool) -> None:
    """Replace the secret of a project, and print the new one.

    The old secret and all tokens that were signed with it stop working immediately. In a
    pipe, only the new secret is printed.
    """
    changed = account.projects.refresh_secret(api_key)
    if as_json or is_terminal(sys.stdout):
        rows = [("id", changed.id), ("secret", changed.secret)]
        show(changed, rows, as_json, _with_secret)
    else:
        print(changed.secret)


@project.command()
@_argument
@json_option
@account_options
def delete(account: Account, api_key: str, as_json: bool) -> None:
    """Delete a project permanently."""
    account.projects.delete(api_key)
    confirm("deleted", api_key, as_json)


def _with_secret(one: Project) -> dict[str, Any]:
    return {**public(one), "secret": one.secret}


def _rows(one: Project) -> list[tuple[str, object]]:
    return [
        ("id", one.id),
        ("status", one.status),
        ("name", one.name),
        ("environment", one.environment),
        ("created", created(one)),
    ]


_COLUMNS: Sequence[tuple[str, Callable[[Project], object]]] = (
    ("ID", lambda one: one.id),
    ("STATUS", lambda one: one.status),
    ("CREATED", age),
    ("NAME", lambda one: one.name),
)
