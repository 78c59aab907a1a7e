"""Verify and parse the callbacks that the service sends to your server.

A signed callback is verified and parsed in one call::

    receiver = tokbox.webhooks.Receiver(os.environ["SIGNATURE_SECRET"])
    event = receiver.receive(request.headers, body)
    if isinstance(event, tokbox.webhooks.ArchiveChanged):
        print(event.archive.id, event.archive.status)

*body* is the raw bytes of the request: ``request.get_data()`` in Flask, ``request.body``
in Django, ``await request.body()`` in Starlette and FastAPI. A body that a framework has
decoded cannot be verified.

**Callbacks are signed only if signing is enabled**, with a signature secret in the
settings of a Vonage application or of an OpenTok project. Classic OpenTok callbacks, and
those registered with ``tb.callbacks``, are unsigned: anyone who has the URL can send
anything. :func:`parse` reads them without verification, so

- put a long secret in the URL, compare it in constant time, and use TLS;
- if possible, accept requests only from the service's addresses;
- and treat a callback only as a notification: request the current state before acting on
  it, for example with ``tb.archives.get(event.archive.id)``.

Any 200 response counts as delivered. A failed delivery is retried after 5 seconds, then
after twice as long each time, up to 15 minutes, for 24 hours, so the same event can arrive
twice, and late. It is not documented whether a retry is signed again: a receiver that must
not lose late events needs ``max_age=86_400``. The platform's documentation of signed
webhooks says that an internal failure can cause an unsigned webhook.
"""

from tokbox.webhooks.events import (
    ArchiveChanged,
    BroadcastChanged,
    CaptionsChanged,
    ConnectionCreated,
    ConnectionDestroyed,
    ConnectionEvent,
    Event,
    MonitoredCall,
    MonitoredConnection,
    MonitoredStream,
    RenderChanged,
    SessionCreated,
    SessionDestroyed,
    SessionEvent,
    SessionNotification,
    SipCallCreated,
    SipCallDestroyed,
    SipCallEvent,
    SipCallMuteForced,
    SipCallUpdated,
    StatusEvent,
    StreamCreated,
    StreamDestroyed,
    StreamEvent,
    UnknownEvent,
)
from tokbox.webhooks.parsing import MAX_BODY, parse
from tokbox.webhooks.receiver import MAX_AGE, Claims, Receiver

__all__ = [
    "MAX_AGE",
    "MAX_BODY",
    "ArchiveChanged",
    "BroadcastChanged",
    "CaptionsChanged",
    "Claims",
    "ConnectionCreated",
    "ConnectionDestroyed",
    "ConnectionEvent",
    "Event",
    "MonitoredCall",
    "MonitoredConnection",
    "MonitoredStream",
    "Receiver",
    "RenderChanged",
    "SessionCreated",
    "SessionDestroyed",
    "SessionEvent",
    "SessionNotification",
    "SipCallCreated",
    "SipCallDestroyed",
    "SipCallEvent",
    "SipCallMuteForced",
    "SipCallUpdated",
    "StatusEvent",
    "StreamCreated",
    "StreamDestroyed",
    "StreamEvent",
    "UnknownEvent",
    "parse",
]
