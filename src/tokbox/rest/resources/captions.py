"""Caption sessions live: turn speech into text while it is spoken."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.enums import Role
from tokbox.lazy import set_module
from tokbox.response_enums import CaptionsStatus
from tokbox.rest.models.base import SessionEntity, enum_field, int_field, str_field
from tokbox.rest.resources.base import Collection
from tokbox.rest.resources.token_resource import TokenResource
from tokbox.rest.validation import boolean, integer, omit_none, optional, string, web_url

__all__ = ["Captions", "LiveCaptions"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Captions(SessionEntity):
    """Describe the live captions of a session.

    The answer to a start tells no more than the ``id``.
    """

    _label = "captions"

    # The service says captionsId when they start, and captionId when they are asked for.
    id: str = str_field("captionsId", "captionId", "id")
    status: CaptionsStatus | str = enum_field(CaptionsStatus)
    #: Why they stopped or failed.
    reason: str = str_field()
    #: Seconds.
    duration: int | None = int_field()
    language_code: str = str_field()
    provider: str = str_field()


@set_module("tokbox.types")
class LiveCaptions(TokenResource, Collection[Captions]):
    """Reach the live captions of sessions, as ``tb.captions``.

    There can be one at a time for a session, and the service cannot list them.
    """

    __slots__ = ()

    _noun = "captions"
    _kind = Captions
    _segment = "captions"
    _id_field = "captions_id"
    _role = Role.MODERATOR

    def start(
        self,
        session_id: str,
        *,
        token: str | None = None,
        language_code: str | None = None,
        max_duration: int | None = None,
        partial_captions: bool | None = None,
        status_callback_url: str | None = None,
        timeout: float | None = None,
    ) -> Captions:
        """Start to caption a routed session.

        *language_code* is BCP 47, ``en-US`` without it; *max_duration* 300 to 14,400
        seconds, 14,400 without it. With *partial_captions*, and without it, text comes
        while a sentence is still spoken. *status_callback_url* (15 to 2048 characters)
        is told of every change.

        The *token* must be a moderator's; without it the client signs one, which is
        good for ten minutes. Raises ``ConflictError`` if the session has captions already.
        """
        body = {
            **self._credentials(session_id, token),
            **omit_none(
                languageCode=optional(string, "language_code", language_code, min_length=1),
                maxDuration=optional(integer, "max_duration", max_duration, 300, 14_400),
                partialCaptions=optional(boolean, "partial_captions", partial_captions),
                statusCallbackUrl=optional(
                    web_url, "status_callback_url", status_callback_url
                ),
            ),
        }
        return self._request(Captions, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> None:
        """Stop captions. Raises ``NotFoundError`` if they are unknown or have stopped."""
        self._requester.request("POST", self._item_path(id, "/stop"), timeout=timeout)
