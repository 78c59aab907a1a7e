"""Archives: start, stop, get, list, delete, layout and streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tokbox.emulator import files, lifecycle
from tokbox.emulator.archive_options import read_flags, read_layout, read_options
from tokbox.emulator.archive_view import describe
from tokbox.emulator.calls import Call
from tokbox.emulator.records import Archive, Selection
from tokbox.emulator.replies import NO_CLIENTS, Refusal, json_reply
from tokbox.emulator.sessions import active_session

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

_DEFAULT_COUNT = 50
_MAX_COUNT = 1000
#: What SQLite can count to.
_MAX_OFFSET = 2**63 - 1


def start(call: Call) -> Response:
    """``POST P/archive``"""
    body = call.json_object()
    session = active_session(call, body.get("sessionId"))
    options = read_options(body)
    if session.emptied_ms is not None:
        raise Refusal(404, NO_CLIENTS)
    if session.relayed:
        raise Refusal(
            409, "Only routed sessions are allowed to initiate archives.", code=15008
        )
    running = call.emulator.store.running_archives(session.session_id)
    tags = {archive.options["multiArchiveTag"] for archive in running}
    if options["multiArchiveTag"] in tags:
        raise Refusal(409, "HTTP 409 Conflict", code=15001)
    archive = call.emulator.recorder.start(session, options, call.now_ms, automatic=False)
    # The reply says started even if nobody publishes yet (clients insist on it), and
    # it alone has the milliseconds.
    reply = {
        **_describe(call, replace(archive, status="started")),
        "createdAt": archive.created_ms,
        "updatedAt": archive.updated_ms,
    }
    return json_reply(reply)


def stop(call: Call) -> Response:
    """``POST P/archive/{archiveId}/stop``"""
    archive = _archive(call)
    if archive.automatic:
        raise Refusal(409, "An automatically started archive cannot be stopped")
    if archive.status not in lifecycle.STOPPABLE:
        raise Refusal(
            409,
            f"The archive is {archive.status}; "
            "only a started, paused or stopped archive can be stopped",
            code=15002,
        )
    if archive.status in lifecycle.RUNNING:
        archive = call.emulator.recorder.stop(archive, call.now_ms, "user initiated")
    return json_reply(_describe(call, archive))


def get(call: Call) -> Response:
    """``GET P/archive/{archiveId}``"""
    return json_reply(_describe(call, _archive(call)))


def list_page(call: Call) -> Response:
    """``GET P/archive``: newest first; ``count`` is the total, not the page's length."""
    query = call.query()
    offset = _whole_number(query, "offset", 0, _MAX_OFFSET)
    count = _whole_number(query, "count", _DEFAULT_COUNT, _MAX_COUNT)
    # One SDK sends session_id.
    session_id = query.get("sessionId", query.get("session_id"))
    total, page = call.emulator.store.page_of_archives(
        call.tenant_id, session_id, offset=offset, count=count
    )
    return json_reply(
        {"count": total, "items": [_describe(call, archive) for archive in page]}
    )


def delete(call: Call) -> Response:
    """``DELETE P/archive/{archiveId}``"""
    archive = _archive(call, deleted_too=True)
    if archive.status not in lifecycle.DELETABLE:
        raise Refusal(
            409,
            f"The archive is {archive.status}; "
            "only an available, uploaded or deleted archive can be deleted",
            code=15004,
        )
    if archive.status != "deleted":
        call.emulator.recorder.delete(archive, call.now_ms)
    return Response(status_code=204)


def set_layout(call: Call) -> Response:
    """``PUT P/archive/{archiveId}/layout``"""
    archive = _archive(call)
    layout = read_layout(call.json_object())
    if archive.options["outputMode"] != "composed":
        raise Refusal(400, "Only a composed archive has a layout")
    _check_running(archive)
    archive = replace(
        archive, options={**archive.options, "layout": layout}, updated_ms=call.now_ms
    )
    call.emulator.recorder.update(archive)
    return json_reply(_describe(call, archive))


def change_streams(call: Call) -> Response:
    """``PATCH P/archive/{archiveId}/streams``: add or remove a stream."""
    archive = _archive(call)
    body = call.json_object()
    if ("addStream" in body) == ("removeStream" in body):
        raise Refusal(400, "Exactly one of addStream and removeStream is needed")
    stream_id = body.get("addStream", body.get("removeStream"))
    if not isinstance(stream_id, str):
        raise Refusal(400, "A stream id must be a string")
    has_audio, has_video = read_flags(body) if "addStream" in body else (True, True)
    if not archive.manual:
        raise Refusal(405, "The streamMode of the archive is auto")
    _check_running(archive)
    store = call.emulator.store
    if "addStream" in body:
        if store.stream(archive.session_id, stream_id) is None:
            raise Refusal(404, "Stream not found")
        store.select_stream(archive.archive_id, Selection(stream_id, has_audio, has_video))
    elif not store.unselect_stream(archive.archive_id, stream_id):
        raise Refusal(404, "Stream not found")
    session = store.session(archive.session_id)
    assert session is not None, "the tables hold no archive without its session"
    call.emulator.follow(session, call.now_ms)
    return Response(status_code=204)


def download(call: Call) -> Response:
    """``GET /_emulator/archive/{tenant}/{archiveId}/{fileName}``, what a link leads to."""
    store = call.emulator.store
    archive = store.archive(call.param("tenant"), call.param("archive_id"))
    if archive is None or call.param("file_name") != files.file_name(archive):
        raise Refusal(404, "No such file")
    query = call.query()
    expires, signature = query.get("expires", ""), query.get("signature", "")
    if not call.emulator.links.is_signed(archive, expires, signature):
        raise Refusal(403, "The signature of the link is wrong")
    if call.now_ms >= int(expires):
        raise Refusal(403, "The link has expired; reading the archive gives a new one")
    if archive.status != "available":
        raise Refusal(404, f"The archive is {archive.status}")
    content = files.render(archive, store.recordings(archive.archive_id))
    return Response(content, media_type=files.media_type(archive))


def _archive(call: Call, *, deleted_too: bool = False) -> Archive:
    archive = call.emulator.store.archive(call.tenant_id, call.param("archive_id"))
    if archive is None or (archive.status == "deleted" and not deleted_too):
        raise Refusal(404, "Archive not found")
    return archive


def _check_running(archive: Archive) -> None:
    # The service answers 409 here, but for what exactly is not documented.
    if archive.status not in lifecycle.RUNNING:
        raise Refusal(409, f"The archive is {archive.status}, not running")


def _whole_number(query: dict[str, str], name: str, default: int, most: int) -> int:
    # An absent value and an empty one are alike: the parser drops the empty ones.
    text = query.get(name)
    if text is None:
        return default
    # The length first: Python refuses to convert thousands of digits.
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= most):
        raise Refusal(400, f"Invalid {name}: it must be a whole number from 0 to {most}")
    return int(text)


def _describe(call: Call, archive: Archive) -> dict[str, Any]:
    return describe(call.emulator.store, call.emulator.links, archive, call.now_ms)
