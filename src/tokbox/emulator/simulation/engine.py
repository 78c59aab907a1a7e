"""The engine: clients that connect and disconnect, and the jobs of sessions.

Jobs are archives, broadcasts and everything else that runs in a session; their state
machines are in ``model/states.py``. All functions need a transaction of the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tokbox.emulator.errors import NotFoundError
from tokbox.emulator.model import events
from tokbox.emulator.model.records import (
    Connection,
    Job,
    RotationAction,
    RotationStep,
    Session,
    Stream,
)
from tokbox.emulator.model.states import (
    ENDED,
    MACHINES,
    MAX_LENGTH,
    Change,
    Situation,
    next_change,
    transition,
)
from tokbox.emulator.options.archive import automatic_options
from tokbox.emulator.serializers.jobs import status_changed
from tokbox.emulator.simulation import archives, clients, sessions
from tokbox.emulator.simulation.client_tokens import ClientClaims
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.database import CLOCK_OFFSET

__all__ = [
    "SERVER_ROTATION",
    "advance_clock",
    "connect",
    "delete",
    "disconnect",
    "fail",
    "publish",
    "run_due_events",
    "schedule_rotation",
    "start",
    "stop",
    "synchronise",
    "unpublish",
    "update",
]


#: The reason for notifications of rotations, and for sessions that they end.
SERVER_ROTATION = "serverRotation"
#: When a rotation is announced, in milliseconds before it.
_NOTICES_MS = (4 * 3_600_000, 3_600_000)

# Clients.


def connect(
    emulator: Emulator, session: Session, claims: ClientClaims, at_ms: int
) -> Connection:
    """Connect a client, and start the automatic archive of the session, if it has one."""
    connection = Connection(
        connection_id=emulator.ids.uuid(),
        session_id=session.session_id,
        created_ms=at_ms,
        role=claims.role,
        data=claims.connection_data,
        layout_classes=claims.layout_classes,
    )
    emulator.store.add_connection(connection)
    session = sessions.enter(emulator, session, at_ms)
    emulator.emit(events.connection_created(session.project_id, connection))
    # Only the media router archives, so relayed sessions have no archives.
    if (
        session.always_archived
        and not session.relayed
        and not _is_being_archived(emulator, session)
    ):
        options = automatic_options(session)
        start(emulator, "archive", session, options, at_ms, automatic=True)
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
    """Publish a stream of a connected client.

    Raises :class:`TokenRejectedError` if its role may not publish.
    """
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
        clients.notify_muted(emulator, session, [stream], at_ms)
    synchronise(emulator, session, at_ms, stream.stream_id)
    return stream


def unpublish(
    emulator: Emulator, session: Session, connection_id: str, stream_id: str, at_ms: int
) -> None:
    """End a stream of a client. Raises :class:`NotFoundError`."""
    stream = emulator.store.stream(session.session_id, stream_id)
    if stream is None or stream.connection_id != connection_id:
        raise NotFoundError("Stream not found")
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
    """End a connection and its streams. Raises :class:`NotFoundError`."""
    store = emulator.store
    connection = store.connection(session.session_id, connection_id)
    if connection is None:
        raise NotFoundError("The client is not connected to the session")
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


# Jobs.


def start(
    emulator: Emulator,
    kind: str,
    session: Session,
    options: dict[str, Any],
    at_ms: int,
    *,
    claims: ClientClaims | None = None,
    automatic: bool = False,
) -> Job:
    """Start a job in *session*, which it joins as a client if it has *claims*."""
    connection_id = None
    if claims is not None:
        connection_id = connect(emulator, session, claims, at_ms).connection_id
    job = Job(
        job_id=emulator.ids.uuid(),
        kind=kind,
        session_id=session.session_id,
        project_id=session.project_id,
        options=options,
        status=MACHINES[kind].initial,
        reason="",
        created_ms=at_ms,
        updated_ms=at_ms,
        since_ms=at_ms,
        connection_id=connection_id,
        automatic=automatic,
    )
    if kind == "archive":
        # If a stream is already published, webhooks must not report the state "paused".
        update(emulator, job)
        streams = [stream.stream_id for stream in emulator.store.streams(job.session_id)]
        job = _synchronise_job(emulator, job, at_ms, streams)
        if job.status == "paused":
            _emit_status(emulator, job)
        return job
    return _synchronise_job(emulator, _arrive(emulator, job), at_ms)


def stop(emulator: Emulator, job: Job, at_ms: int, reason: str | None = None) -> Job:
    """End a running job after a stop request, or for another *reason*."""
    machine = MACHINES[job.kind]
    reason = machine.stop_reason if reason is None else reason
    return _enter(emulator, job, machine.final, at_ms, reason)


def fail(emulator: Emulator, job: Job, at_ms: int, reason: str) -> Job:
    """End a job because of a failure of the service."""
    return _enter(emulator, job, MACHINES[job.kind].failed, at_ms, reason)


def delete(emulator: Emulator, archive: Job, at_ms: int) -> None:
    """Remove an archive from lists."""
    _enter(emulator, archive, "deleted", at_ms)


def update(emulator: Emulator, job: Job) -> None:
    """Save a job, and the time of its next change by a timer."""
    emulator.jobs.save(job, _due_ms(emulator, job))


# Due events.


def run_due_events(emulator: Emulator, now_ms: int) -> None:
    """Run all events that were due by *now_ms*, in order.

    Call it at the beginning of a transaction: between transactions only the clock changes.
    """
    # One point in time after the other, since each change can cause others.
    while (at_ms := emulator.store.next_due_ms(now_ms)) is not None:
        while job := emulator.jobs.next_due(at_ms):
            change = _next_change(emulator, job)
            assert change is not None, "a job without a next change is never due"
            _enter(emulator, job, change.status, change.at_ms, change.reason)
            if change.reason == MAX_LENGTH:
                _continue_archive(emulator, job, change.at_ms)
        while step := emulator.rotations.pop(at_ms):
            _rotate(emulator, step)
        # Last, since jobs end before their session.
        sessions.end_due(emulator, at_ms)


def advance_clock(emulator: Emulator, now_ms: int, step_ms: int) -> None:
    """Move the emulated time forward, and run all events that become due."""
    offset_ms = emulator.clock.offset_ms + step_ms
    # Stored, so that time does not go backwards after a restart.
    emulator.store.set_setting(CLOCK_OFFSET, str(offset_ms))
    run_due_events(emulator, now_ms + step_ms)
    emulator.clock.set_offset(offset_ms)
    # Retries of webhooks may be due.
    emulator.webhook_outbox.wake()


def schedule_rotation(
    emulator: Emulator, session: Session, at_ms: int, *, after_ms: int, migrate: bool
) -> None:
    """Schedule the rotation of an active session, instead of any earlier one.

    Webhooks are notified four hours and one hour before it, if there is as much time.
    """
    due_ms = at_ms + after_ms
    steps = [
        RotationStep(session.session_id, due_ms - notice_ms, "notify")
        for notice_ms in _NOTICES_MS
        if notice_ms <= after_ms
    ]
    action: RotationAction = "migrate" if migrate else "disconnect"
    steps.append(RotationStep(session.session_id, due_ms, action))
    emulator.rotations.replace(session.session_id, steps)
    run_due_events(emulator, at_ms)


def synchronise(emulator: Emulator, session: Session, at_ms: int, *streams: str) -> None:
    """Update the running jobs of *session* after a change of its clients or streams.

    *streams* are the IDs of streams that were published, ended, selected or deselected. The
    run time does not depend on the number of other streams.
    """
    for job in emulator.jobs.running(session.session_id):
        _synchronise_job(emulator, job, at_ms, streams)


def _synchronise_job(
    emulator: Emulator, job: Job, at_ms: int, streams: Iterable[str] = ()
) -> Job:
    store, machine = emulator.store, MACHINES[job.kind]
    if job.connection_id is not None:
        if store.connection(job.session_id, job.connection_id) is None:
            return _enter(emulator, job, machine.final, at_ms, machine.disconnect_reason)
        job = _update_alone(emulator, job, at_ms)
    if machine.idle:
        if job.kind == "archive":
            archives.record(emulator, job, streams, at_ms)
            is_active = emulator.jobs.is_recording(job.job_id)
        else:
            is_active = store.has_streams(job.session_id)
        status = machine.active if is_active else machine.idle
        if status != job.status:
            return _enter(emulator, job, status, at_ms)
    # The next change depends on whether a client is connected.
    if job.connection_id is None:
        emulator.jobs.set_due(job.job_id, _due_ms(emulator, job))
    else:
        update(emulator, job)
    return job


def _update_alone(emulator: Emulator, job: Job, at_ms: int) -> Job:
    if emulator.store.is_connected(job.session_id, besides=job.connection_id):
        return replace(job, alone_ms=None)
    return job if job.alone_ms is not None else replace(job, alone_ms=at_ms)


def _rotate(emulator: Emulator, step: RotationStep) -> None:
    """Carry out a step of the rotation of a session, which is active."""
    session = emulator.store.session(step.session_id)
    assert session is not None, "the tables have no step without its session"
    at_ms = step.due_ms
    if step.action == "notify":
        emulator.emit(events.session_notification(session, at_ms, SERVER_ROTATION))
        return
    for job in emulator.jobs.running(session.session_id):
        # Calls and connectors are clients, which migrate or are disconnected.
        if job.kind not in ("call", "connector"):
            stop(emulator, job, at_ms, "session ended")
            if step.action == "migrate":
                _continue_archive(emulator, job, at_ms)
    if step.action == "migrate":
        return
    for connection in emulator.store.connections(session.session_id):
        disconnect(
            emulator, session, connection.connection_id, at_ms, reason="forceDisconnected"
        )
    session = emulator.store.session(step.session_id)
    assert session is not None
    sessions.destroy(emulator, session, at_ms, SERVER_ROTATION)


def _continue_archive(emulator: Emulator, job: Job, at_ms: int) -> None:
    """Start another archive after an automatic one, while clients are connected."""
    archive, session = job, _session(emulator, job)
    if archive.automatic and session.emptied_ms is None:
        start(emulator, "archive", session, archive.options, at_ms, automatic=True)


def _due_ms(emulator: Emulator, job: Job) -> int | None:
    change = _next_change(emulator, job)
    return None if change is None else change.at_ms


def _next_change(emulator: Emulator, job: Job) -> Change | None:
    outcome = "available"
    if job.status == "stopped":
        outcome = emulator.storage_targets.outcome(job.project_id)
    situation = Situation(
        emptied_ms=emulator.store.emptied_ms(job.session_id),
        processing_ms=emulator.processing_ms,
        outcome=outcome,
        first_publish=emulator.rules.first_publish,
    )
    return next_change(job, situation)


def _enter(
    emulator: Emulator, job: Job, status: str, at_ms: int, reason: str | None = None
) -> Job:
    """Change the state of a job, and apply the effects of the new state."""
    return _arrive(emulator, transition(job, status, at_ms, reason), job)


def _arrive(emulator: Emulator, job: Job, before: Job | None = None) -> Job:
    machine = MACHINES[job.kind]
    publishes = job.status == machine.publishing and "videoType" in job.options
    if job.kind == "archive":
        if job.status in ("stopped", "failed"):
            archives.end_recordings(emulator, job)
        elif job.status in ("available", "uploaded"):
            job = archives.make_file(emulator, job)
    update(emulator, job)
    if job.status in ENDED:
        _leave(emulator, job)
        emulator.audio_sockets.close(job.job_id)
    if publishes and machine.shows_stream:
        job = _publish(emulator, job)
    _emit_status(emulator, job, before)
    # The creation of a call is reported before its stream is published and perhaps muted.
    if publishes and not machine.shows_stream:
        job = _publish(emulator, job)
    return job


def _emit_status(emulator: Emulator, job: Job, before: Job | None = None) -> None:
    shown = [job]
    if job.kind == "archive" and before is not None:
        shown = archives.reported_states(emulator, before, job)
    base_url = _session(emulator, job).base_url
    for each in shown:
        event = status_changed(emulator.view(each.since_ms, base_url), each)
        if event is not None:
            emulator.emit(event)


def _publish(emulator: Emulator, job: Job) -> Job:
    assert job.connection_id is not None, "a job that publishes has joined"
    connection = emulator.store.connection(job.session_id, job.connection_id)
    assert connection is not None, "a job without its connection has ended"
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
    assert session is not None, "the tables have no job without its session"
    return session


def _is_being_archived(emulator: Emulator, session: Session) -> bool:
    running = emulator.jobs.running(session.session_id, "archive")
    return any(archive.automatic for archive in running)
