"""Signals to the clients of a session."""

from __future__ import annotations

from tokbox.lazy import set_module
from tokbox.rest.resources.base import Resource
from tokbox.rest.validation import omit_none, optional, string

__all__ = ["Signals"]

_MAX_TYPE = 128
#: The documented limit is "8 kB" of data; this is the larger of its two meanings.
_MAX_DATA = 8192


@set_module("tokbox.types")
class Signals(Resource):
    """Send signals to sessions; available as ``tb.signals``."""

    __slots__ = ()

    _noun = "signals"

    def send(
        self,
        session_id: str,
        data: str,
        *,
        type: str | None = None,
        connection_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Send a signal to all clients of a session, or to one.

        *data* has at most 8192 bytes in UTF-8, *type* at most 128. The signal that clients
        receive has no sender. This also works in relayed sessions. Raises ``NotFoundError``
        if no client, or not the given one, is connected.
        """
        body = {
            **omit_none(type=optional(string, "type", type, max_bytes=_MAX_TYPE)),
            "data": string("data", data, max_bytes=_MAX_DATA),
        }
        path = self._session_path(session_id, "signal", connection_id)
        self._requester.request("POST", path, json=body, timeout=timeout)
