"""The tokens that clients join with, verified as the service would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tokbox.emulator.simulation.jws import Unreadable, read, times
from tokbox.emulator.store.accounts import Application, Project
from tokbox.errors import TokenError
from tokbox.tokens.signer import Signer

__all__ = ["ROLES", "SCOPE", "Admission", "Denied", "admit"]

#: The scope of client tokens.
SCOPE = "session.connect"

#: What a token lives if it does not say, and the longest it may, in seconds.
_DEFAULT_LIFETIME = 86_400
_MAX_LIFETIME = 2_592_000
#: How far the clock of whoever signed may be ahead, in seconds.
_TOLERANCE = 60
ROLES = frozenset({"subscriber", "publisher", "publisheronly", "moderator"})


class Denied(Exception):
    """The token does not open this session; the message says why."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a good token gives to whoever joins with it."""

    role: str
    connection_data: str
    layout_classes: tuple[str, ...]


def admit(
    token: str, tenant: Project | Application, session_id: str, *, now: float
) -> Admission:
    """Verify a token for one session of *tenant*.

    A project signs T1 tokens or HS256 JSON Web Tokens with its secret, an application
    RS256 ones with its key.

    *now* is in seconds since the epoch. Raises :class:`Denied`.
    """
    if isinstance(tenant, Application):
        return _admit_jwt(token, tenant, session_id, now)
    check_open(tenant)
    if token.startswith("T1=="):
        return _admit_t1(token, tenant, session_id, now)
    return _admit_jwt(token, tenant, session_id, now)


def check_open(tenant: Project | Application) -> None:
    """Raise :class:`Denied` if nobody is let into the sessions of *tenant*."""
    if isinstance(tenant, Project) and tenant.status != "ACTIVE":
        raise Denied("the project is suspended")


def _admit_t1(token: str, project: Project, session_id: str, now: float) -> Admission:
    signer = Signer(project.api_key, project.secret)
    try:
        claims = signer.verify(token, session_id=session_id, now=now)
    except TokenError as error:
        raise Denied(str(error)) from None
    finally:
        signer.close()
    _check_times(claims.create_time, claims.expire_time, now)
    return _admission(
        claims.role, claims.connection_data, tuple(claims.initial_layout_class_list)
    )


def _admit_jwt(
    token: str, tenant: Project | Application, session_id: str, now: float
) -> Admission:
    key: str | RSAPublicKey | None
    if isinstance(tenant, Application):
        claim, owner, key = "application_id", "application", tenant.public_key
    else:
        claim, owner, key = "iss", "API key", tenant.secret
    try:
        jwt = read(token)
        if key is None or jwt.claims.get(claim) != tenant.tenant_id:
            raise Denied(f"the token was made for another {owner}")
        claims = jwt.check(key)
        issued, begins, expires = times(claims)
    except Unreadable:
        raise Denied("the token cannot be read, or its signature is wrong") from None
    if claims.get("session_id") != session_id:
        raise Denied("the token was made for another session")
    if claims.get("scope") not in (None, SCOPE):
        raise Denied(f"the scope of the token is not {SCOPE}")
    if claims.get("ist") not in (None, "project"):
        raise Denied("the ist of the token is not project")
    if issued is None:
        raise Denied("the token does not say when it was made")
    _check_times(issued, expires, now)
    if begins is not None and begins > now + _TOLERANCE:
        raise Denied(f"the token is not valid for another {int(begins - now)} s (its nbf)")
    data = claims.get("connection_data") or claims.get("data") or ""
    if not isinstance(data, str):
        raise Denied("the connection data of the token is not a string")
    return _admission(claims.get("role"), data, _classes_of(claims))


def _classes_of(claims: dict[str, Any]) -> tuple[str, ...]:
    """Read the layout classes, of which SDKs have three spellings.

    A string of words, the same urlencoded, or an array; and two names for the claim.
    """
    value = claims.get("initial_layout_class_list") or claims.get("initial_layout_list")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return tuple(unquote_plus(value).split()) if isinstance(value, str) else ()


def _check_times(created: float, expires: float | None, now: float) -> None:
    if created > now + _TOLERANCE:
        raise Denied(f"the token was made {int(created - now)} s in the future")
    if expires is None:
        expires = created + _DEFAULT_LIFETIME
    if expires <= now:
        raise Denied(f"the token expired {int(now - expires)} s ago")
    if expires - created > _MAX_LIFETIME:
        raise Denied("the token lives longer than 30 days")


def _admission(role: object, data: str, classes: tuple[str, ...]) -> Admission:
    # Without a role a client may publish, which is the default.
    name = "publisher" if role is None or role == "" else str(role)
    if name not in ROLES:
        raise Denied("the role of the token is unknown")
    return Admission(name, data, classes)
