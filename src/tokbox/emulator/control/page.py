"""The emulator's web page: its files, and the state that it shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import Response

from tokbox.emulator.control.clients import find_session
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.paging import MAX_NUMBER, read_int
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.records import Connection, Job, Session
from tokbox.emulator.model.states import ENDED
from tokbox.emulator.serializers.archives import describe_archive
from tokbox.emulator.serializers.broadcasts import hls_status, rtmp_status

__all__ = ["file", "front", "session", "state"]

_FOLDER = Path(__file__).parents[1] / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # No content from other hosts, no inline code, no framing.
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

#: The maximum number of sessions, jobs of a session, and requests; the newest are shown.
_SESSIONS = 50
_JOBS = 20
_REQUESTS = 200

#: The request that stops a job, by kind: a method and a path.
_STOPS = {
    "archive": ("POST", "/archive/{id}/stop"),
    "broadcast": ("POST", "/broadcast/{id}/stop"),
    "render": ("DELETE", "/render/{id}"),
    "captions": ("POST", "/captions/{id}/stop"),
    "connector": ("POST", "/connect/{id}/stop"),
    # A call ends with its connection.
    "call": ("DELETE", "/session/{session}/connection/{connection}"),
}


def front(context: RequestContext) -> Response:
    """``GET /``: the page."""
    return _reply("index.html")


def file(context: RequestContext) -> Response:
    """``GET /_emulator/page/{name}``: a file of the page."""
    return _reply(context.param("name"))


def _reply(name: str) -> Response:
    files = _files()
    if name not in files:
        raise HTTPError(404, "No such file")
    headers = {**_HEADERS, "Content-Type": _TYPES[Path(name).suffix]}
    return Response(files[name], headers=headers)


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _FOLDER.iterdir()}


def state(context: RequestContext) -> Response:
    """``GET /_emulator/state?after=17``: the state for the page, without secrets.

    It contains the newest sessions with their contents, and the newest requests with a
    number greater than ``after``, oldest first.
    """
    emulator = context.emulator
    after = read_int(context.query(), "after", 0, MAX_NUMBER)
    last, count = emulator.request_log.last_number(), emulator.request_log.count()
    # A restart with an empty database begins the numbers at 1 again.
    since = after if after <= last else 0
    calls = emulator.request_log.entries(after=max(since, last - _REQUESTS))
    return json_response(
        {
            "now": context.now_ms,
            "offset": emulator.clock.offset_ms,
            "projects": [
                *({"id": key, "kind": "project"} for key in emulator.accounts.api_keys),
                *(
                    {"id": application_id, "kind": "application"}
                    for application_id in emulator.accounts.application_ids
                ),
            ],
            "sessionCount": emulator.store.count_sessions(),
            "sessions": [
                _session(context, session)
                for session in emulator.store.newest_sessions(_SESSIONS)
            ],
            "count": count,
            "lastNumber": last,
            "calls": [entry.describe() for entry in calls],
        }
    )


def session(context: RequestContext) -> Response:
    """``GET /_emulator/session/{sessionId}``: one session as the page shows it."""
    return json_response(_session(context, find_session(context)))


def _session(context: RequestContext, session: Session) -> dict[str, Any]:
    return {
        "sessionId": session.session_id,
        "projectId": session.project_id,
        "createdAt": session.created_ms,
        "relayed": session.relayed,
        "alwaysArchived": session.always_archived,
        "e2ee": session.e2ee,
        "muted": session.muted,
        "activated": session.activated_ms is not None,
        "connections": [
            _connection(context, connection)
            for connection in context.emulator.store.connections(session.session_id)
        ],
        "archives": _archives(context, session),
        "jobs": _jobs(context, session),
    }


def _connection(context: RequestContext, connection: Connection) -> dict[str, Any]:
    return {
        "connectionId": connection.connection_id,
        "role": connection.role,
        "data": connection.data,
        "streams": [
            {
                "id": stream.stream_id,
                "name": stream.name,
                "videoType": stream.video_type,
                "muted": stream.muted,
            }
            for stream in context.emulator.store.streams(connection.session_id)
            if stream.connection_id == connection.connection_id
        ],
    }


def _archives(context: RequestContext, session: Session) -> list[dict[str, Any]]:
    _, newest = context.emulator.jobs.page(
        session.project_id,
        "archive",
        session.session_id,
        running=False,
        offset=0,
        count=_JOBS,
    )
    shown = []
    for archive in newest:
        described = describe_archive(context.view, archive)
        # An automatic archive cannot be stopped by a request.
        stops = archive.status not in ENDED and not archive.automatic
        shown.append(
            {
                **{name: described[name] for name in ("id", "status", "reason")},
                "name": described.get("name"),
                "duration": described["duration"],
                "stop": _stop("archive", archive.job_id) if stops else None,
            }
        )
    return shown


def _jobs(context: RequestContext, session: Session) -> list[dict[str, Any]]:
    return [
        {
            "kind": job.kind,
            "id": job.job_id,
            "status": job.status,
            "name": job.options.get("name"),
            "reason": job.reason,
            "outputs": _outputs(job, context.now_ms) if job.kind == "broadcast" else [],
            "stop": None if job.status in ENDED else _stop_job(job),
        }
        for job in context.emulator.jobs.of_session(session.session_id, _JOBS)
    ]


def _outputs(broadcast: Job, now_ms: int) -> list[str]:
    """Return the status of each output of a broadcast, without URLs: they may be secret."""
    hls = [f"HLS {hls_status(broadcast, now_ms)}"] if "hls" in broadcast.options else []
    targets = broadcast.options.get("rtmp", [])
    return hls + [f"RTMP {rtmp_status(broadcast, target, now_ms)}" for target in targets]


def _stop_job(job: Job) -> dict[str, str]:
    return _stop(job.kind, job.job_id, session=job.session_id, connection=job.connection_id)


def _stop(kind: str, job_id: str, **more: str | None) -> dict[str, str]:
    method, path = _STOPS[kind]
    return {"method": method, "path": path.format(id=job_id, **more)}
