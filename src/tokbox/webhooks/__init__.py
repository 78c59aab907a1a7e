"""Take what the service tells your server: read callbacks, and know that they are true.

A signed callback is verified and read in one call::

    receiver = tokbox.webhooks.Receiver(os.environ["SIGNATURE_SECRET"])
    event = receiver.receive(request.headers, body)
    if isinstance(event, tokbox.webhooks.ArchiveChanged):
        print(event.archive.id, event.archive.status)

*body* is the bytes that came: ``request.get_data()`` in Flask, ``request.body`` in
Django, ``await request.body()`` in Starlette and FastAPI. What a framework made of them
cannot be verified.

**Callbacks are signed only where that is switched on**: by a signature secret in the
settings of a Vonage application, or of an OpenTok project. Classic OpenTok callbacks,
and those that are registered by calls (``tb.callbacks``), are not: whoever knows the URL
can send anything. :func:`parse` reads them without proof, so

- let the URL hold a long secret, compare that in constant time, and serve it by TLS;
- where you can, let nobody but the service's addresses in;
- and take a callback for a hint only: look at the thing itself before acting on it, as
  in ``tb.archives.get(event.archive.id)``.

Any 200 counts as delivered. Failures are delivered again, by a schedule that is not
published, so the same event may come twice. The platform says of its signed webhooks
that one may come unsigned when something fails inside, and that a 5xx has it sent again.
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
