"""The claims of a token that was read."""

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

    `tokbox.decode` returns claims without verifying them. The ``verify`` methods of
    `Tokbox`, `Signer` and `PublicKey` return them after the signature, the times and the
    other claims were verified. Tokens are hashable; `unknown` is not part of the hash.
    """

    #: "t1" or "jwt".
    kind: TokenKind
    #: What it is signed with: "HMAC-SHA1" (T1), "HS256", or "RS256" (an application's).
    algorithm: str
    #: The project or application it was made for: an API key, or an application id.
    project_id: str
    session_id: str
    #: A publisher's, if the token does not say.
    role: str
    #: When it was made and when it ends, in seconds since the epoch. A token that names
    #: no end lives for 24 hours: see `end_time`. `created_at` and `expires_at` are
    #: datetimes.
    create_time: int
    expire_time: int | None
    #: What sets it apart from others that say the same: a T1 token's nonce, a JWT's jti.
    nonce: str
    connection_data: str = ""
    initial_layout_class_list: tuple[str, ...] = ()
    scope: str | None = None
    #: The first second at which it is valid (``nbf`` of a JWT), since the epoch; None
    #: without that claim.
    not_before: int | None = None
    #: Everything else that it says.
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)
    #: All claims of a JWT, or fields of a T1 token, as they are written in it. It is
    #: read-only, and not in the repr, not compared and not part of the hash.
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
        """When it ends, in seconds since the epoch, whether or not it says so."""
        return self.create_time + HOURS_24 if self.expire_time is None else self.expire_time


#: A class whose instances can become tokens, since they have the same slots.
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
    """Return the `Token` with these values, which are all that it has.

    This takes a third of the time of its constructor: a frozen dataclass is slow to set.
    """
    draft = _Draft(**values)
    draft.__class__ = Token
    return cast(Token, draft)
