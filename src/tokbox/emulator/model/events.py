"""Events: the changes that webhooks report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tokbox.emulator.model.records import Connection, Job, Session, Stream

__all__ = [
    "Event",
    "Events",
    "call_changed",
    "call_muted",
    "connection_created",
    "connection_destroyed",
    "session_created",
    "session_destroyed",
    "session_notification",
    "stream_created",
    "stream_destroyed",
]


@dataclass(frozen=True, slots=True)
class Event:
    """A change of state.

    *group* and *name* are the terms of callback registration: ``archive`` and ``status``,
    ``connection`` and ``created``. An application's webhook is called ``{group}_{name}``,
    with the group ``sip_call`` for SIP calls.
    """

    project_id: str
    group: str
    name: str
    #: When it happened, in milliseconds since the epoch of the emulated clock.
    at_ms: int
    #: The body of the webhook.
    payload: dict[str, Any]
    #: The status callback URL of the request that started the job, in addition to webhooks.
    url: str | None = None


Listener = Callable[[Event], None]


class Events:
    """A list of event listeners.

    Listeners are called inside the transaction that changes the state, in the order of the
    changes. Their writes to the store are committed or rolled back together with the
    change.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call *listener* with every event from now on."""
        self._listeners.append(listener)

    def emit(self, event: Event) -> None:
        """Call all listeners with *event*."""
        for listener in self._listeners:
            listener(event)


def session_created(session: Session, at_ms: int) -> Event:
    """Return the event that a session is active on a media router."""
    return _of_session(session, "created", at_ms)


def session_destroyed(session: Session, at_ms: int, reason: str) -> Event:
    """Return the event that a session is no longer active on a media router."""
    return _of_session(session, "destroyed", at_ms, reason=reason)


def session_notification(session: Session, at_ms: int, reason: str) -> Event:
    """Return a notification for everyone connected to a session."""
    return _of_session(session, "notification", at_ms, reason=reason)


def connection_created(project_id: str, connection: Connection) -> Event:
    """Return the event that a client has connected."""
    return _in_session(
        project_id,
        "connection",
        "created",
        connection.session_id,
        connection.created_ms,
        connection=_connection(connection),
    )


def connection_destroyed(
    project_id: str, connection: Connection, at_ms: int, reason: str
) -> Event:
    """Return the event that a client has left; the connection data is empty in it."""
    return _in_session(
        project_id,
        "connection",
        "destroyed",
        connection.session_id,
        at_ms,
        reason=reason,
        connection={**_connection(connection), "data": ""},
    )


def stream_created(project_id: str, stream: Stream, connection: Connection) -> Event:
    """Return the event that a client publishes a stream."""
    return _in_session(
        project_id,
        "stream",
        "created",
        stream.session_id,
        stream.created_ms,
        stream=_stream(stream, _connection(connection)),
    )


def stream_destroyed(
    project_id: str, stream: Stream, connection: Connection, at_ms: int, reason: str
) -> Event:
    """Return the event that a client no longer publishes a stream."""
    shown = {**_connection(connection), "data": ""}
    return _in_session(
        project_id,
        "stream",
        "destroyed",
        stream.session_id,
        at_ms,
        reason=reason,
        stream=_stream(stream, shown),
    )


def call_changed(job: Job, name: str, **more: object) -> Event:
    """Return the event that a SIP call was ``created``, ``updated`` or ``destroyed``."""
    call = _call(job)
    return _in_session(
        job.project_id, "sip_call", name, job.session_id, job.since_ms, call=call, **more
    )


def call_muted(job: Job, at_ms: int) -> Event:
    """Return the event that a SIP call with ``observeForceMute`` was muted."""
    return _in_session(
        job.project_id,
        "sip_call",
        "mute_forced",
        job.session_id,
        at_ms,
        event="muteForced",
        call=_call(job),
    )


def _of_session(session: Session, name: str, at_ms: int, **more: object) -> Event:
    return _in_session(
        session.project_id, "session", name, session.session_id, at_ms, **more
    )


def _in_session(
    project_id: str, group: str, name: str, session_id: str, at_ms: int, **more: object
) -> Event:
    payload = {
        "sessionId": session_id,
        "projectId": project_id,
        "event": group.removeprefix("sip_") + name.capitalize(),
        "timestamp": at_ms,
        **more,
    }
    return Event(project_id, group, name, at_ms, payload)


def _call(job: Job) -> dict[str, Any]:
    return {
        "id": job.job_id,
        "connectionId": job.connection_id,
        "createdAt": job.created_ms,
    }


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.connection_id,
        "createdAt": connection.created_ms,
        "data": connection.data,
    }


def _stream(stream: Stream, connection: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "id": stream.stream_id,
        "connection": connection,
        "createdAt": stream.created_ms,
        "name": stream.name,
    }
    # Audio-only streams have no ``videoType``.
    return {**shown, "videoType": stream.video_type} if stream.video_type else shown
