"""Authentication of REST calls.

A project signs the JWT in ``X-OPENTOK-AUTH`` with its secret. Very old clients send the
secret itself in ``X-TB-PARTNER-AUTH``. An application signs the JWT in ``Authorization:
Bearer`` with its private key. One SDK sends an application's JWT in ``X-OPENTOK-AUTH``: its
``alg`` header distinguishes it from a project's JWT.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.simulation.client_tokens import SCOPE
from tokbox.emulator.simulation.former_secrets import verify_with
from tokbox.emulator.simulation.jwt import InvalidJWTError, Jwt, parse, parse_times
from tokbox.emulator.store.accounts import Account, Accounts, Application, Project

__all__ = [
    "MAX_LIFETIME",
    "TOLERANCE",
    "authenticate",
    "authenticate_account",
    "check_active",
]

#: The documented maximum lifetime of project credentials, in seconds. The service is not
#: known to enforce it, and published clients use lifetimes of days.
MAX_LIFETIME = 300
#: The maximum lifetime of application credentials, and their default, in seconds.
_MAX_APPLICATION_LIFETIME = 86_400
_APPLICATION_LIFETIME = 900
#: The tolerated clock difference, in seconds.
TOLERANCE = 5


def authenticate(
    headers: Mapping[str, str], accounts: Accounts, *, now: float, rules: Rules
) -> Project | Application:
    """Authenticate a project or application by *headers*.

    *now* is in seconds since the epoch. *rules* may refuse credentials with more than the
    documented lifetime, and ``X-TB-PARTNER-AUTH``. For a project, every failure raises
    :class:`HTTPError` with status 403 and code -1, as in the service, and the claims
    ``ist`` and ``jti`` are optional. For an application the status is 401.
    """
    project = _identify(headers, accounts, now, rules)
    check_active(project)
    return project


def _identify(
    headers: Mapping[str, str], accounts: Accounts, now: float, rules: Rules
) -> Project | Application:
    strict = rules.refuse_long_credentials
    kind, _, bearer = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        try:
            jwt = parse(bearer.strip())
        except InvalidJWTError:
            raise _unreadable_bearer() from None
        return _signed_application(jwt, accounts, now, strict)
    token = headers.get("x-opentok-auth", "")
    if not token and "x-tb-partner-auth" in headers and not rules.refuse_partner_auth:
        return _partner(headers["x-tb-partner-auth"], accounts)
    if not token:
        raise _forbidden("No X-OPENTOK-AUTH header")
    try:
        jwt = parse(token)
    except InvalidJWTError:
        raise _unreadable() from None
    if jwt.algorithm == "RS256":
        return _signed_application(jwt, accounts, now, strict)
    project = accounts.project(_issuer(jwt))
    if project is None:
        raise _forbidden("Issuer not found")
    _check(jwt, project.secret, "project", now, strict)
    return project


def authenticate_account(
    headers: Mapping[str, str], accounts: Accounts, *, now: float, rules: Rules
) -> Account:
    """Authenticate an account by *headers*, or raise :class:`HTTPError` with status 403."""
    token = headers.get("x-opentok-auth", "")
    if not token:
        raise _forbidden("No X-OPENTOK-AUTH header")
    try:
        jwt = parse(token)
    except InvalidJWTError:
        raise _unreadable() from None
    account = accounts.account(_issuer(jwt))
    if account is None:
        raise _forbidden("Issuer not found")
    # All known clients send ist in account tokens, so it is required here.
    strict = rules.refuse_long_credentials
    _check(jwt, account.secret, "account", now, strict, required=True)
    return account


def _partner(header: str, accounts: Accounts) -> Project:
    """Authenticate the project in a *header* of the form ``key:secret``."""
    api_key, _, secret = header.partition(":")
    project = accounts.project(api_key)
    if project is None:
        raise _forbidden("Issuer not found")

    def compare(right: str) -> None:
        # ASGI headers are decoded as Latin-1.
        if not hmac.compare_digest(secret.encode("latin-1"), right.encode()):
            raise _forbidden("The secret in X-TB-PARTNER-AUTH is wrong")

    verify_with(project.secret, compare, HTTPError)
    return project


def check_active(project: Project | Application) -> None:
    """Refuse the requests of a suspended project."""
    if isinstance(project, Project) and project.status != "ACTIVE":
        raise _forbidden(f"The project is {project.status}")


def _issuer(jwt: Jwt) -> str:
    issuer = jwt.claims.get("iss")
    if not isinstance(issuer, str):
        raise _forbidden("Issuer not found")
    return issuer


def _check(
    jwt: Jwt,
    secret: str,
    level: str,
    now: float,
    strict: bool,
    *,
    required: bool = False,
) -> None:
    try:
        claims = verify_with(secret, jwt.check, InvalidJWTError)
        issued, begins, expires = parse_times(claims)
    except InvalidJWTError:
        raise _unreadable() from None
    if claims.get("ist", None if required else level) != level:
        raise _forbidden(f"Invalid JWT: ist must be {level}")
    if issued is None or expires is None:
        raise _forbidden("Invalid JWT: iat and exp are required")
    limit = MAX_LIFETIME if strict else None
    problem = _find_problem(claims, issued, begins, expires, now, limit)
    if problem:
        raise _forbidden(problem)


def _signed_application(
    jwt: Jwt, accounts: Accounts, now: float, strict: bool
) -> Application:
    application_id = jwt.claims.get("application_id")
    application = (
        accounts.application(application_id) if isinstance(application_id, str) else None
    )
    if application is None or application.public_key is None:
        raise _unauthorized("The application of the token is unknown")
    try:
        claims = jwt.check(application.public_key)
        issued, begins, expires = parse_times(claims)
    except InvalidJWTError:
        raise _unreadable_bearer() from None
    if issued is None:
        raise _unauthorized("Invalid JWT: iat is required")
    if expires is None:
        expires = issued + _APPLICATION_LIFETIME
    limit = _MAX_APPLICATION_LIFETIME if strict else None
    problem = _find_problem(claims, issued, begins, expires, now, limit)
    if problem:
        raise _unauthorized(problem)
    return application


def _find_problem(
    claims: Mapping[str, Any],
    issued: float,
    begins: float | None,
    expires: float,
    now: float,
    limit: int | None,
) -> str:
    # End users hold client tokens, which must not authorize REST calls.
    if claims.get("scope") == SCOPE:
        return f"Invalid JWT: scope {SCOPE} is for client tokens, not for REST calls"
    if issued > now + TOLERANCE:
        return "Invalid JWT: issued time cannot be greater than the current time"
    if begins is not None and begins > now + TOLERANCE:
        return "Invalid JWT: nbf cannot be greater than the current time"
    if expires <= now - TOLERANCE:
        return "Invalid JWT: it has expired"
    if limit is not None and expires - issued > limit:
        return f"Invalid JWT: exp must be within {limit} seconds of iat"
    return ""


def _unreadable() -> HTTPError:
    return _forbidden("Invalid JWT: it cannot be read, or its signature is wrong")


def _unreadable_bearer() -> HTTPError:
    return _unauthorized("The token cannot be read, or its signature is wrong")


def _forbidden(message: str) -> HTTPError:
    return HTTPError(403, message, code=-1)


def _unauthorized(message: str) -> HTTPError:
    return HTTPError(401, message)
