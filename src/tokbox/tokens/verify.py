"""Read a token, and find out whether it holds."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

from tokbox._fastsign import Key
from tokbox._fastsign import verify_many as core_verify_many
from tokbox.enums import DAYS_30
from tokbox.errors import (
    BadSignature,
    ExpiredToken,
    InvalidClaims,
    InvalidInput,
    NotYetValidToken,
    TokenError,
    WrongKey,
)
from tokbox.tokens import jwt, t1
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.claims import Token, check_role, check_session_id

__all__ = ["LEEWAY", "Verification", "decode", "verify", "verify_many"]

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


class Verification(Sequence["TokenError | None"]):
    """What was found of many tokens: for each None if it holds, or the exception that says
    why it does not."""

    __slots__ = ("_failures", "_n")

    def __init__(self, n: int, failures: dict[int, TokenError]) -> None:
        self._n = n
        self._failures = failures

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> TokenError | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[TokenError | None]: ...
    def __getitem__(self, index: int | slice) -> Any:
        rows = range(self._n)[index]
        if isinstance(rows, range):
            return [self._failures.get(row) for row in rows]
        return self._failures.get(rows)

    @property
    def failures(self) -> Mapping[int, TokenError]:
        """The exceptions, by row, of the tokens that do not hold."""
        return MappingProxyType(self._failures)

    def raise_first(self) -> None:
        """Raise the first of them, if there are any."""
        for error in self._failures.values():
            raise error

    def __repr__(self) -> str:
        return f"<Verification of {self._n:,} tokens, {len(self._failures):,} do not hold>"


def verify_many(
    tokens: Iterable[str],
    key: Key,
    api_key: str,
    head: bytes,
    *,
    session_id: str | None,
    now: float | None,
    threads: Callable[[int], int],
) -> Verification:
    """Do what `Signer.verify_many` says.

    The core passes the T1 tokens in which all is as expected; the rest are looked at one
    by one.
    """
    seconds = int(time.time() if now is None else now)
    if isinstance(tokens, str):
        raise InvalidInput("tokens", None, "be many tokens, not one", show=False)
    batch = tokens.in_memory() if isinstance(tokens, TokenBatch) else None
    rows = tokens if isinstance(tokens, TokenBatch) else tuple(tokens)
    n = len(rows)
    good = bytes(n)
    if 0 <= seconds < 2**62:  # other times are not the core's, which counts in 64 bits
        good = core_verify_many(
            key,
            head,
            api_key.encode(),
            tuple(rows) if batch is None else batch,
            seconds,
            LEEWAY,
            # With a lone surrogate it is like any other that no token holds.
            session=None
            if session_id is None
            else session_id.encode(errors="surrogatepass"),
            threads=threads(n),
        )
    failures: dict[int, TokenError] = {}
    row = good.find(0)
    while row >= 0:
        try:
            verify(rows[row], key, api_key, session_id=session_id, now=seconds)
        except TokenError as error:
            failures[row] = error
        row = good.find(0, row + 1)
    return Verification(n, failures)
