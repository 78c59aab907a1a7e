"""Read a token, and find out whether it holds."""

from __future__ import annotations

import hmac
import time

from tokbox._fastsign import Key
from tokbox.enums import DAYS_30
from tokbox.errors import (
    BadSignature,
    ExpiredToken,
    InvalidClaims,
    NotYetValidToken,
    WrongKey,
)
from tokbox.tokens import jwt, t1
from tokbox.tokens.claims import Token, check_role, check_session_id

__all__ = ["LEEWAY", "decode", "verify"]

#: How far, in seconds, the clock of whoever made a token may be ahead of ours.
LEEWAY = 60


def _is_jwt(token: object) -> bool:
    # What a JSON object begins with, in base64.
    return isinstance(token, str) and token.startswith("ey")


def decode(token: str) -> Token:
    """Read a token without trusting it: nothing is verified.

    Takes T1 tokens and JWTs. Use `Tokbox.verify` to know whether what it says is true.
    Raises MalformedToken.
    """
    if _is_jwt(token):
        return jwt.read(jwt.split(token)[0])
    api_key, _, data = t1.split(token)
    return t1.read(api_key, data)


def _authentic(token: str, key: Key, api_key: str) -> Token:
    """Check whose it is and the signature, and only then read the rest."""
    if _is_jwt(token):
        payload, signature, signed = jwt.split(token)
        if payload.get("iss") not in (api_key, int(api_key)):
            raise WrongKey(f"the token was made for another API key than {api_key}")
        if not hmac.compare_digest(key.hmac_sha256(signed), signature):
            raise BadSignature("the token was altered, or signed with another secret")
        return jwt.read(payload)
    owner, signature, data = t1.split(token)
    if owner != api_key.encode():
        raise WrongKey(f"the token was made for another API key than {api_key}")
    if not hmac.compare_digest(key.hmac_sha1(data), signature):
        raise BadSignature("the token was altered, or signed with another secret")
    return t1.read(owner, data)


def verify(
    token: str,
    key: Key,
    api_key: str,
    *,
    session_id: str | None = None,
    now: float | None = None,
) -> Token:
    """Return what *token* says if all of it holds, as the service would see it *now*.

    Raises MalformedToken, WrongKey, BadSignature, ExpiredToken, NotYetValidToken, or
    InvalidClaims if it says, well signed, what no token may say.
    """
    claims = _authentic(token, key, api_key)
    check_role(claims.role)
    check_session_id(claims.session_id, api_key)
    if session_id is not None and claims.session_id != session_id:
        raise InvalidClaims(
            "session_id", claims.session_id, "be the session that was asked for"
        )
    if claims.expires_at > claims.create_time + DAYS_30:
        rule = "be at most 30 days after create_time"
        raise InvalidClaims("expire_time", claims.expire_time, rule)
    seconds = int(time.time() if now is None else now)
    if claims.create_time > seconds + LEEWAY:
        raise NotYetValidToken(claims.create_time, seconds)
    if claims.expires_at <= seconds:
        raise ExpiredToken(claims.expires_at, seconds)
    return claims
