"""Archives: start, stop, get, list, delete, layout and streams."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tokbox.emulator.api.sessions import active_session, check_routed
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.paging import read_page, read_session_filter
from tokbox.emulator.http.ranges import file_response
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import NO_CLIENTS, json_response, layout_response
from tokbox.emulator.model.records import Job
from tokbox.emulator.model.states import DELETABLE, ENDED, STOPPABLE
from tokbox.emulator.options.archive import read_options
from tokbox.emulator.options.composition import read_layout, read_selection
from tokbox.emulator.serializers import archive_files
from tokbox.emulator.serializers.archives import describe_archive
from tokbox.emulator.simulation import engine

__all__ = [
    "change_streams",
    "delete",
    "download",
    "get",
    "list_page",
    "set_layout",
    "start",
    "stop",
]

_KIND = "archive"


def start(context: RequestContext) -> Response:
    """``POST P/archive``"""
    fields = context.fields()
    session = active_session(context, fields.pop("sessionId"))
    options = read_options(fields)
    refuses = context.emulator.rules.refuse_composed_transcriptions
    if refuses and options["hasTranscription"] and options["outputMode"] == "composed":
        raise HTTPError(400, "Only an archive of individual streams has a transcription")
    if session.emptied_ms is not None:
        raise HTTPError(context.emulator.rules.empty_session, NO_CLIENTS)
    check_routed(session, "initiate archives", code=15008)
    running = context.emulator.jobs.running(session.session_id, _KIND)
    tags = {archive.options["multiArchiveTag"] for archive in running}
    if options["multiArchiveTag"] in tags:
        raise HTTPError(409, "HTTP 409 Conflict", code=15001)
    archive = engine.start(context.emulator, _KIND, session, options, context.now_ms)
    # In this response only, the status is always started, which clients require, and times
    # are in milliseconds.
    reply = {
        **describe_archive(context.view, replace(archive, status="started")),
        "createdAt": archive.created_ms,
        "updatedAt": archive.updated_ms,
    }
    return json_response(reply)


def stop(context: RequestContext) -> Response:
    """``POST P/archive/{archiveId}/stop``"""
    archive = _archive(context)
    if archive.automatic:
        raise HTTPError(409, "An automatically started archive cannot be stopped")
    if archive.status not in STOPPABLE:
        raise HTTPError(
            409,
            f"The archive is {archive.status}; "
            "only a started, paused or stopped archive can be stopped",
            code=15002,
        )
    if archive.status not in ENDED:
        archive = engine.stop(context.emulator, archive, context.now_ms)
    return json_response(describe_archive(context.view, archive))


def get(context: RequestContext) -> Response:
    """``GET P/archive/{archiveId}``"""
    return json_response(describe_archive(context.view, _archive(context)))


def list_page(context: RequestContext) -> Response:
    """``GET P/archive``: newest first; ``count`` is the total number of archives."""
    offset, count = read_page(context)
    total, page = context.emulator.jobs.page(
        context.project_id,
        _KIND,
        read_session_filter(context),
        running=False,
        offset=offset,
        count=count,
    )
    return json_response(
        {
            "count": total,
            "items": [describe_archive(context.view, archive) for archive in page],
        }
    )


def delete(context: RequestContext) -> Response:
    """``DELETE P/archive/{archiveId}``"""
    archive = _archive(context, deleted_too=True)
    if archive.status not in DELETABLE:
        raise HTTPError(
            409,
            f"The archive is {archive.status}; "
            "only an available, uploaded or deleted archive can be deleted",
            code=15004,
        )
    if archive.status != "deleted":
        engine.delete(context.emulator, archive, context.now_ms)
    return Response(status_code=204)


def set_layout(context: RequestContext) -> Response:
    """``PUT P/archive/{archiveId}/layout``"""
    archive = _archive(context)
    layout = read_layout(context.fields())
    if archive.options["outputMode"] != "composed":
        raise HTTPError(400, "Only a composed archive has a layout")
    _check_running(archive)
    archive = replace(
        archive, options={**archive.options, "layout": layout}, updated_ms=context.now_ms
    )
    engine.update(context.emulator, archive)
    return layout_response(context.emulator.rules, describe_archive(context.view, archive))


def change_streams(context: RequestContext) -> Response:
    """``PATCH P/archive/{archiveId}/streams``: add or remove a stream."""
    archive = _archive(context)
    stream_id, selection = read_selection(context.fields())
    if not archive.manual:
        raise HTTPError(405, "The streamMode of the archive is auto")
    _check_running(archive)
    store, jobs = context.emulator.store, context.emulator.jobs
    if selection is None:
        if not jobs.unselect_stream(archive.job_id, stream_id):
            raise HTTPError(404, "Stream not found")
    else:
        if store.stream(archive.session_id, stream_id) is None:
            raise HTTPError(404, "Stream not found")
        jobs.select_stream(archive.job_id, selection)
    session = store.session(archive.session_id)
    assert session is not None, "the tables hold no archive without its session"
    engine.synchronise(context.emulator, session, context.now_ms, stream_id)
    return Response(status_code=204)


def download(context: RequestContext) -> Response:
    """``GET /_emulator/archive/{projectId}/{archiveId}/{fileName}``: send the file."""
    jobs = context.emulator.jobs
    archive = jobs.find(context.param("project_id"), _KIND, context.param("archive_id"))
    if archive is None or context.param("file_name") != archive_files.file_name(archive):
        raise HTTPError(404, "No such file")
    query = context.query()
    expires, signature = query.get("expires", ""), query.get("signature", "")
    if not context.emulator.download_links.is_signed(archive, expires, signature):
        raise HTTPError(403, "The signature of the link is wrong")
    if context.now_ms >= int(expires):
        raise HTTPError(403, "The link has expired; reading the archive gives a new one")
    if archive.status != "available":
        raise HTTPError(404, f"The archive is {archive.status}")
    content = archive_files.render(archive, jobs.recordings(archive.job_id))
    media_type = archive_files.media_type(archive)
    return file_response(content, media_type, context.request.headers)


def _archive(context: RequestContext, *, deleted_too: bool = False) -> Job:
    archive_id = context.param("archive_id")
    archive = context.emulator.jobs.find(context.project_id, _KIND, archive_id)
    if archive is None or (archive.status == "deleted" and not deleted_too):
        raise HTTPError(404, "Archive not found")
    return archive


def _check_running(archive: Job) -> None:
    # The service documents the status 409 here, but not the exact condition.
    if archive.status in ENDED:
        raise HTTPError(409, f"The archive is {archive.status}, not running")
