"""Jobs in the store: archives, broadcasts, renders and so on."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from tokbox.emulator.model.records import Job, Recording, Selection
from tokbox.emulator.model.states import ENDED
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.mapping import from_row, to_row

__all__ = ["Jobs"]

_COLUMNS = (
    "job_id, kind, session_id, project_id, options, status, reason, created_ms, "
    "updated_ms, since_ms, ran_ms, connection_id, stream_id, alone_ms, automatic, "
    "began_ms, size"
)
_RUNNING = f"status NOT IN ({', '.join(repr(status) for status in sorted(ENDED))})"


class Jobs:
    """The jobs of one emulator. Use it inside a transaction of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, job: Job, due_ms: int | None) -> None:
        """Insert or update a job, and the time of its next change by a timer."""
        self._store.db.execute(
            f"INSERT INTO jobs ({_COLUMNS}, due_ms) "  # noqa: S608
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (job_id) DO UPDATE SET options = excluded.options, "
            "status = excluded.status, reason = excluded.reason, "
            "updated_ms = excluded.updated_ms, since_ms = excluded.since_ms, "
            "ran_ms = excluded.ran_ms, stream_id = excluded.stream_id, "
            "alone_ms = excluded.alone_ms, began_ms = excluded.began_ms, "
            "size = excluded.size, due_ms = excluded.due_ms",
            (*to_row(job), due_ms),
        )

    def set_due(self, job_id: str, due_ms: int | None) -> None:
        """Update the time of a job's next change by a timer."""
        self._store.db.execute(
            "UPDATE jobs SET due_ms = ? WHERE job_id = ?", (due_ms, job_id)
        )

    def find(self, project_id: str, kind: str, job_id: str) -> Job | None:
        """Return a job of a project, running or not, or ``None``."""
        found = self._select(
            "WHERE project_id = ? AND kind = ? AND job_id = ?", project_id, kind, job_id
        )
        return found[0] if found else None

    def running(self, session_id: str, kind: str | None = None) -> list[Job]:
        """Return the running jobs of a session, of one kind or all, archives first.

        Archives come first because they record the streams that other jobs publish.
        """
        jobs = self._select(
            f"WHERE session_id = ? AND kind = coalesce(?, kind) AND {_RUNNING} "
            "ORDER BY number",
            session_id,
            kind,
        )
        # Sorted in Python: the SQL query reads the rows in index order.
        return sorted(jobs, key=lambda job: job.kind != "archive")

    def next_due(self, now_ms: int) -> Job | None:
        """Return the job whose change was due first, or ``None``."""
        found = self._select(
            "WHERE due_ms <= ? ORDER BY due_ms, kind <> 'archive', number LIMIT 1", now_ms
        )
        return found[0] if found else None

    def of_session(self, session_id: str, count: int) -> list[Job]:
        """Return the newest jobs of a session other than archives, running or not."""
        return self._select(
            "WHERE session_id = ? AND kind <> 'archive' ORDER BY number DESC LIMIT ?",
            session_id,
            count,
        )

    def page(
        self,
        project_id: str,
        kind: str,
        session_id: str | None = None,
        *,
        running: bool,
        offset: int,
        count: int,
    ) -> tuple[int, list[Job]]:
        """Count the undeleted jobs of one kind, and return a page of them, newest first."""
        where = "WHERE project_id = ? AND kind = ? AND status <> 'deleted'"
        if running:
            where += f" AND {_RUNNING}"
        values: list[Any] = [project_id, kind]
        if session_id is not None:
            where += " AND session_id = ?"
            values.append(session_id)
        (total,) = self._store.db.execute(
            f"SELECT count(*) FROM jobs {where}",  # noqa: S608
            values,
        ).fetchone()
        page = self._select(
            f"{where} ORDER BY number DESC LIMIT ? OFFSET ?", *values, count, offset
        )
        return int(total), page

    def _select(self, rest: str, *values: object) -> list[Job]:
        rows = self._store.db.execute(
            f"SELECT {_COLUMNS} FROM jobs {rest}",  # noqa: S608
            values,
        )
        return [Job(**from_row(row)) for row in rows]

    # Selected streams of a job with manual streamMode.

    def select_stream(self, job_id: str, selection: Selection) -> None:
        """Select a stream for a job, or change its selected media."""
        self._store.db.execute(
            "INSERT OR REPLACE INTO selections VALUES (?, ?, ?, ?)",
            (job_id, *astuple(selection)),
        )

    def unselect_stream(self, job_id: str, stream_id: str) -> bool:
        """Deselect a stream of a job, and return whether it was selected."""
        done = self._store.db.execute(
            "DELETE FROM selections WHERE job_id = ? AND stream_id = ?",
            (job_id, stream_id),
        )
        return done.rowcount > 0

    def is_selected(self, job_id: str, stream_id: str) -> bool:
        """Return whether a stream is selected for an archive."""
        return self._store.exists(
            "selections WHERE job_id = ? AND stream_id = ?", job_id, stream_id
        )

    def selections(self, job_id: str) -> list[Selection]:
        """Return the selected streams of a job, in order of selection."""
        rows = self._store.db.execute(
            "SELECT stream_id, has_audio, has_video FROM selections "
            "WHERE job_id = ? ORDER BY rowid",
            (job_id,),
        )
        return [Selection(**from_row(row)) for row in rows]

    def begin_recording(self, job_id: str, recording: Recording) -> None:
        """Begin a recording of a stream."""
        # A stream that left and came back within one millisecond continues its recording.
        self._store.db.execute(
            "INSERT INTO recordings VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (job_id, stream_id, started_ms) "
            "DO UPDATE SET stopped_ms = NULL",
            (job_id, *to_row(recording)),
        )

    def end_recording(self, job_id: str, stream_id: str, at_ms: int) -> None:
        """End the recording of a stream."""
        self._store.db.execute(
            "UPDATE recordings SET stopped_ms = ? "
            "WHERE job_id = ? AND stream_id = ? AND stopped_ms IS NULL",
            (at_ms, job_id, stream_id),
        )

    def is_recording(self, job_id: str, stream_id: str | None = None) -> bool:
        """Return whether an archive is recording *stream_id*, or any stream."""
        where = "recordings WHERE job_id = ? AND stopped_ms IS NULL"
        if stream_id is None:
            return self._store.exists(where, job_id)
        return self._store.exists(f"{where} AND stream_id = ?", job_id, stream_id)

    def recordings(self, job_id: str) -> list[Recording]:
        """Return the recordings of an archive, in order of time."""
        rows = self._store.db.execute(
            "SELECT stream_id, started_ms, stopped_ms, connection_data, video_type "
            "FROM recordings WHERE job_id = ? ORDER BY started_ms, rowid",
            (job_id,),
        )
        return [Recording(**from_row(row)) for row in rows]
