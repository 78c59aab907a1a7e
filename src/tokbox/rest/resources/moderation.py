"""Keep order in a session: disconnect clients, mute streams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokbox.lazy import set_module
from tokbox.rest.resources.base import Resource
from tokbox.rest.validation import identifier, strings

__all__ = ["Moderation"]


@set_module("tokbox.types")
class Moderation(Resource):
    """Moderate sessions, as ``tb.moderation``.

    What the service answers to muting is never looked at: it holds the project's secret.
    """

    __slots__ = ()

    _noun = "moderation"

    def disconnect(
        self, session_id: str, connection_id: str, *, timeout: float | None = None
    ) -> None:
        """Force a client to leave; ends SIP calls and Audio Connectors as well.

        Raises ``NotFoundError`` if it is not connected; with ``.attempts`` above 1 that may
        mean that an earlier attempt worked though its answer was lost.
        """
        part = identifier("connection_id", connection_id)
        path = self._session_path(session_id, f"connection/{part}")
        self._requester.request("DELETE", path, timeout=timeout)

    def mute_stream(
        self, session_id: str, stream_id: str, *, timeout: float | None = None
    ) -> None:
        """Mute one stream; its publisher may unmute it."""
        part = identifier("stream_id", stream_id)
        path = self._session_path(session_id, f"stream/{part}/mute")
        self._requester.request("POST", path, timeout=timeout)

    def mute_all(
        self,
        session_id: str,
        *,
        excluded_stream_ids: Iterable[str] = (),
        timeout: float | None = None,
    ) -> None:
        """Mute all streams but some, and those that will be published, too.

        This lasts until ``unmute_all``.
        """
        # Older SDKs say excludedStreams; the documentation and all newer ones say this.
        excluded = strings("excluded_stream_ids", excluded_stream_ids)
        body = {"active": True, "excludedStreamIds": excluded}
        self._set_muting(session_id, body, timeout)

    def unmute_all(self, session_id: str, *, timeout: float | None = None) -> None:
        """Let streams be published unmuted again; those that are muted stay so."""
        self._set_muting(session_id, {"active": False}, timeout)

    def _set_muting(
        self, session_id: str, body: dict[str, Any], timeout: float | None
    ) -> None:
        path = self._session_path(session_id, "mute")
        self._requester.request("POST", path, json=body, timeout=timeout)
