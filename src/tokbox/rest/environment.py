"""Client credentials and options from environment variables.

======================  =======================================  =======================
For                     Variables of tokbox                      Other variables
======================  =======================================  =======================
a project (OpenTok)     ``TOKBOX_API_KEY`` with                  ``OPENTOK_API_KEY`` with
                        ``TOKBOX_SECRET`` or                     ``OPENTOK_API_SECRET``
                        ``TOKBOX_SECRET_FILE``
an application          ``TOKBOX_APPLICATION_ID`` with           ``VONAGE_APPLICATION_ID``
(Vonage)                ``TOKBOX_PRIVATE_KEY`` or                with ``VONAGE_PRIVATE_KEY``
                        ``TOKBOX_PRIVATE_KEY_FILE``              or ``..._KEY_PATH``
the base URL            ``TOKBOX_API_URL``                       ``OPENTOK_API_URL``
options                 ``TOKBOX_TIMEOUT``, ``TOKBOX_READ_TIMEOUT``,
                        ``TOKBOX_CONNECT_TIMEOUT``, ``TOKBOX_RETRIES``, ``TOKBOX_PROXY``,
                        ``TOKBOX_ALLOW_HTTP``
======================  =======================================  =======================

A byte order mark at the start of a credential and one newline at its end are removed, in
variables and in files.

The other variables are used only if all variables of tokbox for credentials are unset. A
key and its secret must come from the same column. Credentials of both a project and an
application in one column are an error.
"""

from __future__ import annotations

from tokbox.errors import InvalidInputError
from tokbox.secrecy import NoPickle, safe_repr
from tokbox.tokens.claims import check_application_id, check_project
from tokbox.tokens.credentials import clean, read, secret_rule
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal

    from tokbox.rest.http.options import Options

__all__ = ["APPLICATIONS", "PROJECTS", "Credentials", "credentials", "options"]


class _Family:
    """Variables that belong together."""

    __slots__ = ("file", "id", "kind", "secret", "url")

    kind: Literal["project", "application"]
    id: str
    secret: str
    #: The variable for the path of a file that contains the secret.
    file: str | None
    url: tuple[str, ...]

    def __init__(
        self,
        kind: Literal["project", "application"],
        id: str,
        secret: str,
        file: str | None,
        url: tuple[str, ...] = ("TOKBOX_API_URL",),
    ) -> None:
        self.kind = kind
        self.id = id
        self.secret = secret
        self.file = file
        self.url = url

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.id, self.secret, self.file) if name)


_BOTH_URLS = ("TOKBOX_API_URL", "OPENTOK_API_URL")
PROJECTS = (
    _Family("project", "TOKBOX_API_KEY", "TOKBOX_SECRET", "TOKBOX_SECRET_FILE", _BOTH_URLS),
    _Family("project", "OPENTOK_API_KEY", "OPENTOK_API_SECRET", None, _BOTH_URLS),
)
APPLICATIONS = (
    _Family(
        "application",
        "TOKBOX_APPLICATION_ID",
        "TOKBOX_PRIVATE_KEY",
        "TOKBOX_PRIVATE_KEY_FILE",
    ),
    _Family(
        "application",
        "VONAGE_APPLICATION_ID",
        "VONAGE_PRIVATE_KEY",
        "VONAGE_PRIVATE_KEY_PATH",
    ),
)


@safe_repr
class Credentials(NoPickle):
    """The credentials of a client."""

    __slots__ = ("api_url", "from_file", "id", "kind", "secret")

    kind: Literal["project", "application"]
    id: str
    secret: str
    #: True if *secret* was read from a file.
    from_file: bool
    #: The base URL of the API, if a variable sets it.
    api_url: str | None

    def __init__(
        self,
        kind: Literal["project", "application"],
        id: str,
        secret: str,
        from_file: bool,
        api_url: str | None,
    ) -> None:
        self.kind = kind
        self.id = id
        self.secret = secret
        self.from_file = from_file
        self.api_url = api_url

    def __repr__(self) -> str:
        return f"<Credentials of {self.kind} {self.id}>"


