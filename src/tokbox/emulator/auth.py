"""The credentials of a REST call: the ``X-OPENTOK-AUTH`` header."""

from __future__ import annotations

from collections.abc import Mapping

from tokbox.emulator.jws import Unreadable, number, read, read_unverified
from tokbox.emulator.replies import Refusal
from tokbox.emulator.tenants import Project

__all__ = ["MAX_LIFETIME", "TOLERANCE", "authenticate"]

#: The longest that credentials may live by the documentation, in seconds. The service
#: is not known to enforce it, and published clients ask for days.
MAX_LIFETIME = 300
#: How far the caller's clock may be off, in seconds.
TOLERANCE = 5


def authenticate(
    header: str | None, projects: Mapping[str, Project], *, now: float, strict: bool = False
) -> Project:
    """Return the project that *header* speaks for, or refuse with 403.

    *now* is in seconds since the epoch. The service answers 403 for every failure,
    with code -1; it does not insist on the claims ``ist`` and ``jti``.
    """
    if not header:
        raise _refusal("No X-OPENTOK-AUTH header")
    try:
        claims = read_unverified(header)
        issuer = claims.get("iss")
        project = projects.get(issuer) if isinstance(issuer, str) else None
        if project is None:
            raise _refusal("Issuer not found")
        claims = read(header, project.secret)
        issued, expires = number(claims, "iat"), number(claims, "exp")
    except Unreadable:
        raise _refusal(
            "Invalid JWT: it cannot be read, or its signature is wrong"
        ) from None
    if claims.get("ist", "project") != "project":
        raise _refusal("Invalid JWT: ist must be project")
    if issued is None or expires is None:
        raise _refusal("Invalid JWT: iat and exp are required")
    if issued > now + TOLERANCE:
        raise _refusal("Invalid JWT: issued time cannot be greater than the current time")
    if expires <= now - TOLERANCE:
        raise _refusal("Invalid JWT: it has expired")
    if strict and expires - issued > MAX_LIFETIME:
        raise _refusal(f"Invalid JWT: exp must be within {MAX_LIFETIME} seconds of iat")
    return project


def _refusal(message: str) -> Refusal:
    return Refusal(403, message, code=-1)
