"""The runner: lets jobs follow what calls ask for, what clients do and what time does.

It is for jobs what the recorder is for archives; but jobs may be clients themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tokbox.emulator.model import states as job_life
from tokbox.emulator.model.records import Job, Session
from tokbox.emulator.serializers import jobs as job_view
from tokbox.emulator.simulation import clients
from tokbox.emulator.simulation.client_tokens import Admission

if TYPE_CHECKING:
    from tokbox.emulator.simulation.emulator import Emulator

__all__ = ["fail", "follow", "settle", "start", "stop", "update"]


def start(
    emulator: Emulator,
    kind: str,
    session: Session,
    options: dict[str, Any],
    at_ms: int,
    admission: Admission | None = None,
) -> Job:
    """Start a job in *session*, which it joins as a client if it has an *admission*."""
    connection_id = None
    if admission is not None:
        connection = clients.connect(emulator, session, admission, at_ms)
        connection_id = connection.connection_id
    job = Job(
        job_id=emulator.ids.uuid(),
        kind=kind,
        session_id=session.session_id,
        tenant=session.tenant,
        options=options,
        status=job_life.LIVES[kind].first,
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
    life = job_life.LIVES[job.kind]
    return _enter(emulator, job, life.last, at_ms, life.asked)


def fail(emulator: Emulator, job: Job, at_ms: int, reason: str) -> Job:
    """End a running job, because the service itself fails."""
    return _enter(emulator, job, job_life.LIVES[job.kind].failed, at_ms, reason)


def update(emulator: Emulator, job: Job) -> None:
    """Keep what was changed of a running job without moving it."""
    change = job_life.next_change(job, emptied_ms=_session(emulator, job).emptied_ms)
    emulator.jobs.save(job, None if change is None else change.at_ms)


def settle(emulator: Emulator, now_ms: int) -> None:
    """Carry out every change that was due by *now_ms*."""
    while job := emulator.jobs.next_due(now_ms):
        session = _session(emulator, job)
        change = job_life.next_change(job, emptied_ms=session.emptied_ms)
        assert change is not None, "a job without a next change is never due"
        _enter(emulator, job, change.status, change.at_ms, change.reason)


def follow(emulator: Emulator, session: Session, at_ms: int) -> None:
    """Let the running jobs of *session* notice who is there and publishes now."""
    for job in emulator.jobs.running(session.session_id):
        _notice(emulator, job, session, at_ms)


def _notice(emulator: Emulator, job: Job, session: Session, at_ms: int) -> Job:
    store, life = emulator.store, job_life.LIVES[job.kind]
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
    return _arrive(emulator, job_life.enter(job, status, at_ms, reason))


def _arrive(emulator: Emulator, job: Job) -> Job:
    """Keep the job, and do what belongs to the status that it has just entered."""
    life = job_life.LIVES[job.kind]
    publishes = job.status == life.publishing and "videoType" in job.options
    update(emulator, job)
    if job.status in job_life.OVER:
        _leave(emulator, job)
    if publishes and life.shows_stream:
        job = _publish(emulator, job)
    event = job_view.status_changed(emulator, job)
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
    stream = clients.publish(
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
        clients.disconnect(emulator, session, connection_id, job.since_ms)


def _session(emulator: Emulator, job: Job) -> Session:
    session = emulator.store.session(job.session_id)
    assert session is not None, "the tables hold no job without its session"
    return session
