"""The claims of a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import datetime
from typing import Any, cast

from tokbox.enums import HOURS_24
from tokbox.lazy import set_module
from tokbox.literals import TokenKind
from tokbox.pickling import PickledByName
from tokbox.readonly import ReadOnlyDict
from tokbox.secrecy import safe_repr
from tokbox.times import from_seconds

__all__ = ["Token", "make_token"]


@set_module("tokbox")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class Token(PickledByName):
    """The claims of a token.

    The ``verify`` methods of `Tokbox`, `Signer` and `PublicKey` return verified claims.
    `tokbox.decode` returns claims without verifying them. Tokens are hashable; `unknown` is
    not part of the hash.
    """

    #: "t1" or "jwt".
    kind: TokenKind
    #: The signing algorithm: "HMAC-SHA1" for T1 tokens, "HS256" for JWTs of a project,
    #: "RS256" for JWTs of an application.
    algorithm: str
    #: The API key of the project, or the id of the application.
    project_id: str
    session_id: str
    #: The role of the holder; "publisher" if the token has no role.
    role: str
    #: The creation time and the expiry time, in seconds since the epoch. A token without
    #: an expiry time is valid for 24 hours; see `end_time`. `created_at` and `expires_at`
    #: are datetimes.
    create_time: int
    expire_time: int | None
    #: The unique value of the token: the nonce of a T1 token, the ``jti`` of a JWT.
    nonce: str
    connection_data: str = ""
    initial_layout_class_list: tuple[str, ...] = ()
    scope: str | None = None
    #: The time from which the token is valid (``nbf`` of a JWT), in seconds since the
    #: epoch; None without that claim.
    not_before: int | None = None
    #: Unknown claims by name.
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)
    #: All claims of a JWT, or all fields of a T1 token, as written in the token. Read-only;
    #: excluded from the repr, from comparisons and from the hash.
    raw: Mapping[str, Any] = field(default_factory=ReadOnlyDict, compare=False, repr=False)

    @property
    def created_at(self) -> datetime | None:
        """``create_time`` as a UTC datetime, or None after the year 9999."""
        return from_seconds(self.create_time)

    @property
    def expires_at(self) -> datetime | None:
        """``end_time`` as a UTC datetime, or None after the year 9999."""
        return from_seconds(self.end_time)

    @property
    def end_time(self) -> int:
        """The expiry time in seconds since the epoch; by default 24 h after creation."""
        return self.create_time + HOURS_24 if self.expire_time is None else self.expire_time


#: A mutable class with the same slots, whose instances `make_token` turns into tokens.
_Draft: Any = make_dataclass(
    "_Draft",
    [(each.name, Any) for each in fields(Token)],
    bases=(PickledByName,),
    repr=False,
    eq=False,
    slots=True,
    kw_only=True,
)


def make_token(**values: Any) -> Token:
    """Return a `Token` with these values, in a third of the time of its constructor.

    *values* must contain all attributes.
    """
    draft = _Draft(**values)
    draft.__class__ = Token
    return cast(Token, draft)
