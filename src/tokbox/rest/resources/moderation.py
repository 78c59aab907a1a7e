"""Moderation of a session: disconnect clients, mute streams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokbox.lazy import set_module
from tokbox.rest.resources.base import Resource
from tokbox.rest.validation import identifier, strings

__all__ = ["Moderation"]


@set_module("tokbox.types")
class Moderation(Resource):
    """Moderate sessions; available as ``tb.moderation``.

    Responses to mute requests are not read, because they contain the project's secret.
    """

    __slots__ = ()

    _noun = "moderation"

    def disconnect(
        self, session_id: str, connection_id: str, *, timeout: float | None = None
    ) -> None:
        """Disconnect a client; this also ends SIP calls and Audio Connectors.

        Raises ``NotFoundError`` if the client is not connected. If ``.attempts`` is above
        1, an earlier attempt may have disconnected it and its response may have been lost.
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
        """Mute all streams except *excluded_stream_ids*, including future streams.

        This remains in effect until ``unmute_all``.
        """
        # Older SDKs send excludedStreams; the documentation and newer SDKs use this name.
        excluded = strings("excluded_stream_ids", excluded_stream_ids)
        body = {"active": True, "excludedStreamIds": excluded}
        self._set_muting(session_id, body, timeout)

    def unmute_all(self, session_id: str, *, timeout: float | None = None) -> None:
        """Allow streams to be published unmuted; streams that are muted stay muted."""
        self._set_muting(session_id, {"active": False}, timeout)

    def _set_muting(
        self, session_id: str, body: dict[str, Any], timeout: float | None
    ) -> None:
        path = self._session_path(session_id, "mute")
        self._requester.request("POST", path, json=body, timeout=timeout)
