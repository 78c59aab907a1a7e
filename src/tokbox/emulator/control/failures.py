"""Simulated failures of the service, requested by tests."""

from __future__ import annotations

import re

from starlette.responses import Response

from tokbox.emulator.control.clients import find_session
from tokbox.emulator.control.inspection import find_project_id
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.model import events
from tokbox.emulator.model.clock import MAX_ROTATION
from tokbox.emulator.model.records import Job, Session
from tokbox.emulator.model.states import MACHINES, STOPPABLE
from tokbox.emulator.simulation import engine
from tokbox.emulator.simulation.sessions import destroy
from tokbox.emulator.store.accounts import is_application

__all__ = ["fail", "fail_uploads", "notify", "rotate"]

#: The reason for the end of a call: a code and its meaning.
_SIP_REASON = re.compile(r"[0-9]{3} [!-~][ -~]*")


def notify(context: RequestContext) -> Response:
    """``POST /_emulator/session/{sessionId}/notification``: announce a server rotation.

    This is the only notification of the service. Refused with 409 unless the session is
    active.
    """
    session = _active_session(context)
    context.emulator.emit(
        events.session_notification(session, context.now_ms, engine.SERVER_ROTATION)
    )
    return Response(status_code=204)


def rotate(context: RequestContext) -> Response:
    """``POST /_emulator/session/{sessionId}/rotation``: move the session to another server.

    The body may be empty, or ``{"migrate": true, "after": 14400}``. ``after`` is the time
    until the rotation by the emulated clock, in seconds; webhooks are notified four hours
    and one hour before it, if there is as much time. Archives, broadcasts, captions and
    renders stop. With ``migrate`` the clients, SIP calls and audio connectors remain, and a
    session that is always archived gets a new archive; without it all are disconnected, and
    the session is destroyed with the reason ``serverRotation``. Refused with 409 unless the
    session is active.
    """
    body = context.json_object() if context.body else {}
    for name in body.keys() - {"migrate", "after"}:
        raise HTTPError(400, f"There is no member {name!r}")
    migrate, after = body.get("migrate", False), body.get("after", 0)
    if not isinstance(migrate, bool):
        raise HTTPError(400, "migrate must be true or false")
    if (
        isinstance(after, bool)
        or not isinstance(after, int | float)
        or not 0 <= after <= MAX_ROTATION
    ):
        raise HTTPError(400, f"after must be a number of seconds from 0 to {MAX_ROTATION}")
    engine.schedule_rotation(
        context.emulator,
        _active_session(context),
        context.now_ms,
        after_ms=round(after * 1000),
        migrate=migrate,
    )
    return Response(status_code=204)


def fail(context: RequestContext) -> Response:
    """``POST /_emulator/session/{sessionId}/failure``: simulate a failure of the service.

    With an empty body every job in the session fails, and the session is destroyed with all
    its connections; 409 if the session is not active. ``{"id": "..."}`` selects one job
    (archive, broadcast, call and so on) instead; 404 if it is not running. ``reason``
    replaces the documented reason; for a call it is a code and a text, such as ``486 Busy
    Here``.
    """
    body = context.json_object() if context.body else {}
    for name in body.keys() - {"id", "reason"}:
        raise HTTPError(400, f"There is no member {name!r}")
    one, reason = body.get("id"), body.get("reason")
    if not (reason is None or (isinstance(reason, str) and reason)):
        raise HTTPError(400, "reason must be a text")
    if one is None:
        _fail_session(context, _active_session(context), reason)
    else:
        _fail_job(context, _find(context, find_session(context), one), reason)
    return Response(status_code=204)


def fail_uploads(context: RequestContext) -> Response:
    """``POST /_emulator/storage/{projectId}``: make uploads fail: ``{"broken": true}``."""
    broken = context.json_object().get("broken")
    if not isinstance(broken, bool):
        raise HTTPError(400, "broken must be true or false")
    context.emulator.storage_targets.set_broken(find_project_id(context), broken)
    return Response(status_code=204)


def _fail_session(context: RequestContext, session: Session, reason: str | None) -> None:
    emulator, session_id = context.emulator, session.session_id
    for job in emulator.jobs.running(session_id):
        # Reasons of calls have a different format.
        _fail_job(context, job, None if job.kind == "call" else reason)
    for connection in emulator.store.connections(session_id):
        engine.disconnect(
            emulator,
            session,
            connection.connection_id,
            context.now_ms,
            reason="forceDisconnected",
        )
    why = reason or _documented(session.project_id)
    destroy(emulator, find_session(context), context.now_ms, why)


def _fail_job(context: RequestContext, job: Job, reason: str | None) -> None:
    if job.kind == "call" and reason is not None and not _SIP_REASON.fullmatch(reason):
        raise HTTPError(
            400, "The reason of a call must be a code and a text: 486 Busy Here"
        )
    reason = reason or MACHINES[job.kind].failure_reason or _documented(job.project_id)
    engine.fail(context.emulator, job, context.now_ms, reason)


def _documented(project_id: str) -> str:
    """Return the documented reason for failures, which depends on the environment."""
    return "forceDisconnected" if is_application(project_id) else "Internal server failure"


def _active_session(context: RequestContext) -> Session:
    session = find_session(context)
    if not session.active:
        raise HTTPError(409, "The session is not active on a media router")
    return session


def _find(context: RequestContext, session: Session, job_id: object) -> Job:
    if not isinstance(job_id, str):
        raise HTTPError(400, "id must be a string")
    jobs = context.emulator.jobs
    for job in jobs.running(session.session_id):
        if job.job_id == job_id:
            return job
    archive = jobs.find(session.project_id, "archive", job_id)
    # A stopped archive can still fail, because it has no file yet.
    if (
        archive is not None
        and archive.session_id == session.session_id
        and archive.status in STOPPABLE
    ):
        return archive
    raise HTTPError(404, "Nothing with this id runs in the session")
