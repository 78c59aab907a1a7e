"""Archive-specific behaviour of jobs: recordings, files, and the order of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tokbox.emulator.model.records import Job, Recording, Stream
from tokbox.emulator.serializers import archive_files
from tokbox.emulator.simulation.archive_encryption import encrypt_password
from tokbox.emulator.simulation.emulator import Emulator

__all__ = ["end_recordings", "make_file", "record", "reported_states"]


def record(emulator: Emulator, archive: Job, stream_ids: Iterable[str], at_ms: int) -> None:
    """Begin or end recordings of the streams with these IDs, which have changed."""
    jobs = emulator.jobs
    for stream_id in stream_ids:
        stream = emulator.store.stream(archive.session_id, stream_id)
        if archive.manual and not jobs.is_selected(archive.job_id, stream_id):
            stream = None
        is_recorded = jobs.is_recording(archive.job_id, stream_id)
        if stream is None and is_recorded:
            jobs.end_recording(archive.job_id, stream_id, at_ms)
        elif stream is not None and not is_recorded:
            _begin_recording(emulator, archive, stream, at_ms)


def _begin_recording(emulator: Emulator, archive: Job, stream: Stream, at_ms: int) -> None:
    connection = emulator.store.connection(stream.session_id, stream.connection_id)
    emulator.jobs.begin_recording(
        archive.job_id,
        Recording(
            stream_id=stream.stream_id,
            started_ms=at_ms,
            stopped_ms=None,
            connection_data=connection.data if connection else "",
            video_type=stream.video_type,
        ),
    )


def end_recordings(emulator: Emulator, archive: Job) -> None:
    """End all recordings of an archive that has just ended."""
    for recording in emulator.jobs.recordings(archive.job_id):
        if recording.stopped_ms is None:
            emulator.jobs.end_recording(
                archive.job_id, recording.stream_id, archive.since_ms
            )


def make_file(emulator: Emulator, archive: Job) -> Job:
    """Return the archive with the size of its file and, if encrypted, the password."""
    recordings = emulator.jobs.recordings(archive.job_id)
    archive = replace(archive, size=len(archive_files.render(archive, recordings)))
    if archive.status != "uploaded":
        return archive
    target = emulator.storage_targets.get(archive.project_id)
    assert target is not None, "without a target nothing is uploaded"
    # Individual streams are never encrypted.
    if target.certificate is None or archive.options["outputMode"] == "individual":
        return archive
    password = encrypt_password(target.certificate, emulator.ids.raw)
    return replace(archive, options={**archive.options, "password": password})


def reported_states(emulator: Emulator, before: Job, archive: Job) -> list[Job]:
    """Return the states that webhooks report for a transition, in order.

    With the rule ``upload_first``, the end of the recording is reported after the upload.
    """
    late = emulator.rules.upload_first
    if late and archive.status == "stopped":
        return []
    if late and before.status == "stopped":
        uploaded = archive.status == "uploaded"
        return [archive, before] if uploaded else [before, archive]
    return [archive]
