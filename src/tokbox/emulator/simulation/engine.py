"""The engine: clients that come and go, and the archives and jobs that follow them.

All functions are to be called inside a transaction of the store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.model import events, states
from tokbox.emulator.model.records import Connection, Job, Session, Stream
from tokbox.emulator.options.archive import automatic_options
from tokbox.emulator.serializers import jobs as job_view
from tokbox.emulator.simulation import clients, sessions
from tokbox.emulator.simulation.client_tokens import ClientClaims
from tokbox.emulator.simulation.emulator import Emulator

__all__ = [
    "connect",
    "disconnect",
    "fail",
    "publish",
    "run_due_events",
    "start",
    "stop",
    "synchronise",
    "unpublish",
    "update",
]


def connect(
    emulator: Emulator, session: Session, admission: ClientClaims, at_ms: int
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
    session = sessions.enter(emulator, session, at_ms)
    emulator.emit(events.connection_created(session.project_id, connection))
    # Only the media router archives: in a relayed session nothing ever starts.
    if (
        session.always_archived
        and not session.relayed
        and not _is_being_archived(emulator, session)
    ):
        emulator.recorder.start(session, automatic_options(session), at_ms, automatic=True)
    synchronise(emulator, session, at_ms)
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
    clients.check_publisher(connection.role)
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
    emulator.emit(events.stream_created(session.project_id, stream, connection))
    if stream.muted:
        clients.tell_to_mute(emulator, session, [stream], at_ms)
    synchronise(emulator, session, at_ms, stream.stream_id)
    return stream


def unpublish(
    emulator: Emulator, session: Session, connection_id: str, stream_id: str, at_ms: int
) -> None:
    """End a stream of a client, or refuse with 404."""
    stream = emulator.store.stream(session.session_id, stream_id)
    if stream is None or stream.connection_id != connection_id:
        raise HTTPError(404, "Stream not found")
    clients.end_stream(emulator, session, stream, at_ms, "clientDisconnected")
    synchronise(emulator, session, at_ms, stream_id)


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
        raise HTTPError(404, "The client is not connected to the session")
    streams = store.streams_of(connection_id)
    for stream in streams:
        clients.end_stream(emulator, session, stream, at_ms, reason)
    store.remove_connection(connection_id)
    emulator.emit(
        events.connection_destroyed(session.project_id, connection, at_ms, reason)
    )
    if not store.is_connected(session.session_id):
        session = sessions.empty(emulator, session, at_ms)
    synchronise(emulator, session, at_ms, *(stream.stream_id for stream in streams))


def start(
    emulator: Emulator,
    kind: str,
    session: Session,
    options: dict[str, Any],
    at_ms: int,
    admission: ClientClaims | None = None,
) -> Job:
    """Start a job in *session*, which it joins as a client if it has an *admission*."""
    connection_id = None
    if admission is not None:
        connection = connect(emulator, session, admission, at_ms)
        connection_id = connection.connection_id
    job = Job(
        job_id=emulator.ids.uuid(),
        kind=kind,
        session_id=session.session_id,
        project_id=session.project_id,
        options=options,
        status=states.LIVES[kind].first,
        reason="",
        created_ms=at_ms,
        updated_ms=at_ms,
        since_ms=at_ms,
        connection_id=connection_id,
    )
    job = _arrive(emulator, job)
    return _notice(emulator, job, _session(emulator, job), at_ms)


def stop(emulator: Emulator, job: Job, at_ms: int) -> Job:
    """End a running job, because a call asks for it."""
    life = states.LIVES[job.kind]
    return _enter(emulator, job, life.last, at_ms, life.asked)


def fail(emulator: Emulator, job: Job, at_ms: int, reason: str) -> Job:
    """End a running job, because the service itself fails."""
    return _enter(emulator, job, states.LIVES[job.kind].failed, at_ms, reason)


def update(emulator: Emulator, job: Job) -> None:
    """Keep what was changed of a running job without moving it."""
    change = states.next_change(job, emptied_ms=_session(emulator, job).emptied_ms)
    emulator.jobs.save(job, None if change is None else change.at_ms)


def run_due_events(emulator: Emulator, now_ms: int) -> None:
    """Carry out everything that was due by *now_ms*, in its order.

    It comes first in a transaction: between two transactions nothing changes but the clock.
    """
    # From moment to moment, since what one of them does changes what the other has.
    while (at_ms := emulator.store.next_due_ms(now_ms)) is not None:
        emulator.recorder.run_due_events(at_ms)
        while job := emulator.jobs.next_due(at_ms):
            session = _session(emulator, job)
            change = states.next_change(job, emptied_ms=session.emptied_ms)
            assert change is not None, "a job without a next change is never due"
            _enter(emulator, job, change.status, change.at_ms, change.reason)
        # Last, since what runs in a session ends before the session itself.
        sessions.run_due_events(emulator, at_ms)


def synchronise(emulator: Emulator, session: Session, at_ms: int, *streams: str) -> None:
    """Let the archives and jobs of *session* notice who is there and publishes now.

    *streams* are the ids of those that came or left; see `Recorder.follow`.
    """
    emulator.recorder.synchronise(session, at_ms, streams)
    for job in emulator.jobs.running(session.session_id):
        _notice(emulator, job, session, at_ms)


def _notice(emulator: Emulator, job: Job, session: Session, at_ms: int) -> Job:
    store, life = emulator.store, states.LIVES[job.kind]
    if (
        job.connection_id is not None
        and store.connection(job.session_id, job.connection_id) is None
    ):
        return _enter(emulator, job, life.last, at_ms, life.lost)
    job = _look_around(emulator, job, at_ms)
    if life.idle:
        status = life.first if store.has_streams(job.session_id) else life.idle
        if status != job.status:
            return _enter(emulator, job, status, at_ms)
    # When it is due depends on whether anyone is connected.
    update(emulator, job)
    return job


def _look_around(emulator: Emulator, job: Job, at_ms: int) -> Job:
    """Note since when nobody else is in the session, if it takes part as a client."""
    if job.connection_id is None:
        return job
    if emulator.store.is_connected(job.session_id, besides=job.connection_id):
        return replace(job, alone_ms=None)
    return job if job.alone_ms is not None else replace(job, alone_ms=at_ms)


def _enter(emulator: Emulator, job: Job, status: str, at_ms: int, reason: str = "") -> Job:
    return _arrive(emulator, states.enter(job, status, at_ms, reason))


def _arrive(emulator: Emulator, job: Job) -> Job:
    """Keep the job, and do what belongs to the status that it has just entered."""
    life = states.LIVES[job.kind]
    publishes = job.status == life.publishing and "videoType" in job.options
    update(emulator, job)
    if job.status in states.OVER:
        _leave(emulator, job)
    if publishes and life.shows_stream:
        job = _publish(emulator, job)
    event = job_view.status_changed(
        emulator.view(job.since_ms, _session(emulator, job).base_url), job
    )
    if event is not None:
        emulator.emit(event)
    # A call that is muted as soon as it publishes has been created before.
    if publishes and not life.shows_stream:
        job = _publish(emulator, job)
    return job


def _publish(emulator: Emulator, job: Job) -> Job:
    assert job.connection_id is not None, "what publishes has joined"
    connection = emulator.store.connection(job.session_id, job.connection_id)
    assert connection is not None, "what lost its connection is over"
    stream = publish(
        emulator,
        _session(emulator, job),
        connection,
        job.since_ms,
        name=job.options.get("name") or "",
        video_type=job.options["videoType"],
    )
    job = replace(job, stream_id=stream.stream_id)
    update(emulator, job)
    return job


def _leave(emulator: Emulator, job: Job) -> None:
    connection_id = job.connection_id
    if connection_id and emulator.store.connection(job.session_id, connection_id):
        session = _session(emulator, job)
        disconnect(emulator, session, connection_id, job.since_ms)


def _session(emulator: Emulator, job: Job) -> Session:
    session = emulator.store.session(job.session_id)
    assert session is not None, "the tables hold no job without its session"
    return session


def _is_being_archived(emulator: Emulator, session: Session) -> bool:
    running = emulator.store.running_archives(session.session_id)
    return any(archive.automatic for archive in running)
