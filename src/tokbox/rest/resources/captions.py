"""Caption sessions live: turn speech into text while it is spoken."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.enums import Role
from tokbox.lazy import set_module
from tokbox.response_enums import CaptionsStatus
from tokbox.rest.models import base as record
from tokbox.rest.resources.base import Collection
from tokbox.rest.resources.token_resource import Joining
from tokbox.rest.validation import flag, given, optional, text, web_address, whole

__all__ = ["Captions", "LiveCaptions"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Captions(record.Owned):
    """Describe the live captions of a session.

    The answer to a start tells no more than the ``id``.
    """

    _what = "captions"

    # The service says captionsId when they start, and captionId when they are asked for.
    id: str = record.text("captionsId", "captionId", "id")
    status: CaptionsStatus | str = record.word(CaptionsStatus)
    #: Why they stopped or failed.
    reason: str = record.text()
    #: Seconds.
    duration: int | None = record.whole()
    language_code: str = record.text()
    provider: str = record.text()


@set_module("tokbox.types")
class LiveCaptions(Joining, Collection[Captions]):
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
            **given(
                languageCode=optional(text, "language_code", language_code, shortest=1),
                maxDuration=optional(whole, "max_duration", max_duration, 300, 14_400),
                partialCaptions=optional(flag, "partial_captions", partial_captions),
                statusCallbackUrl=optional(
                    web_address, "status_callback_url", status_callback_url
                ),
            ),
        }
        return self._ask(Captions, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> None:
        """Stop captions. Raises ``NotFoundError`` if they are unknown or have stopped."""
        self._requester.request("POST", self._one(id, "/stop"), timeout=timeout)
