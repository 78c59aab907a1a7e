"""Webhook events, one class for each kind of callback.

Events of sessions (connections, streams, calls) contain what happened. Events of archives,
broadcasts, renders and captions contain the object in its new status, as the client
would return it. Unknown properties are in ``unknown`` of the event or of its object.
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
    from typing import Self

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
    """Base class of events, with the fields of every callback."""

    #: The service's name of the event; empty if the callback has none.
    event: str = str_field()
    session_id: str = str_field()
    #: The project or application: an API key of OpenTok, or an application ID of Vonage.
    #: In ``raw`` it has the service's own name.
    project_id: str = project_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimedEvent(Event):
    """Base class of events that have a time."""

    #: The time of the event, in milliseconds since the epoch.
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
    """A callback of an unknown kind; its properties are in ``unknown``."""


# Events of sessions.


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredConnection(connections.Connection):
    """The client of an event."""

    #: The connection data of its token; often missing when the client disconnects.
    data: str = str_field()


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredStream(streams.Stream):
    """The stream of an event, with its connection."""

    connection: MonitoredConnection = nested_field(MonitoredConnection, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredCall(Entity):
    """The SIP call of an event."""

    connection_id: str = str_field()


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(_TimedEvent):
    """Base class of events in a session."""

    _required: ClassVar[tuple[str, ...]] = ("session_id",)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(SessionEvent):
    """A session became active."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDestroyed(SessionEvent):
    """A session is no longer active; its ID remains valid."""

    reason: DestroyedReason | str = enum_field(DestroyedReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNotification(SessionEvent):
    """A notice of something that will affect all clients of a session."""

    reason: NotificationReason | str = enum_field(NotificationReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(SessionEvent):
    """Base class of connection events."""

    _required = ("session_id", "connection.id")

    connection: MonitoredConnection = nested_field(MonitoredConnection, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCreated(ConnectionEvent):
    """A client has connected."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDestroyed(ConnectionEvent):
    """A client has disconnected."""

    reason: DestroyedReason | str = enum_field(DestroyedReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent(SessionEvent):
    """Base class of stream events."""

    _required = ("session_id", "stream.id")

    stream: MonitoredStream = nested_field(MonitoredStream, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCreated(StreamEvent):
    """A client has started to publish a stream."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDestroyed(StreamEvent):
    """A client has stopped publishing a stream."""

    reason: DestroyedReason | str = enum_field(DestroyedReason)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallEvent(SessionEvent):
    """Base class of SIP call events."""

    _required = ("session_id", "call.id")

    call: MonitoredCall = nested_field(MonitoredCall, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallCreated(SipCallEvent):
    """A SIP call has been created."""


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallUpdated(SipCallEvent):
    """The state of a SIP call has changed."""

    state: SipCallState | str = enum_field(SipCallState)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallDestroyed(SipCallEvent):
    """A SIP call has ended."""

    #: One of the service's own codes, or a SIP response code such as ``"486"``.
    reason_code: SipReason | str = enum_field(SipReason, "reason_code", "reasonCode")
    reason_message: str = str_field("reason_message", "reasonMessage")


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class SipCallMuteForced(SipCallEvent):
    """A SIP client with ``observe_force_mute`` was muted by moderation."""


# Events with a status.

#: Properties that belong to the event and to its object.
_SHARED = ("event", "sessionId", "projectId", "applicationId", "partnerId")


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent(Event):
    """Base class of events in which an object has a new status."""

    #: The field that contains the object.
    _object_field: ClassVar[str]

    @classmethod
    @strip_traceback
    def from_json(cls, source: Mapping[str, Any]) -> Self:
        """Parse the service's JSON object, which is the event's object itself."""
        shared = {name: source[name] for name in _SHARED if name in source}
        return cls._read({**shared, cls._object_field: source}, source)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveChanged(StatusEvent):
    """An archive has a new status.

    For an archive in your own storage, ``uploaded`` has been observed before ``stopped``:
    use the status of the archive, not the order of events.
    """

    _object_field = "archive"
    _required = ("archive.id", "archive.status")

    archive: Archive = nested_field(Archive, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastChanged(StatusEvent):
    """A broadcast has a new status."""

    _object_field = "broadcast"
    _required = ("broadcast.id", "broadcast.status")

    broadcast: Broadcast = nested_field(Broadcast, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class RenderChanged(StatusEvent):
    """An Experience Composer has a new status."""

    _object_field = "render"
    _required = ("render.id", "render.status")

    render: Render = nested_field(Render, always=True)


@set_module("tokbox.webhooks")
@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionsChanged(StatusEvent):
    """Live captions have a new status."""

    _object_field = "captions"
    _required = ("captions.id", "captions.status")

    captions: Captions = nested_field(Captions, always=True)
