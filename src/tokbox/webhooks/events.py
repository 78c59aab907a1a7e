"""What the service tells, one class for each kind of callback.

Those of sessions (connections, streams, calls) hold what happened; those of archives,
broadcasts, renders and captions hold the thing itself in its new status, as the client
would read it. What the service adds one day is in ``unknown``, of the event or of what
it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tokbox.lazy import set_module
from tokbox.response_enums import (
    DestroyedReason,
    NotificationReason,
    SipCallState,
    SipReason,
)
from tokbox.rest.models.base import (
    Entity,
    Record,
    enum_field,
    int_field,
    nested_field,
    project_field,
    str_field,
)
from tokbox.rest.resources import connections, streams
from tokbox.rest.resources.archives import Archive
from tokbox.rest.resources.broadcasts import Broadcast
from tokbox.rest.resources.captions import Captions
from tokbox.rest.resources.renders import Render
from tokbox.secrecy import strip_traceback
from tokbox.times import from_milliseconds

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "ArchiveChanged",
    "BroadcastChanged",
    "CaptionsChanged",
    "ConnectionCreated",
    "ConnectionDestroyed",
    "ConnectionEvent",
    "Event",
    "MonitoredCall",
    "MonitoredConnection",
    "MonitoredStream",
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
]


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Hold what every callback tells."""

    #: The service's own word for what happened; empty where it says none.
    event: str = str_field()
    session_id: str = str_field()
    #: The project or application: an API key of OpenTok, or an application id of Vonage.
    #: ``raw`` has it by the service's own name.
    project_id: str = project_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimedEvent(Event):
    """Hold an event that tells when it happened."""

    #: When it happened, in milliseconds since the epoch.
    occurred_ms: int | None = int_field("timestamp")

    @property
    def occurred_at(self) -> datetime | None:
        """Return ``occurred_ms`` as a UTC datetime.

        None if the service sent no time, or one after the year 9999.
        """
        return from_milliseconds(self.occurred_ms)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(_TimedEvent):
    """Hold a callback that this version knows nothing of, readable in ``unknown``."""


# What happens in sessions.


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredConnection(connections.Connection):
    """Describe the client that an event is about."""

    #: What its token said of it; often no longer told when it leaves.
    data: str = str_field()


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredStream(streams.Stream):
    """Describe the stream that an event is about, and whose it is."""

    connection: MonitoredConnection = nested_field(MonitoredConnection, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredCall(Entity):
    """Describe the call that an event is about."""

    connection_id: str = str_field()


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(_TimedEvent):
    """Tell that something happened in a session."""

    _required: ClassVar[tuple[str, ...]] = ("session_id",)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(SessionEvent):
    """Tell that a session became active."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDestroyed(SessionEvent):
    """Tell that a session is no longer active; its id stays good."""

    reason: DestroyedReason | str = enum_field(DestroyedReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNotification(SessionEvent):
    """Tell of something that will concern all who are in a session."""

    reason: NotificationReason | str = enum_field(NotificationReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(SessionEvent):
    """Tell something of a client."""

    _required = ("session_id", "connection.id")

    connection: MonitoredConnection = nested_field(MonitoredConnection, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCreated(ConnectionEvent):
    """Tell that a client has connected."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDestroyed(ConnectionEvent):
    """Tell that a client has left."""

    reason: DestroyedReason | str = enum_field(DestroyedReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent(SessionEvent):
    """Tell something of a stream."""

    _required = ("session_id", "stream.id")

    stream: MonitoredStream = nested_field(MonitoredStream, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCreated(StreamEvent):
    """Tell that a client publishes."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDestroyed(StreamEvent):
    """Tell that a client no longer publishes."""

    reason: DestroyedReason | str = enum_field(DestroyedReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallEvent(SessionEvent):
    """Tell something of a call."""

    _required = ("session_id", "call.id")

    call: MonitoredCall = nested_field(MonitoredCall, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallCreated(SipCallEvent):
    """Tell that a call is being made."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallUpdated(SipCallEvent):
    """Tell how far a call is."""

    state: SipCallState | str = enum_field(SipCallState)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallDestroyed(SipCallEvent):
    """Tell that a call is over."""

    #: One of the service's own codes, or one of SIP's, such as ``"486"``.
    reason_code: SipReason | str = enum_field(SipReason, "reason_code", "reasonCode")
    reason_message: str = str_field("reason_message", "reasonMessage")


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallMuteForced(SipCallEvent):
    """Tell that a caller who observes it was muted by moderation."""


# What has a status.

#: What an event repeats of the thing that it is about.
_SHARED = ("event", "sessionId", "projectId", "applicationId", "partnerId")


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent(Event):
    """Tell that something has another status."""

    #: The field that holds it.
    _thing: ClassVar[str]

    @classmethod
    @strip_traceback
    def from_json(cls, source: Mapping[str, Any]) -> Self:
        """Read the service's object, which is the thing itself."""
        shared = {name: source[name] for name in _SHARED if name in source}
        return cls._read({**shared, cls._thing: source}, source)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveChanged(StatusEvent):
    """Tell that an archive has another status.

    Where it goes to storage of your own, ``uploaded`` has been seen to come before
    ``stopped``: go by what the archive is, not by the order.
    """

    _thing = "archive"
    _required = ("archive.id", "archive.status")

    archive: Archive = nested_field(Archive, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastChanged(StatusEvent):
    """Tell that a broadcast has another status."""

    _thing = "broadcast"
    _required = ("broadcast.id", "broadcast.status")

    broadcast: Broadcast = nested_field(Broadcast, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class RenderChanged(StatusEvent):
    """Tell that an Experience Composer has another status."""

    _thing = "render"
    _required = ("render.id", "render.status")

    render: Render = nested_field(Render, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionsChanged(StatusEvent):
    """Tell that live captions have another status."""

    _thing = "captions"
    _required = ("captions.id", "captions.status")

    captions: Captions = nested_field(Captions, always=True)
