"""Find the faults of a token that can be found without its key."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from tokbox.cli.common.formatting import ago, moment, span
from tokbox.enums import DAYS_30
from tokbox.errors import InvalidClaimsError, MalformedTokenError, WrongPurposeError
from tokbox.tokens.claims import (
    check_connection_data,
    check_layout_classes,
    check_purpose,
    check_role,
    check_session_id,
    wrong_claims,
)
from tokbox.tokens.token import Token
from tokbox.tokens.verification.verify import LEEWAY

__all__ = ["Fault", "UnknownToken", "explain", "find_faults", "show"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason to refuse a token."""

    #: A value of ``TokenError.reason``.
    reason: str
    #: The reason as text.
    text: str


def find_faults(claims: Token, now: float, session_id: str | None) -> list[Fault]:
    """Return all reasons to refuse a token with *claims*, the most common first.

    With *session_id*, the token must be for that session.
    """
    faults = [*_time_faults(claims, now)]
    if session_id is not None and claims.session_id != session_id:
        text = "it is for another session than that of --session-id: sign a new one"
        faults.append(Fault("wrong_session", text))
    for check in (
        lambda: check_purpose(claims),
        lambda: check_session_id(claims.session_id, claims.project_id),
        lambda: check_role(claims.role),
        lambda: check_connection_data(claims.connection_data),
        lambda: check_layout_classes(claims.initial_layout_class_list),
    ):
        try:
            check()
        except InvalidClaimsError as error:
            wrong = wrong_claims(error)
            faults.append(Fault(wrong.reason, f"its {wrong}"))
        except WrongPurposeError as error:
            faults.append(Fault(error.reason, f"its {error}"))
    return faults


def _time_faults(claims: Token, now: float) -> Iterator[Fault]:
    if claims.end_time <= now:
        text = f"it expired {ago(claims.end_time, now)}: sign a new one"
        yield Fault("expired", text)
    if claims.create_time > now + LEEWAY:
        early = span(int(claims.create_time - now))
        text = (
            f"it was signed {early} in the future: the clock of this machine or of the "
            "signing machine is wrong"
        )
        yield Fault("not_yet_valid", text)
    begins = claims.not_before
    if begins is not None and begins > now + LEEWAY:
        text = (
            f"it becomes valid in {span(int(begins - now))} (nbf): wait, or sign one "
            "without nbf"
        )
        yield Fault("not_yet_valid", text)
    if claims.end_time <= claims.create_time:
        yield Fault("invalid_claims", "it expires before it was signed")
    elif claims.end_time > claims.create_time + DAYS_30:
        lifetime = span(claims.end_time - claims.create_time)
        text = f"it is valid for {lifetime}; the maximum is 30 days"
        yield Fault("invalid_claims", text)


@dataclass(frozen=True, slots=True)
class UnknownToken:
    """Text that is not a client token, and what it probably is."""

    #: "JWT", "session id", or "" if it is not known.
    kind: str
    #: The reason why it is not a token, with a hint.
    fault: Fault
    #: The claims of a JWT, not verified.
    claims: Mapping[str, Any] | None = None
    #: The claims as names and formatted values.
    rows: tuple[tuple[str, str], ...] = field(default=())


def explain(text: str, error: MalformedTokenError, now: float) -> UnknownToken:
    """Return what *text* probably is. It is not a client token, because of *error*."""
    if not text:
        return UnknownToken("", Fault(error.reason, "not a token: it is empty"))
    if _is_session_id(text):
        words = "this is a session ID, not a token: sign a token with tokbox token"
        return UnknownToken("session id", Fault(error.reason, words))
    is_jwt = text.startswith("ey")
    header, claims = _read_jwt(text) if is_jwt else (None, None)
    if header is not None and claims is not None:
        rows = tuple(_rows(header, claims, now))
        return UnknownToken("JWT", _jwt_fault(claims, error), claims, rows)
    hint = _hint(text, error.reason)
    if is_jwt and not hint:
        hint = "it is damaged: copy it again"
    fault = Fault(error.reason, f"{error}; {hint}" if hint else str(error))
    return UnknownToken("JWT" if is_jwt else "", fault)


#: Hints by the ``reason`` of a MalformedTokenError.
_HELP = {
    "prefix": "add it again",
    "truncated": "copy all of it",
    "alphabet": "copy it again",
    "encoding": "copy it again",
    "duplicate": "sign a token that has each field and claim once",
    "algorithm": "sign it with HS256 for an API key, with RS256 for an application",
}
#: The maximum number of characters of an issuer in a message.
_MAX_ISSUER = 100


def _jwt_fault(claims: Mapping[str, Any], error: MalformedTokenError) -> Fault:
    """Return why a JWT is not a client token, although its claims can be read."""
    if "session_id" in claims:
        hint = _HELP.get(error.reason, "")
        return Fault(error.reason, f"{error}; {hint}" if hint else str(error))
    issuer = claims.get("iss")
    if "payload_hash" in claims:
        kind = "the JWT of a signed webhook"
    elif "application_id" in claims or (isinstance(issuer, str) and issuer.isdecimal()):
        kind = "a JWT for REST calls"
    elif isinstance(issuer, str) and issuer:
        kind = f"a JWT that {issuer[:_MAX_ISSUER]} issued"
    else:
        kind = "a JWT for another purpose"
    text = f"this is {kind}, not a client token: it has no session_id (see: tokbox token)"
    return Fault(error.reason, text)


def _hint(text: str, reason: str) -> str:
    """Return a hint about a likely error in *text*, or ""."""
    if text[0] in "\"'" or text[-1] in "\"'":
        return "remove the quotes"
    if text.lower().startswith("bearer "):
        return "remove the word Bearer"
    if re.search("%[0-9A-Fa-f]{2}", text):
        return "it is percent-encoded: %3D stands for =, %2B for +"
    if any(character.isspace() for character in text):
        return "it contains spaces or line breaks; in a URL, + turns into a space"
    return _HELP.get(reason, "")


def _is_session_id(text: str) -> bool:
    try:
        check_session_id(text)
    except InvalidClaimsError:
        return False
    return True


def _read_jwt(text: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return the header and the claims of a JWT; None for a part that cannot be read."""
    parts = text.split(".")
    if len(parts) != 3:
        return None, None
    return _read_json(parts[0]), _read_json(parts[1])


def _rows(
    header: Mapping[str, Any], claims: Mapping[str, Any], now: float
) -> Iterator[tuple[str, str]]:
    """Yield the claims of a JWT as names and formatted values."""
    yield "kind", "JWT"
    if "alg" in header:
        yield "algorithm", show(header["alg"])
    for name, value in claims.items():
        if name in ("exp", "iat", "nbf") and _is_time(value):
            yield name, f"{moment(value)} ({ago(value, now)})"
        else:
            yield name, show(value)
    yield "signature", "not verified"


def show(value: object) -> str:
    """Return the value of a claim: text unchanged, other values as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_time(value: object) -> TypeGuard[float]:
    # The json module also parses NaN and Infinity.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -1e12 < value < 1e12


def _read_json(part: str) -> Mapping[str, Any] | None:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), "-_", validate=True)
        content = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
