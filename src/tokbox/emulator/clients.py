"""Simulated clients: they connect, publish, unpublish and leave.

What they do goes into the store; whatever archives run in the session follow.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from tokbox.emulator.archive_options import automatic_options
from tokbox.emulator.calls import Call
from tokbox.emulator.client_tokens import Admission
from tokbox.emulator.records import Connection, Session, Stream
from tokbox.emulator.replies import Refusal

__all__ = ["connect", "disconnect", "publish", "unpublish"]


def connect(call: Call, session: Session, admission: Admission) -> Connection:
    """Let a client in; a session that is always archived starts its archive now."""
    store, now_ms = call.emulator.store, call.now_ms
    connection = Connection(
        connection_id=str(uuid.uuid4()),
        session_id=session.session_id,
        created_ms=now_ms,
        role=admission.role,
        data=admission.connection_data,
        layout_classes=admission.layout_classes,
    )
    store.add_connection(connection)
    activated_ms = now_ms if session.activated_ms is None else session.activated_ms
    session = replace(session, activated_ms=activated_ms, emptied_ms=None)
    store.save_session(session)
    # Only the media router archives: in a relayed session nothing ever starts.
    if (
        session.always_archived
        and not session.relayed
        and not _is_being_archived(call, session)
    ):
        call.emulator.recorder.start(
            session, automatic_options(session), now_ms, automatic=True
        )
    call.emulator.recorder.follow(session, now_ms)
    return connection


def publish(
    call: Call, session: Session, connection: Connection, *, name: str, video_type: str
) -> Stream:
    """Let a connected client publish a stream; its role decides whether it may."""
    if connection.role == "subscriber":
        raise Refusal(403, "the role subscriber may not publish", code=1004)
    stream = Stream(
        stream_id=str(uuid.uuid4()),
        connection_id=connection.connection_id,
        session_id=session.session_id,
        created_ms=call.now_ms,
        name=name,
        video_type=video_type,
        layout_classes=connection.layout_classes,
    )
    call.emulator.store.save_stream(stream)
    call.emulator.recorder.follow(session, call.now_ms)
    return stream


def unpublish(call: Call, session: Session, connection_id: str, stream_id: str) -> None:
    """End a stream of a client, or refuse with 404."""
    stream = call.emulator.store.stream(session.session_id, stream_id)
    if stream is None or stream.connection_id != connection_id:
        raise Refusal(404, "Stream not found")
    call.emulator.store.remove_stream(stream_id)
    call.emulator.recorder.follow(session, call.now_ms)


def disconnect(call: Call, session: Session, connection_id: str) -> None:
    """End a connection and its streams, or refuse with 404."""
    store = call.emulator.store
    if store.connection(session.session_id, connection_id) is None:
        raise Refusal(404, "The client is not connected to the session")
    store.remove_connection(connection_id)
    if not store.connections(session.session_id):
        session = replace(session, emptied_ms=call.now_ms)
        store.save_session(session)
    call.emulator.recorder.follow(session, call.now_ms)


def _is_being_archived(call: Call, session: Session) -> bool:
    running = call.emulator.store.running_archives(session.session_id)
    return any(archive.automatic for archive in running)
