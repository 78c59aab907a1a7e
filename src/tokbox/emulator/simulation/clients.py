"""Simulated clients: they connect, publish, unpublish and leave.

What they do goes into the store; whatever runs in the session follows, and webhooks
are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tokbox.emulator.http.responses import Refusal
from tokbox.emulator.model import events
from tokbox.emulator.model.records import Connection, Session, Stream
from tokbox.emulator.options.archive import automatic_options
from tokbox.emulator.simulation import sessions as activation
from tokbox.emulator.simulation.client_tokens import Admission, Denied, admit, check_open
from tokbox.emulator.store.accounts import Application, Project

if TYPE_CHECKING:
    from tokbox.emulator.simulation.emulator import Emulator

__all__ = [
    "check_owner",
    "check_token",
    "connect",
    "disconnect",
    "publish",
    "tell_to_mute",
    "unpublish",
]

#: What the client SDKs report when a token is refused.
_REFUSED_TOKEN = 1004


def check_token(
    emulator: Emulator, session: Session, token: object, *, publishes: bool = False
) -> Admission:
    """Verify what somebody wants to join *session* with, as the service would.

    Refuses with 400 what is no string, else with 403; so it does where the role does
    not allow what is to be done.
    """
    if not isinstance(token, str):
        raise Refusal(400, "token must be a string")
    tenant = check_owner(emulator, session)
    try:
        admission = admit(
            token, tenant, session.session_id, now=emulator.clock.token_time()
        )
    except Denied as denied:
        raise Refusal(403, str(denied), code=_REFUSED_TOKEN) from None
    if publishes:
        _check_publisher(admission.role)
    return admission


def check_owner(emulator: Emulator, session: Session) -> Project | Application:
    """Return whose *session* it is, or refuse with 403 if that lets nobody in."""
    tenant = emulator.tenants.tenant(session.tenant)
    if tenant is None:
        raise Refusal(
            403, "whoever created the session is unknown here", code=_REFUSED_TOKEN
        )
    try:
        check_open(tenant)
    except Denied as denied:
        raise Refusal(403, str(denied), code=_REFUSED_TOKEN) from None
    return tenant


def connect(
    emulator: Emulator, session: Session, admission: Admission, at_ms: int
) -> Connection:
    """Let a client in; a session that is always archived starts its archive now."""
    store = emulator.store
    connection = Connection(
        connection_id=emulator.ids.uuid(),
        session_id=session.session_id,
        created_ms=at_ms,
        role=admission.role,
        data=admission.connection_data,
        layout_classes=admission.layout_classes,
    )
    store.add_connection(connection)
    session = activation.enter(emulator, session, at_ms)
    emulator.emit(events.connection_created(session.tenant, connection))
    # Only the media router archives: in a relayed session nothing ever starts.
    if (
        session.always_archived
        and not session.relayed
        and not _is_being_archived(emulator, session)
    ):
        emulator.recorder.start(session, automatic_options(session), at_ms, automatic=True)
    emulator.follow(session, at_ms)
    return connection


def publish(
    emulator: Emulator,
    session: Session,
    connection: Connection,
    at_ms: int,
    *,
    name: str,
    video_type: str,
) -> Stream:
    """Let a connected client publish a stream; its role decides whether it may."""
    _check_publisher(connection.role)
    stream = Stream(
        stream_id=emulator.ids.uuid(),
        connection_id=connection.connection_id,
        session_id=session.session_id,
        created_ms=at_ms,
        name=name,
        video_type=video_type,
        layout_classes=connection.layout_classes,
        muted=session.muted,
    )
    emulator.store.save_stream(stream)
    emulator.emit(events.stream_created(session.tenant, stream, connection))
    if stream.muted:
        tell_to_mute(emulator, session, [stream], at_ms)
    emulator.follow(session, at_ms, stream.stream_id)
    return stream


def tell_to_mute(
    emulator: Emulator, session: Session, streams: Sequence[Stream], at_ms: int
) -> None:
    """Tell whoever publishes *streams* that they are muted.

    Of a SIP call that observes it, webhooks are told too.
    """
    if not streams:
        return
    recipients = dict.fromkeys(stream.connection_id for stream in streams)
    content = {"streamIds": [stream.stream_id for stream in streams]}
    emulator.messages.add("mute", session.session_id, content, recipients, at_ms)
    for job in emulator.jobs.running(session.session_id, "call"):
        if job.options["observeForceMute"] and job.connection_id in recipients:
            emulator.emit(events.call_muted(job, at_ms))


def unpublish(
    emulator: Emulator, session: Session, connection_id: str, stream_id: str, at_ms: int
) -> None:
    """End a stream of a client, or refuse with 404."""
    stream = emulator.store.stream(session.session_id, stream_id)
    if stream is None or stream.connection_id != connection_id:
        raise Refusal(404, "Stream not found")
    _end(emulator, session, stream, at_ms, "clientDisconnected")
    emulator.follow(session, at_ms, stream_id)


def disconnect(
    emulator: Emulator,
    session: Session,
    connection_id: str,
    at_ms: int,
    *,
    reason: str = "clientDisconnected",
) -> None:
    """End a connection and its streams, or refuse with 404."""
    store = emulator.store
    connection = store.connection(session.session_id, connection_id)
    if connection is None:
        raise Refusal(404, "The client is not connected to the session")
    streams = store.streams_of(connection_id)
    for stream in streams:
        _end(emulator, session, stream, at_ms, reason)
    store.remove_connection(connection_id)
    emulator.emit(events.connection_destroyed(session.tenant, connection, at_ms, reason))
    if not store.is_connected(session.session_id):
        session = activation.empty(emulator, session, at_ms)
    emulator.follow(session, at_ms, *(stream.stream_id for stream in streams))


def _check_publisher(role: str) -> None:
    if role == "subscriber":
        raise Refusal(403, "the role subscriber may not publish", code=_REFUSED_TOKEN)


def _end(
    emulator: Emulator, session: Session, stream: Stream, at_ms: int, reason: str
) -> None:
    connection = emulator.store.connection(session.session_id, stream.connection_id)
    assert connection is not None, "the tables hold no stream without its connection"
    emulator.store.remove_stream(stream.stream_id)
    emulator.emit(
        events.stream_destroyed(session.tenant, stream, connection, at_ms, reason)
    )


def _is_being_archived(emulator: Emulator, session: Session) -> bool:
    running = emulator.store.running_archives(session.session_id)
    return any(archive.automatic for archive in running)
