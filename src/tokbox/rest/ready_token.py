"""Clients that are made from a token for REST calls, and have no key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from tokbox.errors import (
    ExpiredTokenError,
    InvalidInputError,
    MalformedTokenError,
    MissingKeyError,
)
from tokbox.exact import exact_text
from tokbox.tokens import jwt
from tokbox.tokens.backend import SigningBackend
from tokbox.tokens.claims import SCOPE, check_api_key, check_application_id

if TYPE_CHECKING:
    from tokbox._fastsign import Key
    from tokbox.tokens.backend import BatchPlan

__all__ = ["KeylessBackend", "ReadyToken", "parse"]

_ADVICE = "get a new token, and make another client from it"


class ReadyToken:
    """A token that authenticates REST calls, and the claims that a client needs."""

    __slots__ = ("expire_time", "is_application", "owner_id", "text")

    text: str
    #: An API key, an account key or an application id.
    owner_id: str
    #: Whether it is signed with the private key of an application.
    is_application: bool
    #: The expiry time in seconds since the epoch; None if the token has none.
    expire_time: int | None

    def __init__(
        self, text: str, owner_id: str, is_application: bool, expire_time: int | None
    ) -> None:
        self.text = text
        self.owner_id = owner_id
        self.is_application = is_application
        self.expire_time = expire_time

    def __repr__(self) -> str:
        return f"<ReadyToken of {self.owner_id}>"

    def check(self, now: float) -> None:
        """Raise ExpiredTokenError if the token has expired at the time *now*."""
        if self.expire_time is not None and now >= self.expire_time:
            raise ExpiredTokenError(self.expire_time, int(now), advice=_ADVICE)


def parse(token: object, level: Literal["project", "account"]) -> ReadyToken:
    """Parse a token for the REST calls of a project, an application or an account.

    Its signature is not verified, since there is no key. Raises InvalidInputError, which
    does not show the token, or ExpiredTokenError.
    """
    text = exact_text(token) or ""
    if text.startswith("T1=="):
        _refuse("be a JWT for REST calls: a T1 token lets a client join a session")
    is_application, claims, expire_time = _read(text)
    owner_id = _owner(claims, is_application, level)
    ready = ReadyToken(text, owner_id, is_application, expire_time)
    ready.check(time.time())
    return ready


def _read(text: str) -> tuple[bool, dict[str, Any], int | None]:
    """Return whether a token is signed with RS256, its claims, and its ``exp``."""
    try:
        parts = jwt.split(text)
        claims = jwt.claims(parts)
        expire_time = jwt.seconds(dict(claims), "exp")
    except MalformedTokenError as error:
        problem = str(error)
    else:
        return parts.algorithm == "RS256", claims, expire_time
    # Outside of the handler, so that no other error is chained.
    return _refuse(f"be a JWT for REST calls ({problem})")


def _owner(claims: Mapping[str, Any], is_application: bool, level: str) -> str:
    if "session_id" in claims or claims.get("scope") == SCOPE:
        _refuse("be a JWT for REST calls: this one lets a client join a session")
    if is_application:
        if level != "project":
            _refuse("be an account's: this one is an application's (RS256)")
        return check_application_id(claims.get("application_id"), "application_id of token")
    found = claims.get("ist", level)
    if found != level:
        other = "Account" if level == "project" else "Tokbox"
        _refuse(f"have ist={level}, unlike this one: use {other}.from_token if it fits")
    return check_api_key(claims.get("iss"), "iss of token", f"the {level}'s API key")


def _refuse(rule: str) -> NoReturn:
    raise InvalidInputError("token", None, rule, show=False)


def _refuse_to_sign(*arguments: object) -> NoReturn:
    raise MissingKeyError(
        "this client was made from a token and has no key, so it cannot sign or verify "
        "tokens: use Tokbox(api_key, secret) or Tokbox.from_private_key where the key is, "
        "and pass its tokens as token= to calls that join a session"
    )


class _NoKey:
    """Takes the place of a key."""

    token = plan = staticmethod(_refuse_to_sign)


class KeylessBackend(SigningBackend):
    """The backend of a client without a key: it refuses to sign and to verify."""

    __slots__ = ("is_application",)

    is_application: bool
    chunk: int = 8192
    thread_threshold: int = 8192

    def __init__(self, project_id: str, is_application: bool) -> None:
        super().__init__(project_id, _NoKey())
        self.is_application = is_application

    @property
    def verifier(self) -> Key:
        _refuse_to_sign()

    def prefix(self, session_id: str, is_jwt: bool = False) -> tuple[bytes, bytes, bool]:
        return b"", b"", is_jwt

    def sign_jwt(self, claims: Mapping[str, Any]) -> str:
        _refuse_to_sign()

    def nonce_key(self) -> Key:
        _refuse_to_sign()

    def plan_at(
        self, create_time: int, is_jwt: bool, claims: Mapping[str, Any]
    ) -> BatchPlan:
        _refuse_to_sign()

    def rows(
        self,
        n: int,
        is_jwt: bool,
        create_time: int,
        claims: Mapping[str, Any],
        random: bytes | None,
    ) -> Any:
        _refuse_to_sign()
