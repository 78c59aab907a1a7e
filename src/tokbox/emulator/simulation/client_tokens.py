"""Verification of client tokens, as in the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tokbox.emulator.errors import TokenRejectedError
from tokbox.emulator.simulation.former_secrets import verify_with
from tokbox.emulator.simulation.jwt import InvalidJWTError, parse, parse_times
from tokbox.emulator.store.accounts import Application, Project
from tokbox.errors import TokenError
from tokbox.tokens.signer import Signer
from tokbox.tokens.token import Token

__all__ = ["ROLES", "SCOPE", "ClientClaims", "verify_client_token"]

#: The scope of client tokens.
SCOPE = "session.connect"

#: The default and the maximum lifetime of a token, in seconds.
_DEFAULT_LIFETIME = 86_400
_MAX_LIFETIME = 2_592_000
#: The tolerance for tokens from clocks that are ahead, in seconds.
_TOLERANCE = 60
ROLES = frozenset({"subscriber", "publisher", "publisheronly", "moderator"})


@dataclass(frozen=True, slots=True)
class ClientClaims:
    """The verified claims of a client token."""

    role: str
    connection_data: str
    layout_classes: tuple[str, ...]


def verify_client_token(
    token: str, project: Project | Application, session_id: str, *, now: float
) -> ClientClaims:
    """Verify a token for one session of *project*.

    *now* is in seconds since the epoch. A project signs T1 tokens or HS256 JSON Web Tokens
    with its secret; an application signs RS256 JSON Web Tokens with its private key. Raises
    :class:`TokenRejectedError`.
    """
    if isinstance(project, Application):
        return _verify_jwt(token, project, session_id, now)
    check_not_suspended(project)
    if token.startswith("T1=="):
        return _verify_t1(token, project, session_id, now)
    return _verify_jwt(token, project, session_id, now)


def check_not_suspended(project: Project | Application) -> None:
    """Raise :class:`TokenRejectedError` if *project* is suspended."""
    if isinstance(project, Project) and project.status != "ACTIVE":
        raise TokenRejectedError("the project is suspended")


def _verify_t1(token: str, project: Project, session_id: str, now: float) -> ClientClaims:

    def verify(secret: str) -> Token:
        with Signer(project.api_key, secret) as signer:
            return signer.verify(token, session_id=session_id, now=now)

    try:
        claims = verify_with(project.secret, verify, TokenError)
    except TokenError as error:
        raise TokenRejectedError(str(error)) from None
    _check_times(claims.create_time, claims.expire_time, now)
    return _claims_of(
        claims.role, claims.connection_data, tuple(claims.initial_layout_class_list)
    )


def _verify_jwt(
    token: str, project: Project | Application, session_id: str, now: float
) -> ClientClaims:
    key: str | RSAPublicKey | None
    if isinstance(project, Application):
        claim, owner, key = "application_id", "application", project.public_key
    else:
        claim, owner, key = "iss", "API key", project.secret
    try:
        jwt = parse(token)
        if key is None or jwt.claims.get(claim) != project.id:
            raise TokenRejectedError(f"the token was made for another {owner}")
        if isinstance(key, str):
            claims = verify_with(key, jwt.check, InvalidJWTError)
        else:
            claims = jwt.check(key)
        issued, begins, expires = parse_times(claims)
    except InvalidJWTError:
        raise TokenRejectedError(
            "the token cannot be read, or its signature is wrong"
        ) from None
    if claims.get("session_id") != session_id:
        raise TokenRejectedError("the token was made for another session")
    if claims.get("scope") not in (None, SCOPE):
        raise TokenRejectedError(f"the scope of the token is not {SCOPE}")
    if claims.get("ist") not in (None, "project"):
        raise TokenRejectedError("the ist of the token is not project")
    if issued is None:
        raise TokenRejectedError("the token does not say when it was made")
    _check_times(issued, expires, now)
    if begins is not None and begins > now + _TOLERANCE:
        raise TokenRejectedError(
            f"the token is not valid for another {int(begins - now)} s (its nbf)"
        )
    data = claims.get("connection_data") or claims.get("data") or ""
    if not isinstance(data, str):
        raise TokenRejectedError("the connection data of the token is not a string")
    return _claims_of(claims.get("role"), data, _classes_of(claims))


def _classes_of(claims: dict[str, Any]) -> tuple[str, ...]:
    """Read the layout classes, which SDKs encode in three ways.

    The value is a string of words, the same string urlencoded, or an array. The claim has
    two names.
    """
    value = claims.get("initial_layout_class_list") or claims.get("initial_layout_list")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return tuple(unquote_plus(value).split()) if isinstance(value, str) else ()


def _check_times(created: float, expires: float | None, now: float) -> None:
    if created > now + _TOLERANCE:
        raise TokenRejectedError(f"the token was made {int(created - now)} s in the future")
    if expires is None:
        expires = created + _DEFAULT_LIFETIME
    if expires <= now:
        raise TokenRejectedError(f"the token expired {int(now - expires)} s ago")
    if expires - created > _MAX_LIFETIME:
        raise TokenRejectedError("the token lives longer than 30 days")


def _claims_of(role: object, data: str, classes: tuple[str, ...]) -> ClientClaims:
    # The default role is publisher.
    name = "publisher" if role is None or role == "" else str(role)
    if name not in ROLES:
        raise TokenRejectedError("the role of the token is unknown")
    return ClientClaims(name, data, classes)
