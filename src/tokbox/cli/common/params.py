"""Parameters that commands share: credentials, claims and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.streams import check_input
from tokbox.enums import HOURS_24, Role
from tokbox.errors import InvalidInputError, TransportError
from tokbox.literals import RoleName, TokenKind

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox

    _IntegerType = click.ParamType[int]
else:
    # click before 8.4 has no type argument.
    _IntegerType = click.ParamType

__all__ = [
    "Claims",
    "Command",
    "CommandError",
    "Count",
    "Decorator",
    "Group",
    "NoResponseError",
    "Option",
    "claim_options",
    "claim_stdin",
    "client_options",
    "credential_options",
    "has_credentials",
    "json_option",
    "kind_option",
    "make_client",
    "message_of",
    "options",
    "parse_session",
    "read_file",
    "read_secret",
    "read_stdin",
    "session_argument",
]

Function = Callable[..., None]

#: Prompts for values that are typed without echo.
_PROMPTS = {"the secret": "API secret: ", "the password": "Password: "}
#: The key of ``Context.meta`` that is set once ``--json`` was given.
_JSON = "tokbox.json"
_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class Decorator(Protocol):
    """A decorator that adds parameters to a command."""

    def __call__(self, function: _Decorated, /) -> _Decorated:
        """Add them to *function*."""
        ...


class CommandError(click.ClickException):
    """An error of a command, in the words of the command line: exit code 2."""

    exit_code = exit_codes.INVALID_INPUT


class NoResponseError(click.ClickException):
    """There was no usable response; the message names the URL."""

    exit_code = exit_codes.NO_RESPONSE


class Option(click.Option):
    """An option whose help shows a default that is given as text without parentheses."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        return extra


class Count(_IntegerType):
    """A whole number, also written as ``1_000_000`` or ``1e6``.

    Values below *min* or above *max* are refused; None is no limit.
    """

    name = "integer"

    def __init__(self, min: int | None = None, max: int | None = None) -> None:
        self._min = min
        self._max = max

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        number = value if isinstance(value, int) else _whole_number(value)
        if number is None:
            example = "write it as 1000000, 1_000_000 or 1e6"
            self.fail(f"{value!r} is not a whole number: {example}", param, ctx)
        if self._min is not None and number < self._min:
            self.fail(f"{value} is too small: use at least {self._min:,}", param, ctx)
        if self._max is not None and number > self._max:
            self.fail(f"{value} is too large: use at most {self._max:,}", param, ctx)
        return number


def _whole_number(text: str) -> int | None:
    """Parse a whole number; return None for other text."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # A large exponent would need as many digits.
    if not number.is_finite() or number.adjusted() > 18 or number != int(number):
        return None
    return int(number)


class Command(click.Command):
    """A command that names its options in errors and does not quote extra arguments."""

    #: Click would quote extra arguments, and one of them may be a secret.
    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if ctx.resilient_parsing:
            return rest
        if ctx.args:
            what = "argument" if len(ctx.args) == 1 else "arguments"
            ctx.fail(f"{len(ctx.args)} {what} too many")
        if ctx.meta.get(_JSON) and not any(each.name == "as_json" for each in self.params):
            ctx.fail(f"{ctx.command_path} has no JSON output: leave out --json")
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InvalidInputError as error:
            raise CommandError(message_of(error)) from None


def message_of(error: InvalidInputError) -> str:
    """Return the message of *error*, with the option in place of an argument's name."""
    message = str(error)
    for parameter in click.get_current_context().command.params:
        # Parameters have the names of the library's arguments.
        if parameter.name == error.field and message.startswith(error.field):
            shown = parameter.metavar or parameter.name.upper()
            if isinstance(parameter, click.Option):
                shown = parameter.opts[0]
            message = shown.removesuffix("...") + message[len(error.field) :]
    return message