def credentials(environ: Mapping[str, str]) -> Credentials:
    """Return the credentials. Raises ``InvalidInputError`` that names the variable."""
    # The variables of tokbox first, then the others; each for a project or an application.
    for side in zip(PROJECTS, APPLICATIONS, strict=True):
        named = [each for each in side if any(map(environ.get, each.names))]
        if len(named) > 1:
            project, application = named
            rule = (
                f"not be set together with {application.id}: one is for "
                "OpenTok and one for Vonage; unset one of them"
            )
            raise InvalidInputError(_first(environ, project), None, rule, show=False)
        if named:
            return _read(environ, named[0])
    rule = (
        "be set (with TOKBOX_SECRET or TOKBOX_SECRET_FILE), or for Vonage "
        "TOKBOX_APPLICATION_ID (and TOKBOX_PRIVATE_KEY or TOKBOX_PRIVATE_KEY_FILE)"
    )
    raise InvalidInputError("TOKBOX_API_KEY", None, rule, show=False)


def options(environ: Mapping[str, str], given: Options) -> Options:
    """Return *given*, with missing options added from the environment."""
    found: dict[str, Any] = {}
    for name, variable, convert in _OPTIONS:
        if (value := environ.get(variable)) and name not in given:
            found[name] = convert(variable, value)
    if given.get("http") is not None or given.get("transport") is not None:
        # The caller configured the connections, so the proxy variable is not used.
        found.pop("proxy", None)
    merged: Options = {**found, **given}  # type: ignore[typeddict-item]
    return merged


def _read(environ: Mapping[str, str], family: _Family) -> Credentials:
    id, secret = _value(environ, family.id), _value(environ, family.secret)
    file = None if secret else family.file
    if file and (path := environ.get(file)):
        secret = _content(file, path)
    secret_names = " or ".join(family.names[1:])
    if not id:
        raise InvalidInputError(
            family.id, None, f"be set together with {secret_names}", show=False
        )
    if not secret:
        raise InvalidInputError(
            secret_names, None, f"be set together with {family.id}", show=False
        )
    if family.kind == "application":
        id = check_application_id(id, family.id)
    else:
        if file and (rule := secret_rule(secret)):
            rule = f"name a file with the secret, which must {rule}"
            raise InvalidInputError(file, None, rule, show=False)
        check_project(id, secret, (family.id, family.secret))
    url = next(filter(None, map(environ.get, family.url)), None)
    return Credentials(family.kind, id, secret, file is not None, url)


def _value(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    return clean(str(value)) if value else ""


def _first(environ: Mapping[str, str], family: _Family) -> str:
    return next(name for name in family.names if environ.get(name))


def _content(variable: str, path: str) -> str:
    try:
        content = read(path)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        rule = f"name a file that can be read ({problem})"
    else:
        if content:
            return content
        rule = "name a file that is not empty"
    raise InvalidInputError(variable, path, rule)


def _number(kind: type[float], value: str) -> object:
    try:
        return kind(value)
    except ValueError:
        return value  # which is refused as what it is


def _seconds(variable: str, value: str) -> float:
    from tokbox.rest.validation import seconds

    return seconds(variable, _number(float, value))


def _retries(variable: str, value: str) -> int:
    from tokbox.rest.http.requester import MAX_RETRIES
    from tokbox.rest.validation import integer

    return integer(variable, _number(int, value), 0, MAX_RETRIES)


def _proxy(variable: str, value: str) -> str:
    from tokbox.transport import proxies

    proxies.parse(value, name=variable)
    return value


def _allow_http(variable: str, value: str) -> bool | None:
    from tokbox.rest.http import plain_http

    return plain_http.from_environment({variable: value})


#: Options, their variables, and the functions that parse the values.
_OPTIONS: tuple[tuple[str, str, Callable[[str, str], Any]], ...] = (
    ("timeout", "TOKBOX_TIMEOUT", _seconds),
    ("read_timeout", "TOKBOX_READ_TIMEOUT", _seconds),
    ("connect_timeout", "TOKBOX_CONNECT_TIMEOUT", _seconds),
    ("retries", "TOKBOX_RETRIES", _retries),
    ("proxy", "TOKBOX_PROXY", _proxy),
    ("allow_http", "TOKBOX_ALLOW_HTTP", _allow_http),
)
