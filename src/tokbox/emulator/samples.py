"""Sample webhooks: all that an emulator sends while its simulated clients do everything."""

from __future__ import annotations

import contextlib
from typing import Any

from tokbox.emulator.api import captions, renders, sip
from tokbox.emulator.api.sessions import new_session_id
from tokbox.emulator.app import create_app
from tokbox.emulator.model import events
from tokbox.emulator.model.events import Event
from tokbox.emulator.model.records import Job, Session, Stream
from tokbox.emulator.options import archive, broadcast
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation import engine
from tokbox.emulator.simulation.client_tokens import ClientClaims
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.storage_targets import StorageTarget

__all__ = ["sample_events"]

_SECOND = 1000
_MINUTE = 60 * _SECOND
#: Archives expire after 72 hours.
_EXPIRED = 73 * 60 * _MINUTE
#: The URL in links to files.
_BASE_URL = "https://example.com"


def sample_events(project_id: str, now_ms: int) -> dict[str, dict[str, Event]]:
    """Return a sample of each event, by its name and by the status in its body.

    Names are those of webhook settings, such as ``archive_status``. The status of events
    without a status is "". *project_id* is an API key or an application ID; the last events
    happen shortly before *now_ms*, in milliseconds since the epoch.
    """
    found: dict[str, dict[str, Event]] = {}

    def keep(event: Event) -> None:
        status = str(event.payload.get("status", ""))
        found.setdefault(f"{event.group}_{event.name}", {})[status] = event

    emulator: Emulator = create_app().state.emulator
    emulator.events.subscribe(keep)
    with contextlib.closing(emulator.store), emulator.store.transaction():
        _Scenario(emulator, project_id, now_ms).run()
    return found


class _Scenario:
    """A session in which every event happens. Later events replace earlier ones."""

    def __init__(self, emulator: Emulator, project_id: str, now_ms: int) -> None:
        self._emulator = emulator
        self._now_ms = now_ms
        self._at_ms = now_ms - _EXPIRED
        session_id = new_session_id(
            emulator.ids, project_id, "", self._at_ms, relayed=False
        )
        session = Session(
            session_id=session_id,
            project_id=project_id,
            created_ms=self._at_ms,
            location="",
            relayed=False,
            always_archived=False,
            archive_name=None,
            archive_resolution=None,
            e2ee=False,
            base_url=_BASE_URL,
        )
        emulator.store.save_session(session)
        self._session_id = session_id

    def run(self) -> None:
        """Run all steps."""
        emulator = self._emulator
        self._expire_archive()
        self._wait(self._now_ms - 10 * _MINUTE - self._at_ms)
        client = self._connect("name=Ada")
        self._fail_jobs()
        call = self._start("call", self._call(), joins=True)
        jobs = [
            self._start("archive", self._archive("weekly")),
            self._start("broadcast", self._broadcast()),
            self._start("captions", captions.read_options(Fields({}))),
            self._start("render", self._render(), joins=True),
        ]
        self._wait(10 * _SECOND)  # until the page is loaded, and the call is answered
        stream = self._publish(client)
        emulator.emit(events.call_muted(self._current(call), self._at_ms))
        emulator.emit(
            events.session_notification(self._session, self._at_ms, "serverRotation")
        )
        self._wait(5 * _MINUTE)
        self._upload_archive()
        for job in jobs:
            self._stop(job)
        self._wait(_SECOND)
        assert call.connection_id is not None, "a call joins its session"
        self._leave(call.connection_id)
        engine.unpublish(emulator, self._session, client, stream.stream_id, self._at_ms)
        self._leave(client)
        self._wait(_MINUTE)

    def _expire_archive(self) -> None:
        client = self._connect("")
        self._stop(self._start("archive", self._archive("expired")))
        self._leave(client)

    def _fail_jobs(self) -> None:
        for job in (
            self._start("archive", self._archive("failed")),
            self._start("broadcast", self._broadcast()),
            self._start("captions", captions.read_options(Fields({}))),
            self._start("render", self._render(), joins=True),
        ):
            engine.fail(self._emulator, job, self._at_ms, "failure")

    def _upload_archive(self) -> None:
        """Upload an archive, and delete it."""
        targets, project_id = self._emulator.storage_targets, self._session.project_id
        targets.put(project_id, StorageTarget("s3", "archives", "none"))
        uploaded = self._start("archive", self._archive("uploaded"))
        self._wait(_MINUTE)
        self._stop(uploaded)
        self._wait(_SECOND)
        engine.delete(self._emulator, self._current(uploaded), self._at_ms)
        targets.remove(project_id)

    # Steps.

    @property
    def _session(self) -> Session:
        session = self._emulator.store.session(self._session_id)
        assert session is not None, "it is saved first"
        return session

    def _wait(self, ms: int) -> None:
        self._at_ms += ms
        engine.run_due_events(self._emulator, self._at_ms)

    def _connect(self, data: str) -> str:
        claims = ClientClaims("moderator", data, ())
        return engine.connect(
            self._emulator, self._session, claims, self._at_ms
        ).connection_id

    def _leave(self, connection_id: str) -> None:
        engine.disconnect(self._emulator, self._session, connection_id, self._at_ms)

    def _publish(self, connection_id: str) -> Stream:
        connection = self._emulator.store.connection(self._session_id, connection_id)
        assert connection is not None, "it is connected"
        return engine.publish(
            self._emulator,
            self._session,
            connection,
            self._at_ms,
            name="camera",
            video_type="camera",
        )

    def _start(self, kind: str, options: dict[str, Any], *, joins: bool = False) -> Job:
        claims = ClientClaims("publisher", f"name={kind}", ()) if joins else None
        return engine.start(
            self._emulator, kind, self._session, options, self._at_ms, claims=claims
        )

    def _stop(self, job: Job) -> None:
        engine.stop(self._emulator, self._current(job), self._at_ms)

    def _current(self, job: Job) -> Job:
        found = self._emulator.jobs.find(job.project_id, job.kind, job.job_id)
        assert found is not None, "jobs are never removed"
        return found

    # Options of jobs.

    def _archive(self, name: str) -> dict[str, Any]:
        return archive.read_options(Fields({"name": name, "multiArchiveTag": name}))

    def _broadcast(self) -> dict[str, Any]:
        return broadcast.read_options(
            Fields({"outputs": {"hls": {}}}),
            duration=self._emulator.rules.broadcast_duration,
            new_id=self._emulator.ids.uuid,
        )

    def _render(self) -> dict[str, Any]:
        return renders.read_options(Fields({"url": f"{_BASE_URL}/page"}))

    def _call(self) -> dict[str, Any]:
        return sip.read_options(Fields({"uri": "sip:ada@example.com"}))