class Group(click.Group):
    """A group of such commands. ``--json`` can be given before the command, too."""

    command_class: type[click.Command] | None = Command
    group_class: type[click.Group] | type[type] | None = type

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(
            click.Option(
                ["--json"],
                is_flag=True,
                expose_value=False,
                callback=_parse_json,
                help="Print the result as JSON.",
            )
        )


def claim_stdin(what: str) -> None:
    """Reserve standard input for *what*.

    Raises :class:`click.UsageError` if it is reserved for something else, and
    :class:`StreamError` if it cannot be read.
    """
    context = click.get_current_context().find_root()
    taken = context.meta.setdefault("tokbox.stdin", what)
    if taken != what:
        raise click.UsageError(
            f"{taken} and {what} cannot both be read from standard input: put one of them "
            "in a file"
        )
    check_input(what)


def read_stdin(what: str) -> str:
    """Read all of standard input, which only one argument can use."""
    claim_stdin(what)
    if sys.stdin.isatty():
        if what in _PROMPTS:
            from getpass import getpass

            return getpass(_PROMPTS[what], stream=sys.stderr)
        click.echo(f"reading {what} from the terminal: finish with Ctrl-D", err=True)
    try:
        return sys.stdin.read().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise click.UsageError(f"standard input is not UTF-8 text: {what}") from None


