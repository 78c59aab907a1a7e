"""What is wrong with a token, as far as it shows without the secret."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from tokbox.cli.wording import ago, moment, span
from tokbox.enums import DAYS_30
from tokbox.errors import InvalidClaims
from tokbox.tokens.claims import (
    Token,
    check_connection_data,
    check_layout_classes,
    check_role,
    check_session_id,
)
from tokbox.tokens.verify import LEEWAY

__all__ = ["Stranger", "explain", "find_faults"]


def find_faults(claims: Token, now: float, session_id: str | None) -> list[str]:
    """Return every reason to refuse a token that says *claims*, the plainest first.

    With *session_id* the token must be for that session.
    """
    faults = []
    if claims.expires_at <= now:
        faults.append(f"it expired {ago(claims.expires_at, now)}")
    if claims.create_time > now + LEEWAY:
        early = span(int(claims.create_time - now))
        faults.append(f"it was made {early} in the future: a clock is wrong")
    if claims.expires_at <= claims.create_time:
        faults.append("it expires before it was made")
    elif claims.expires_at > claims.create_time + DAYS_30:
        lifetime = span(claims.expires_at - claims.create_time)
        faults.append(f"it lives for {lifetime}, and 30 days are the most")
    if session_id is not None and claims.session_id != session_id:
        faults.append("it is for another session than the one asked for")
    for check in (
        lambda: check_session_id(claims.session_id, claims.api_key),
        lambda: check_role(claims.role),
        lambda: check_connection_data(claims.connection_data),
        lambda: check_layout_classes(claims.initial_layout_class_list),
    ):
        try:
            check()
        except InvalidClaims as error:
            faults.append(f"its {error}")
    return faults


@dataclass(frozen=True, slots=True)
class Stranger:
    """Something that is no client token, and what it seems to be."""

    #: "JWT", "session id", or "" for who knows what.
    kind: str
    #: Why it is none, and what may help.
    reason: str
    #: What a JWT says, unverified.
    claims: Mapping[str, Any] | None = None
    #: The same for people.
    rows: tuple[tuple[str, str], ...] = field(default=())


def explain(text: str, problem: str, now: float) -> Stranger:
    """Guess what *text*, which is no client token because of *problem*, was meant to be."""
    if text.startswith("eyJ"):
        return _explain_jwt(text, problem, now)
    hint = ""
    if not text:
        return Stranger("", "not a token: it is empty")
    if _is_session_id(text):
        return Stranger(
            "session id",
            "this looks like a session id, not a token: make one with tokbox token",
        )
    if text[0] in "\"'" or text[-1] in "\"'":
        hint = "take the quotes away"
    elif text.startswith("T1%3D%3D"):
        hint = "it is still encoded for a URL: %3D stands for ="
    elif text.startswith("cGFydG5lcl9pZ"):  # partner_id, as a token goes on
        hint = "the T1== at its beginning was lost"
    elif any(character.isspace() for character in text):
        hint = "there are spaces or line breaks in it"
    elif text.startswith("T1==") and "cut off" in problem:
        hint = "was all of it copied?"
    return Stranger("", f"{problem}; {hint}" if hint else problem)


def _is_session_id(text: str) -> bool:
    try:
        check_session_id(text)
    except InvalidClaims:
        return False
    return True


def _explain_jwt(text: str, problem: str, now: float) -> Stranger:
    parts = text.split(".")
    claims = _read_json(parts[1]) if len(parts) == 3 else None
    if claims is None:
        return Stranger("JWT", "this looks like a JWT, but it is damaged or cut off")
    reason = f"this looks like a JWT, but it is {problem}"
    rows = [("kind", "JWT")]
    for name, value in claims.items():
        shown = value if isinstance(value, str) else json.dumps(value)
        if name in ("exp", "iat", "nbf") and _is_time(value):
            shown = f"{moment(value)} ({ago(value, now)})"
            if name == "exp" and value <= now:
                reason += f"; it expired {ago(value, now)}"
        rows.append((name, shown))
    rows.append(("signature", "not checked"))
    return Stranger("JWT", reason, claims, tuple(rows))


def _is_time(value: object) -> TypeGuard[float]:
    # JSON as Python reads it also knows NaN and Infinity.
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
