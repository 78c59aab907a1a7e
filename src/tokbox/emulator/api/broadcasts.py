"""Broadcasts: start, stop, get, list, layout and streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tokbox.emulator.api.sessions import active_session, check_routed
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.paging import read_page, read_session_filter
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import (
    ALREADY_COMPOSED,
    NO_CLIENTS,
    json_response,
    layout_response,
)
from tokbox.emulator.model.records import Job
from tokbox.emulator.model.states import ENDED
from tokbox.emulator.options.broadcast import read_options
from tokbox.emulator.options.composition import read_layout, read_selection
from tokbox.emulator.serializers.broadcasts import describe_broadcast, hls_status
from tokbox.emulator.simulation import engine

__all__ = [
    "change_streams",
    "get",
    "list_page",
    "playlist",
    "set_layout",
    "start",
    "stop",
]

_KIND = "broadcast"
#: A live playlist without segments (RFC 8216, 4.3).
_PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n"


def start(context: RequestContext) -> Response:
    """``POST P/broadcast``"""
    fields, emulator = context.fields(), context.emulator
    session = active_session(context, fields.pop("sessionId"))
    options = read_options(
        fields, duration=emulator.rules.broadcast_duration, new_id=emulator.ids.uuid
    )
    if session.emptied_ms is not None:
        raise HTTPError(404, NO_CLIENTS)
    check_routed(session, "initiate broadcasts")
    running = emulator.jobs.running(session.session_id, _KIND)
    if options["multiBroadcastTag"] in {
        job.options["multiBroadcastTag"] for job in running
    }:
        raise HTTPError(409, ALREADY_COMPOSED)
    job = engine.start(emulator, _KIND, session, options, context.now_ms)
    return json_response(_describe(context, job))


def stop(context: RequestContext) -> Response:
    """``POST P/broadcast/{broadcastId}/stop``"""
    job = _running(context, otherwise=context.emulator.rules.stopped_broadcast)
    return json_response(
        _describe(context, engine.stop(context.emulator, job, context.now_ms))
    )


def get(context: RequestContext) -> Response:
    """``GET P/broadcast/{broadcastId}``"""
    return json_response(_describe(context, _find(context)))


def list_page(context: RequestContext) -> Response:
    """``GET P/broadcast``: running broadcasts, newest first; ``count`` is the total."""
    offset, count = read_page(context)
    total, page = context.emulator.jobs.page(
        context.project_id,
        _KIND,
        read_session_filter(context),
        running=True,
        offset=offset,
        count=count,
    )
    return json_response(
        {"count": total, "items": [_describe(context, job) for job in page]}
    )


def set_layout(context: RequestContext) -> Response:
    """``PUT P/broadcast/{broadcastId}/layout``"""
    job = _running(context)
    layout = read_layout(context.fields())
    job = replace(job, options={**job.options, "layout": layout}, updated_ms=context.now_ms)
    engine.update(context.emulator, job)
    return layout_response(context.emulator.rules, _describe(context, job))


def change_streams(context: RequestContext) -> Response:
    """``PATCH P/broadcast/{broadcastId}/streams``: add or remove a stream."""
    job, jobs = _running(context), context.emulator.jobs
    stream_id, selection = read_selection(context.fields())
    if not job.manual:
        raise HTTPError(405, "The streamMode of the broadcast is auto")
    if selection is None:
        if not jobs.unselect_stream(job.job_id, stream_id):
            raise HTTPError(404, "Stream not found")
    else:
        if context.emulator.store.stream(job.session_id, stream_id) is None:
            raise HTTPError(404, "Stream not found")
        jobs.select_stream(job.job_id, selection)
    return Response(status_code=204)


def playlist(context: RequestContext) -> Response:
    """``GET /_emulator/broadcast/{projectId}/{broadcastId}/playlist.m3u8``

    The URL of an HLS output: a playlist without video, once the output is ready.
    """
    job = context.emulator.jobs.find(
        context.param("project_id"), _KIND, context.param("broadcast_id")
    )
    if job is None or "hls" not in job.options:
        raise HTTPError(404, "No such playlist")
    status = hls_status(job, context.now_ms)
    if status not in ("ready", "live"):
        raise HTTPError(404, f"The output is {status}")
    return Response(_PLAYLIST, media_type="application/vnd.apple.mpegurl")


def _find(context: RequestContext) -> Job:
    job = context.emulator.jobs.find(
        context.project_id, _KIND, context.param("broadcast_id")
    )
    if job is None:
        raise HTTPError(404, "Broadcast not found")
    return job


def _running(context: RequestContext, otherwise: int = 404) -> Job:
    job = _find(context)
    if job.status in ENDED:
        raise HTTPError(otherwise, "The broadcast has already stopped")
    return job


def _describe(context: RequestContext, job: Job) -> dict[str, Any]:
    return describe_broadcast(context.view, job)