def parse_session(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Return the session id, which is read from standard input for ``-``."""
    return read_stdin("the session id").strip() if value == "-" else value


#: Add the argument SESSION, as ``session_id``.
session_argument: Decorator = click.argument(
    "session_id", metavar="SESSION", callback=parse_session
)


def _parse_optional_lifetime(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | None:
    return None if value is None else _parse_lifetime(context, parameter, value)


def _parse_lifetime(context: click.Context, parameter: click.Parameter, value: str) -> int:
    from tokbox.tokens.claims import parse_lifetime

    seconds = parse_lifetime(value)
    if seconds is None:
        raise click.BadParameter(
            f"{value!r} is not a duration: use seconds, or a time such as 90s, 30m, 1h "
            "or 7d"
        )
    return seconds


def _parse_json(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    """Return True if ``--json`` is given here or before the command."""
    if value:
        context.meta[_JSON] = True
    return _JSON in context.meta


#: Add the option ``--json``, as ``as_json``.
json_option: Decorator = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=_parse_json,
    help="Print the result as JSON.",
)


def timeout_option(default: str) -> Decorator:
    """Add the option ``--timeout``, as ``timeout`` in seconds."""
    return click.option(
        "--timeout",
        callback=_parse_timeout,
        default=default,
        show_default=True,
        metavar="TIME",
        help="Give up after this time: seconds, or 30s, 10m, 2h.",
    )


def _parse_timeout(context: click.Context, parameter: click.Parameter, value: str) -> int:
    seconds = _parse_lifetime(context, parameter, value)
    if not 0 < seconds <= 86_400:
        raise click.BadParameter("it must be more than 0 and at most one day")
    return seconds


def options(*added: Callable[[Any], Any]) -> Decorator:
    """Return a decorator that adds several options to a command, in this order."""

    def decorate(function: _Decorated) -> _Decorated:
        for add in reversed(added):
            function = add(function)
        return function

    return decorate


#: Add the options for the credentials and the URL of the service.
credential_options: Decorator = options(
    click.option("--api-key", metavar="KEY", help="The API key; overrides TOKBOX_API_KEY."),
    click.option(
        "--secret-file",
        metavar="FILE",
        help="Read the API secret from this file; - reads standard input.",
    ),
    click.option(
        "--api-url",
        metavar="URL",
        help="The URL of the service or of an emulator; overrides TOKBOX_API_URL.",
    ),
)


def client_options(function: Function) -> Function:
    """Add the credential options, and call *function* with the client they make."""

    @wraps(function)
    def command(
        api_key: str | None,
        secret_file: str | None,
        api_url: str | None,
        token_file: str | None,
        **rest: Any,
    ) -> None:
        if token_file is None:
            made = make_client(api_key, secret_file, api_url)
        else:
            if api_key is not None or secret_file is not None:
                raise click.UsageError(
                    "--token-file excludes --api-key and --secret-file: the token names "
                    "its project"
                )
            made = _client_of_token(token_file, api_url)
        with made as client:
            try:
                function(client, **rest)
            except TransportError as error:
                raise NoResponseError(f"{error}; API URL: {client.api_url}") from None

    return _token_option(credential_options(command))


_token_option: Decorator = click.option(
    "--token-file",
    metavar="FILE",
    help="A file that holds a JWT for REST calls, in place of key and secret; - is "
    "standard input.",
)


def _client_of_token(path: str, api_url: str | None) -> Tokbox:
    """Create a client from the token in a file; other options are in the environment."""
    from tokbox.rest.client import Tokbox
    from tokbox.rest.environment import options

    token = read_secret(path, "--token-file", "the token").strip()
    if api_url is None:
        api_url = next(filter(None, map(os.environ.get, _URLS)), None)
    try:
        return Tokbox.from_token(token, api_url, **options(os.environ, {}))
    except InvalidInputError as error:
        name = {"token": "--token-file", "api_url": "--api-url"}.get(error.field)
        if name is None:
            raise
        raise CommandError(f"{name}{str(error)[len(error.field) :]}") from None


_KEYS = ("TOKBOX_API_KEY", "OPENTOK_API_KEY")
_URLS = ("TOKBOX_API_URL", "OPENTOK_API_URL")
_SECRETS = ("TOKBOX_SECRET", "TOKBOX_SECRET_FILE", "OPENTOK_API_SECRET")


def has_credentials() -> bool:
    """Return True if a variable for credentials is set."""
    from tokbox.rest.environment import APPLICATIONS, PROJECTS

    families = (*PROJECTS, *APPLICATIONS)
    return any(os.environ.get(name) for family in families for name in family.names)


def make_client(
    api_key: str | None, secret_file: str | None, api_url: str | None
) -> Tokbox:
    """Create a client from environment variables; these options override them.

    Raises ``InvalidInputError``, with the name of a variable that is missing or not valid,
    and ``OSError`` if the file cannot be read.
    """
    from tokbox.rest.client import Tokbox
    from tokbox.rest.environment import APPLICATIONS
    from tokbox.tokens.claims import check_api_key
    from tokbox.tokens.credentials import secret_rule

    if api_key is not None:
        check_api_key(api_key)
    environment = dict(os.environ)
    if api_key is not None or secret_file is not None:
        # The options are for projects, so ignore an application's variables.
        for name in (name for family in APPLICATIONS for name in family.names):
            environment.pop(name, None)
    if api_url is not None:
        environment["TOKBOX_API_URL"] = api_url
    if secret_file is not None:
        # The secret of the option belongs to the key of any of the variables.
        key = next(filter(None, map(environment.get, _KEYS)), None)
        environment = {
            name: value for name, value in environment.items() if name not in _SECRETS
        }
        secret = read_secret(secret_file, "--secret-file", "the secret")
        if rule := secret_rule(secret):
            raise click.UsageError(f"--secret-file: the API secret must {rule}")
        environment["TOKBOX_SECRET"] = secret
        environment["TOKBOX_API_KEY"] = api_key or key or ""
    elif api_key is not None:
        has_secret = any(environment.get(name) for name in _SECRETS[:2])
        opentok = not has_secret and environment.get(_SECRETS[2])
        environment[_KEYS[1] if opentok else _KEYS[0]] = api_key
        if opentok:
            environment.pop(_KEYS[0], None)
    try:
        return Tokbox.from_env(environment)
    except InvalidInputError as error:
        if error.field in _KEYS:
            raise CommandError(f"{error}; or use --api-key and --secret-file") from None
        if error.field == "api_url":
            variable = next(filter(environment.get, _URLS))
            source = "--api-url" if api_url is not None else variable
            raise CommandError(f"{source}{str(error)[len(error.field) :]}") from None
        raise


def read_file(path: str, option: str, what: str) -> str:
    """Return the text of the file of *option*, or of standard input for ``-``."""
    if path == "-":
        return read_stdin(what)
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except UnicodeDecodeError:
        pass
    # Outside of the handler: the exception holds what was read.
    raise click.UsageError(f"{option}: {path} is not UTF-8 text")


def read_secret(path: str, option: str, what: str) -> str:
    """Return the credential in the file of *option*, or on standard input for ``-``.

    A byte order mark at the start and one newline at the end are removed.
    """
    from tokbox.tokens.credentials import MAX_BYTES, decode, read

    try:
        if path != "-":
            return read(path)
        claim_stdin(what)
        if sys.stdin.isatty():
            return read_stdin(what)
        return decode(sys.stdin.buffer.read(MAX_BYTES + 1))
    except ValueError as error:
        problem = str(error)
    source = "standard input" if path == "-" else path
    raise click.UsageError(f"{option}: {source} cannot be read: {problem}")


#: Add the option ``--kind``.
kind_option: Decorator = click.option(
    "--kind",
    type=click.Choice(("t1", "jwt")),
    help="The kind of tokens for an API key: t1 unless this is jwt. Tokens of an "
    "application are always JWTs.",
)


class Claims(TypedDict):
    """The claims and the kind of a token, as arguments of ``Session.token``."""

    role: RoleName
    connection_data: str
    expiration: int
    expires_at: str | None
    initial_layout_class_list: tuple[str, ...]
    kind: TokenKind | None


def claim_options(function: Function) -> Function:
    """Add the options for the claims of a token, as the argument *claims*."""

    @wraps(function)
    def command(
        role: RoleName,
        connection_data: str | None,
        connection_data_file: str | None,
        expiration: int | None,
        expires_at: str | None,
        initial_layout_class_list: str,
        kind: TokenKind | None,
        **rest: Any,
    ) -> None:
        if expiration is not None and expires_at is not None:
            raise click.UsageError("--expiration and --expires-at exclude each other")
        if connection_data_file is not None:
            option = "--connection-data-file"
            if connection_data is not None:
                raise click.UsageError(f"use either --connection-data or {option}")
            text = read_file(connection_data_file, option, "the connection data")
            # Editors and echo add this newline.
            connection_data = text[:-1] if text.endswith("\n") else text
        claims = Claims(
            role=role,
            connection_data=connection_data or "",
            expiration=HOURS_24 if expiration is None else expiration,
            expires_at=expires_at,
            initial_layout_class_list=tuple(initial_layout_class_list.split()),
            kind=kind,
        )
        function(claims=claims, **rest)

    return _add_claims(command)


_add_claims: Decorator = options(
    click.option(
        "--role",
        type=click.Choice([role.value for role in Role]),
        default=Role.PUBLISHER.value,
        show_default=True,
        help="The role of the client.",
    ),
    click.option(
        "--connection-data",
        metavar="TEXT",
        help="Text about the client, which all clients in the session can read.",
    ),
    click.option(
        "--connection-data-file",
        metavar="FILE",
        help="Read the connection data from this file; - reads standard input.",
    ),
    click.option(
        "--expiration",
        callback=_parse_optional_lifetime,
        cls=Option,
        show_default="24h",
        metavar="TIME",
        help="How long the token is valid: seconds, or a time such as 30m, 1h or 7d; at "
        "most 30d. With 0 the token has no expiration, and the service decides.",
    ),
    click.option(
        "--expires-at",
        metavar="TIME",
        help="The end of the lifetime, in place of --expiration: 2026-01-31T12:00Z, or "
        "seconds since 1970.",
    ),
    click.option(
        "--layout-classes",
        "initial_layout_class_list",
        default="",
        metavar="NAMES",
        help="The layout classes of the client's streams, separated by spaces.",
    ),
    kind_option,
)
