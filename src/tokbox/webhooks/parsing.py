"""Parse the body of a callback."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from tokbox.errors import InvalidInputError, MalformedWebhookError
from tokbox.lazy import set_module
from tokbox.readonly import ReadOnlyDict
from tokbox.secrecy import strip_traceback
from tokbox.tokens import strict_json
from tokbox.webhooks import events

__all__ = ["MAX_BODY", "check_size", "parse"]

#: The maximum size of a body in bytes. The service sends a few thousand.
MAX_BODY = 1_048_576

#: Event classes, by the value of ``event``.
_KINDS: dict[str, type[events.Event]] = {
    "connectionCreated": events.ConnectionCreated,
    "connectionDestroyed": events.ConnectionDestroyed,
    "streamCreated": events.StreamCreated,
    "streamDestroyed": events.StreamDestroyed,
    "sessionCreated": events.SessionCreated,
    "sessionDestroyed": events.SessionDestroyed,
    "sessionNotification": events.SessionNotification,
    "callCreated": events.SipCallCreated,
    "callUpdated": events.SipCallUpdated,
    "callDestroyed": events.SipCallDestroyed,
    "muteForced": events.SipCallMuteForced,
    "archive": events.ArchiveChanged,
    "broadcast": events.BroadcastChanged,
    "render": events.RenderChanged,
    "captions": events.CaptionsChanged,
}


@set_module("tokbox.webhooks")
@strip_traceback
def parse(body: bytes | bytearray | memoryview | str | Mapping[str, Any]) -> events.Event:
    """Parse the body of a callback into an event.

    *body* is the raw body, or the object that a framework decoded from it. Nothing is
    verified: anyone who has the URL can send anything. See :class:`Receiver` for signed
    callbacks.

    Raises ``MalformedWebhookError``. An unknown kind of event is not an error and returns
    an ``UnknownEvent``.
    """
    source = ReadOnlyDict(body) if isinstance(body, Mapping) else _read(body)
    event = _kind(source).from_json(source)
    for path in event._required:
        if not attrgetter(path)(event):
            what = event.event or type(event).__name__
            raise MalformedWebhookError("incomplete", f"{what} lacks {path}")
    return event


def _read(body: bytes | bytearray | memoryview | str) -> dict[str, Any]:
    if not isinstance(body, bytes | bytearray | memoryview | str):
        rule = f"be bytes, text or an object, not {type(body).__name__}"
        raise InvalidInputError("body", None, rule, show=False)
    check_size(body)
    try:
        return strict_json.read_object(body if isinstance(body, str) else bytes(body))
    except ValueError as error:
        problem = str(error)
    raise MalformedWebhookError("not_json", f"the body cannot be read: {problem}")


def check_size(body: bytes | bytearray | memoryview | str) -> None:
    """Reject a body that is larger than any callback of the service."""
    size = body.nbytes if isinstance(body, memoryview) else len(body)
    if size > MAX_BODY:
        problem = f"the body has more than {MAX_BODY:,} bytes"
        raise MalformedWebhookError("too_large", problem)


def _kind(source: Mapping[str, Any]) -> type[events.Event]:
    event = source.get("event")
    if isinstance(event, str) and event in _KINDS:
        return _KINDS[event]
    # Captions callbacks have the properties of a response, without an event, but with a
    # unique ID property. Documented callbacks of renders have no event either.
    if "captionId" in source or "captionsId" in source:
        return events.CaptionsChanged
    if event is None and "id" in source and "status" in source:
        return events.RenderChanged
    return events.UnknownEvent
