"""Let telephones take part: dial out over SIP, and play tones."""

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
    """Name the user that calls, where the gateway asks who it is (digest access)."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        set_fields(
            self,
            username=string("username", self.username, min_length=1),
            password=secret("password", self.password),
        )

    def _to_json(self) -> dict[str, Any]:
        """Return the object that goes over the wire, with the password."""
        return {"username": self.username, "password": self.password}


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCall(SessionEntity):
    """Describe a call that is being made, as a client of its session.

    To hang up, disconnect its ``connection_id``.
    """

    _label = "a call"

    connection_id: str = str_field()
    stream_id: str = str_field()


@set_module("tokbox.types")
class Sip(TokenResource):
    """Call out of sessions, as ``tb.sip``."""

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
        """Call *uri*, and let whoever answers take part in a routed session.

        ``;transport=tls`` at the end of the URI encrypts the signalling, *secure* the
        media. *from_* is who calls, such as ``15551234567@example.com``; the names of
        *headers* begin with ``X-``. With *video* the callee sees and is seen; *streams*
        are the only ones that are heard and seen, where they are given. With
        *observe_force_mute* muting counts for the callee, too, who can press ``*6``.

        Without a *token* the client signs one for a publisher, which is good for ten
        minutes. Raises ``NotFoundError`` if nobody is connected to the session,
        ``ConflictError`` if it is relayed.
        """
        sip = {
            # There may be a password in it (RFC 3261, section 19.1).
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
        """Play the tones of *digits* to all SIP calls of a session, or to one.

        They are ``0`` to ``9``, ``*``, ``#``, and ``p`` for half a second of silence.
        """
        tones = exact_text(digits)
        if tones is None or not re.fullmatch(r"[0-9*#p]+", tones):
            # They may well be somebody's PIN.
            rule = "be text of 0 to 9, *, # and p"
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
        # Letters, digits and marks of RFC 3261, "token"; the case of names is no matter.
        if name is None or not re.fullmatch(r"[Xx]-[A-Za-z0-9.!%*_+`'~-]+", name):
            raise InvalidInputError(field, given_name, "have names that begin with X-")
        if content is None or re.search(r"[\r\n\0]", content):
            rule = f"have text of one line for {name}"
            raise InvalidInputError(field, None, rule, show=False)
        found[name] = string(field, content, show=False)
    return found
