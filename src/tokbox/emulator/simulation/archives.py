"""The recorder: lets archives follow what clients do and what time does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tokbox.emulator.model import lifecycle
from tokbox.emulator.model.events import Events
from tokbox.emulator.model.records import Archive, Recording, Session, Stream
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.serializers import archive_files
from tokbox.emulator.serializers.archives import status_changed
from tokbox.emulator.serializers.download_links import DownloadLinks
from tokbox.emulator.serializers.view import View
from tokbox.emulator.simulation.archive_encryption import seal_password
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.ids import Ids
from tokbox.emulator.store.jobs import Jobs
from tokbox.emulator.store.storage_targets import StorageTargets

__all__ = ["Recorder"]


class Recorder:
    """Move archives through their life cycle.

    Every request first calls :meth:`settle`, so that whatever was due since the last
    one has happened, in its order, and as if it had happened in time: between two
    requests nothing changes but the clock.
    """

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        ids: Ids,
        events: Events,
        links: DownloadLinks,
        targets: StorageTargets,
        rules: Rules,
        *,
        processing_ms: int,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._ids = ids
        self._events = events
        self._links = links
        self._targets = targets
        self._rules = rules
        self._processing_ms = processing_ms

    def run_due_events(self, now_ms: int) -> None:
        """Carry out every change that was due by *now_ms*."""
        while archive := self._store.next_due_archive(now_ms):
            session = self._session(archive)
            change = self._next_change(archive, session)
            assert change is not None, "an archive without a next change is never due"
            self._enter(archive, session, change.status, change.at_ms, change.reason)
            if (
                archive.automatic
                and change.status == "stopped"
                and change.reason == lifecycle.MAX_LENGTH
                and session.emptied_ms is None
            ):
                # What is too long for one archive goes on in the next.
                self.start(session, archive.options, change.at_ms, automatic=True)

    def start(
        self, session: Session, options: Mapping[str, Any], now_ms: int, *, automatic: bool
    ) -> Archive:
        """Start an archive of *session*; it records as soon as somebody publishes."""
        archive = Archive(
            archive_id=self._ids.uuid(),
            session_id=session.session_id,
            project_id=session.project_id,
            automatic=automatic,
            options=dict(options),
            status="paused",
            reason="",
            created_ms=now_ms,
            updated_ms=now_ms,
            since_ms=now_ms,
        )
        self._save(archive, session)
        streams = self._store.streams(session.session_id)
        self.synchronise(session, now_ms, [stream.stream_id for stream in streams])
        if not self._store.recordings(archive.archive_id):
            self._tell(archive)
        return archive

    def stop(self, archive: Archive, now_ms: int, reason: str) -> Archive:
        """Stop a running archive."""
        return self._enter(archive, self._session(archive), "stopped", now_ms, reason)

    def fail(self, archive: Archive, now_ms: int, reason: str) -> Archive:
        """End an archive that has no file yet, because the service itself fails."""
        return self._enter(archive, self._session(archive), "failed", now_ms, reason)

    def delete(self, archive: Archive, now_ms: int) -> None:
        """Take an archive out of the lists."""
        self._enter(archive, self._session(archive), "deleted", now_ms, archive.reason)

    def update(self, archive: Archive) -> None:
        """Keep what was changed of a running archive without moving it."""
        self._save(archive, self._session(archive))

    def synchronise(self, session: Session, now_ms: int, streams: Iterable[str]) -> None:
        """Let the running archives of *session* begin or end to record *streams*.

        *streams* are the ids of streams that were published, ended, selected or
        deselected; none if only a client joined or left. The time does not depend on the
        number of other streams.
        """
        for archive in self._store.running_archives(session.session_id):
            for stream_id in streams:
                self._take(archive, stream_id, now_ms)
            status = "started" if self._store.is_recording(archive.archive_id) else "paused"
            if status != archive.status:
                self._enter(archive, session, status, now_ms)
            else:
                # When it is due depends on whether anyone is connected.
                self._save(archive, session)

    def _take(self, archive: Archive, stream_id: str, now_ms: int) -> None:
        """Begin or end to record a stream, if its state is not what it should be."""
        store, archive_id = self._store, archive.archive_id
        stream = store.stream(archive.session_id, stream_id)
        if archive.manual and not store.is_selected(archive_id, stream_id):
            stream = None
        is_recorded = store.is_recording(archive_id, stream_id)
        if stream is None and is_recorded:
            store.end_recording(archive_id, stream_id, now_ms)
        elif stream is not None and not is_recorded:
            self._begin(archive, stream, now_ms)

    def _begin(self, archive: Archive, stream: Stream, now_ms: int) -> None:
        connection = self._store.connection(stream.session_id, stream.connection_id)
        self._store.begin_recording(
            archive.archive_id,
            Recording(
                stream_id=stream.stream_id,
                started_ms=now_ms,
                stopped_ms=None,
                connection_data=connection.data if connection else "",
                video_type=stream.video_type,
            ),
        )

    def _enter(
        self,
        archive: Archive,
        session: Session,
        status: str,
        at_ms: int,
        reason: str | None = None,
    ) -> Archive:
        if status in ("stopped", "failed"):
            for recording in self._store.recordings(archive.archive_id):
                if recording.stopped_ms is None:
                    self._store.end_recording(
                        archive.archive_id, recording.stream_id, at_ms
                    )
        before, archive = archive, lifecycle.enter(archive, status, at_ms, reason)
        if status in ("available", "uploaded"):
            recordings = self._store.recordings(archive.archive_id)
            archive = replace(archive, size=len(archive_files.render(archive, recordings)))
        if status == "uploaded":
            archive = self._encrypt(archive)
        self._save(archive, session)
        self._tell_change(before, archive)
        return archive

    def _encrypt(self, archive: Archive) -> Archive:
        target = self._targets.get(archive.project_id)
        assert target is not None, "without a target nothing is uploaded"
        # Individual streams are never encrypted.
        if target.certificate is None or archive.options["outputMode"] == "individual":
            return archive
        password = seal_password(target.certificate, self._ids.raw)
        return replace(archive, options={**archive.options, "password": password})

    def _tell_change(self, before: Archive, archive: Archive) -> None:
        """Tell of a status; by a rule first of the file, then that recording has ended."""
        late = self._rules.upload_first
        if late and archive.status == "stopped":
            return
        if late and before.status == "stopped" and archive.status != "uploaded":
            self._tell(before)
        self._tell(archive)
        if late and before.status == "stopped" and archive.status == "uploaded":
            self._tell(before)

    def _tell(self, archive: Archive) -> None:
        base_url = self._session(archive).base_url
        view = View(
            self._store, self._jobs, self._links, self._rules, archive.since_ms, base_url
        )
        self._events.emit(status_changed(view, archive))

    def _save(self, archive: Archive, session: Session) -> None:
        change = self._next_change(archive, session)
        self._store.save_archive(archive, None if change is None else change.at_ms)

    def _next_change(self, archive: Archive, session: Session) -> lifecycle.Change | None:
        return lifecycle.next_change(
            archive,
            emptied_ms=session.emptied_ms,
            processing_ms=self._processing_ms,
            outcome=self._targets.outcome(archive.project_id),
            first_publish=self._rules.first_publish,
        )

    def _session(self, archive: Archive) -> Session:
        session = self._store.session(archive.session_id)
        assert session is not None, "the tables hold no archive without its session"
        return session
