"""The JSON representation of jobs, in responses and webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokbox.emulator.model import events
from tokbox.emulator.model.events import Event
from tokbox.emulator.model.records import Job
from tokbox.emulator.model.states import ENDED, ran_s
from tokbox.emulator.serializers.archives import describe_archive
from tokbox.emulator.serializers.broadcasts import describe_broadcast
from tokbox.emulator.serializers.composition import show_name
from tokbox.emulator.serializers.view import View
from tokbox.emulator.store.accounts import is_application

__all__ = ["describe_call", "describe_captions", "describe_render", "status_changed"]


def describe_render(view: View, job: Job) -> dict[str, Any]:
    """Return a render as responses show it."""
    options = job.options
    shown = {
        "id": job.job_id,
        "sessionId": job.session_id,
        **_owner(job),
        "createdAt": job.created_ms,
        "updatedAt": job.updated_ms,
        "url": options["url"],
        "resolution": options["resolution"],
        "status": job.status,
        **show_name(options.get("name"), view.rules),
        "event": "render",
    }
    if job.stream_id is not None:
        shown["streamId"] = job.stream_id
    if job.status in ENDED:
        shown["reason"] = job.reason
    if "statusCallbackUrl" in options:
        shown["callbackUrl"] = options["statusCallbackUrl"]
    return shown


def describe_captions(job: Job, now_ms: int) -> dict[str, Any]:
    """Return captions as their GET response shows them."""
    return {
        # The response to a start has captionsId instead.
        "captionId": job.job_id,
        **_owner(job),
        "sessionId": job.session_id,
        "status": job.status,
        "createdAt": job.created_ms,
        "updatedAt": job.updated_ms,
        "duration": ran_s(job, now_ms),
        "languageCode": job.options["languageCode"],
        "provider": "aws-transcribe",
        "reason": job.reason,
    }


def describe_call(job: Job) -> dict[str, Any]:
    """Return a SIP call as the response to a dial request shows it.

    Applications get ``projectId`` too.
    """
    return {
        "id": job.job_id,
        "projectId": job.project_id,
        "sessionId": job.session_id,
        "connectionId": job.connection_id,
        "streamId": job.stream_id,
        "createdAt": job.created_ms,
        "updatedAt": job.updated_ms,
    }


def status_changed(view: View, job: Job) -> Event | None:
    """Return the status event of a job, or ``None`` if webhooks do not report it."""
    make_event = _STATUS_EVENTS.get(job.kind)
    return None if make_event is None else make_event(view, job)


def _owner(job: Job) -> dict[str, str]:
    return {
        "applicationId" if is_application(job.project_id) else "projectId": job.project_id
    }


def _archive_event(view: View, job: Job) -> Event:
    # Unlike the GET response, it has the time of the request, not of the first recording.
    created_ms = job.created_ms // 1000 * 1000
    return _status(job, {**describe_archive(view, job), "createdAt": created_ms})


def _broadcast_event(view: View, job: Job) -> Event:
    return _status(job, describe_broadcast(view, job))


def _render_event(view: View, job: Job) -> Event | None:
    if job.status == "starting":
        return None
    payload = {"id": job.job_id, "sessionId": job.session_id, "status": job.status}
    if job.stream_id is not None:
        payload["streamId"] = job.stream_id
    if job.status in ENDED:
        payload["reason"] = job.reason
    return _status(job, payload)


def _captions_event(view: View, job: Job) -> Event:
    return _status(job, describe_captions(job, job.since_ms))


def _call_event(view: View, job: Job) -> Event:
    if job.status == "DIALING":
        return events.call_changed(job, "created")
    if job.status in ENDED:
        code, _, message = job.reason.partition(" ")
        return events.call_changed(
            job, "destroyed", reason_code=code, reason_message=message
        )
    return events.call_changed(job, "updated", state=job.status)


def _status(job: Job, payload: dict[str, Any]) -> Event:
    url = job.options.get("statusCallbackUrl")
    return Event(job.project_id, job.kind, "status", job.since_ms, payload, url)


_STATUS_EVENTS: dict[str, Callable[[View, Job], Event | None]] = {
    "archive": _archive_event,
    "broadcast": _broadcast_event,
    "render": _render_event,
    "captions": _captions_event,
    "call": _call_event,
}
