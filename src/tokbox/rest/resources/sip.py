"""SIP calls from sessions, and DTMF tones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.rest.models.base import SessionEntity, str_field
from tokbox.rest.resources.token_resource import TokenResource
from tokbox.rest.validation import (
    boolean,
    nested,
    omit_none,
    optional,
    secret,
    set_fields,
    string,
    strings,
)
from tokbox.secrecy import strip_traceback

__all__ = ["Sip", "SipAuth", "SipCall"]


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True)
class SipAuth(PickledByName):
    """The user name and password for a SIP gateway (digest authentication)."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        set_fields(
            self,
            username=string("username", self.username, min_length=1),
            password=secret("password", self.password),
        )

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request, with the password."""
        return {"username": self.username, "password": self.password}


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCall(SessionEntity):
    """An outgoing call, which is a client of its session.

    To hang up, disconnect its ``connection_id``.
    """

    _label = "a call"

    connection_id: str = str_field()
    stream_id: str = str_field()


@set_module("tokbox.types")
class Sip(TokenResource):
    """Make SIP calls from sessions; available as ``tb.sip``."""

    __slots__ = ()

    _noun = "SIP calls"

    def dial(
        self,
        session_id: str,
        uri: str,
        *,
        token: str | None = None,
        from_: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: SipAuth | None = None,
        secure: bool | None = None,
        video: bool | None = None,
        observe_force_mute: bool | None = None,
        streams: Iterable[str] | None = None,
        timeout: float | None = None,
    ) -> SipCall:
        """Call *uri* and connect the callee to a routed session.

        ``;transport=tls`` at the end of the URI encrypts the signalling; *secure* encrypts
        the media. *from_* is the caller, for example ``15551234567@example.com``. The names
        of *headers* begin with ``X-``. *video* enables video in both directions. *streams*
        limits the call to these streams. With *observe_force_mute*, moderators can mute the
        callee, who can press ``*6`` to mute or unmute.

        Without a *token* the client signs a publisher token that is valid for ten minutes.
        Raises ``NotFoundError`` if no client is connected to the session, ``ConflictError``
        if the session is relayed.
        """
        sip = {
            # It may contain a password (RFC 3261, section 19.1).
            "uri": string("uri", uri, min_length=1, show=False),
            **omit_none(
                **{"from": optional(string, "from_", from_, min_length=1)},
                headers=optional(_headers, "headers", headers),
                auth=optional(nested, "auth", auth, SipAuth),
                secure=optional(boolean, "secure", secure),
                video=optional(boolean, "video", video),
                observeForceMute=optional(
                    boolean, "observe_force_mute", observe_force_mute
                ),
                streams=optional(strings, "streams", streams),
            ),
        }
        body = {**self._credentials(session_id, token), "sip": sip}
        return self._request(SipCall, "POST", f"{self._root}/dial", body, timeout)

    def play_dtmf(
        self,
        session_id: str,
        digits: str,
        *,
        connection_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Play the DTMF tones of *digits* to all SIP calls of a session, or to one.

        *digits* contains ``0`` to ``9``, ``*``, ``#``, and ``p`` for half a second of
        silence.
        """
        tones = exact_text(digits)
        if tones is None or not re.fullmatch(r"[0-9*#p]+", tones):
            # The digits may be a PIN.
            rule = "be a string of 0 to 9, *, # and p"
            raise InvalidInputError("digits", None, rule, show=False)
        path = self._session_path(session_id, "play-dtmf", connection_id)
        body = {"digits": tones}
        self._requester.request("POST", path, json=body, timeout=timeout)


def _headers(field: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidInputError(field, None, "map names to values", show=False)
    found = {}
    for given_name, given_content in value.items():
        name, content = exact_text(given_name), exact_text(given_content)
        # The token characters of RFC 3261; names are case-insensitive.
        if name is None or not re.fullmatch(r"[Xx]-[A-Za-z0-9.!%*_+`'~-]+", name):
            raise InvalidInputError(field, given_name, "have names that begin with X-")
        if content is None or re.search(r"[\r\n\0]", content):
            rule = f"have a string of one line for {name}"
            raise InvalidInputError(field, None, rule, show=False)
        found[name] = string(field, content, show=False)
    return found
