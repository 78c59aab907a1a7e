"""Live captions: transcribe the speech in a session in real time."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.enums import Role
from tokbox.errors import warn_caller
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
    """The live captions of a session.

    The response to ``start`` contains only the ``id``.
    """

    _label = "captions"

    # The service sends captionsId when they start, and captionId in later responses.
    id: str = str_field("captionsId", "captionId", "id")
    status: CaptionsStatus | str = enum_field(CaptionsStatus)
    #: Why they stopped or failed.
    reason: str = str_field()
    #: The duration in seconds.
    duration: int | None = int_field()
    language_code: str = str_field()
    provider: str = str_field()


@set_module("tokbox.types")
class LiveCaptions(TokenResource, Collection[Captions]):
    """The live captions of sessions, available as ``tb.captions``.

    A session can have one at a time, and the service cannot list them.
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
        """Start captioning a routed session.

        *language_code* is a BCP 47 tag (the service's default is ``en-US``). *max_duration*
        is 300 to 14,400 seconds (the service's default is 14,400). With *partial_captions*,
        the service's default, text arrives before a sentence is complete.
        *status_callback_url* (15 to 2048 characters) receives every status change.

        The *token* must be a moderator's. Without it the client signs one that is valid for
        ten minutes. Raises ``ConflictError`` if the session already has captions.
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

    def get(self, id: str, /, *, timeout: float | None = None) -> Captions:
        """Return captions by their ID. Deprecated: use *status_callback_url* instead.

        ``GET captions/{id}`` was never part of the service's API, and some hosts answer
        404. Issues a ``DeprecationWarning``.
        """
        warn_caller(
            "captions.get() is deprecated: the service's API has no such call; receive "
            "the status with status_callback_url",
            DeprecationWarning,
        )
        return super().get(id, timeout=timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> None:
        """Stop captions. Raises ``NotFoundError`` if they are unknown or have stopped."""
        self._requester.request("POST", self._item_path(id, "/stop"), timeout=timeout)
