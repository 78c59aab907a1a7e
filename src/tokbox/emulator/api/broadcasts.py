"""Broadcasts: start, stop, get, list, layout and streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tokbox.emulator.api.sessions import active_session, check_routed
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.paging import read_page, read_session_filter
from tokbox.emulator.http.request import Call
from tokbox.emulator.http.responses import (
    ALREADY_COMPOSED,
    NO_CLIENTS,
    json_response,
    layout_response,
)
from tokbox.emulator.model.records import Job
from tokbox.emulator.model.states import OVER
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
#: A live stream of which nothing has come yet (RFC 8216, 4.3).
_PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n"


def start(call: Call) -> Response:
    """``POST P/broadcast``"""
    fields, emulator = call.fields(), call.emulator
    session = active_session(call, fields.take("sessionId"))
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
    job = engine.start(emulator, _KIND, session, options, call.now_ms)
    return json_response(_describe(call, job))


def stop(call: Call) -> Response:
    """``POST P/broadcast/{broadcastId}/stop``"""
    job = _running(call, otherwise=call.emulator.rules.stopped_broadcast)
    return json_response(_describe(call, engine.stop(call.emulator, job, call.now_ms)))


def get(call: Call) -> Response:
    """``GET P/broadcast/{broadcastId}``"""
    return json_response(_describe(call, _find(call)))


def list_page(call: Call) -> Response:
    """``GET P/broadcast``: those in progress, newest first; ``count`` is the total."""
    offset, count = read_page(call)
    total, page = call.emulator.jobs.page(
        call.project_id,
        _KIND,
        read_session_filter(call),
        running=True,
        offset=offset,
        count=count,
    )
    return json_response({"count": total, "items": [_describe(call, job) for job in page]})


def set_layout(call: Call) -> Response:
    """``PUT P/broadcast/{broadcastId}/layout``"""
    job = _running(call)
    layout = read_layout(call.fields())
    job = replace(job, options={**job.options, "layout": layout}, updated_ms=call.now_ms)
    engine.update(call.emulator, job)
    return layout_response(call.emulator.rules, _describe(call, job))


def change_streams(call: Call) -> Response:
    """``PATCH P/broadcast/{broadcastId}/streams``: add or remove a stream."""
    job, jobs = _running(call), call.emulator.jobs
    stream_id, selection = read_selection(call.fields())
    if not job.manual:
        raise HTTPError(405, "The streamMode of the broadcast is auto")
    if selection is None:
        if not jobs.unselect_stream(job.job_id, stream_id):
            raise HTTPError(404, "Stream not found")
    else:
        if call.emulator.store.stream(job.session_id, stream_id) is None:
            raise HTTPError(404, "Stream not found")
        jobs.select_stream(job.job_id, selection)
    return Response(status_code=204)


def playlist(call: Call) -> Response:
    """``GET /_emulator/broadcast/{projectId}/{broadcastId}/playlist.m3u8``

    What the address of an HLS output leads to, once that is ready: to no video.
    """
    job = call.emulator.jobs.find(
        call.param("project_id"), _KIND, call.param("broadcast_id")
    )
    if job is None or "hls" not in job.options:
        raise HTTPError(404, "No such playlist")
    status = hls_status(job, call.now_ms)
    if status not in ("ready", "live"):
        raise HTTPError(404, f"The output is {status}")
    return Response(_PLAYLIST, media_type="application/vnd.apple.mpegurl")


def _find(call: Call) -> Job:
    job = call.emulator.jobs.find(call.project_id, _KIND, call.param("broadcast_id"))
    if job is None:
        raise HTTPError(404, "Broadcast not found")
    return job


def _running(call: Call, otherwise: int = 404) -> Job:
    job = _find(call)
    if job.status in OVER:
        raise HTTPError(otherwise, "The broadcast has already stopped")
    return job


def _describe(call: Call, job: Job) -> dict[str, Any]:
    return describe_broadcast(call.emulator.view(call.now_ms), job)
