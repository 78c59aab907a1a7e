"""The routes: the handler of every method and path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from tokbox.emulator.api import (
    archives,
    audio_connectors,
    broadcasts,
    callbacks,
    captions,
    connections,
    moderation,
    projects,
    renders,
    sessions,
    signals,
    sip,
    storage,
    streams,
)
from tokbox.emulator.control import (
    clients,
    clock,
    failures,
    inspection,
    page,
    token_inspector,
)
from tokbox.emulator.http.request import Access, Endpoint, Handler

__all__ = ["endpoints"]

_Routes: TypeAlias = tuple[tuple[str, str, Handler], ...]

_P = "/v2/project/{project}"
_SESSION = _P + "/session/{session_id}"
_CONNECTION = _SESSION + "/connection/{connection_id}"
_STREAM = _SESSION + "/stream/{stream_id}"
_PROJECT = "/v2/project/{api_key}"
_CLIENT = "/_emulator/session/{session_id}/connection"

#: The routes of the service's API. ``P`` in docstrings is ``/v2/project/{apiKey}``.
_API: _Routes = (
    ("POST", "/session/create", sessions.create),
    ("POST", "/hl/session/create", sessions.create),
    ("POST", f"{_P}/archive", archives.start),
    ("GET", f"{_P}/archive", archives.list_page),
    # Before the archive routes, which would match "storage" as an archive ID.
    ("PUT", f"{_P}/archive/storage", storage.put),
    ("DELETE", f"{_P}/archive/storage", storage.remove),
    ("GET", f"{_P}/archive/{{archive_id}}", archives.get),
    ("DELETE", f"{_P}/archive/{{archive_id}}", archives.delete),
    ("POST", f"{_P}/archive/{{archive_id}}/stop", archives.stop),
    ("PUT", f"{_P}/archive/{{archive_id}}/layout", archives.set_layout),
    ("PATCH", f"{_P}/archive/{{archive_id}}/streams", archives.change_streams),
    ("POST", f"{_P}/broadcast", broadcasts.start),
    ("GET", f"{_P}/broadcast", broadcasts.list_page),
    ("GET", f"{_P}/broadcast/{{broadcast_id}}", broadcasts.get),
    ("POST", f"{_P}/broadcast/{{broadcast_id}}/stop", broadcasts.stop),
    ("PUT", f"{_P}/broadcast/{{broadcast_id}}/layout", broadcasts.set_layout),
    ("PATCH", f"{_P}/broadcast/{{broadcast_id}}/streams", broadcasts.change_streams),
    ("POST", f"{_P}/render", renders.start),
    ("GET", f"{_P}/render", renders.list_page),
    ("GET", f"{_P}/render/{{render_id}}", renders.get),
    ("DELETE", f"{_P}/render/{{render_id}}", renders.stop),
    ("POST", f"{_P}/captions", captions.start),
    ("POST", f"{_P}/captions/{{captions_id}}/stop", captions.stop),
    ("POST", f"{_P}/dial", sip.dial),
    ("POST", f"{_P}/connect", audio_connectors.start),
    ("GET", f"{_SESSION}/stream", streams.list_all),
    ("PUT", f"{_SESSION}/stream", streams.set_layout_classes),
    ("GET", _STREAM, streams.get),
    ("PUT", _STREAM, streams.set_layout_classes_of_one),
    ("GET", f"{_SESSION}/connection", connections.list_all),
    ("POST", f"{_SESSION}/signal", signals.send),
    ("POST", f"{_CONNECTION}/signal", signals.send),
    ("DELETE", _CONNECTION, moderation.disconnect),
    ("POST", f"{_STREAM}/mute", moderation.mute_stream),
    ("POST", f"{_SESSION}/mute", moderation.mute_all),
    ("POST", f"{_SESSION}/play-dtmf", sip.play_dtmf),
    ("POST", f"{_CONNECTION}/play-dtmf", sip.play_dtmf),
    ("POST", f"{_P}/callback", callbacks.create),
    ("GET", f"{_P}/callback", callbacks.list_all),
    ("DELETE", f"{_P}/callback/{{callback_id}}", callbacks.delete),
)

#: The routes of accounts.
_ACCOUNT: _Routes = (
    ("POST", "/v2/project", projects.create),
    ("GET", "/v2/project", projects.list_all),
    ("GET", _PROJECT, projects.get),
    ("PUT", _PROJECT, projects.set_status),
    ("DELETE", _PROJECT, projects.delete),
    ("POST", f"{_PROJECT}/refreshSecret", projects.refresh_secret),
)

#: Methods and paths that only old or faulty clients use.
_LENIENT: _Routes = (
    ("POST", f"{_P}/broadcast/{{broadcast_id}}/layout", broadcasts.set_layout),
    ("PUT", f"{_P}/broadcast/{{broadcast_id}}/streams", broadcasts.change_streams),
    ("POST", f"{_P}/render/{{render_id}}", renders.get),
    ("GET", f"{_P}/captions/{{captions_id}}", captions.get),
    ("DELETE", f"{_P}/captions/{{captions_id}}/stop", captions.stop),
    ("POST", f"{_P}/connect/{{connector_id}}/stop", audio_connectors.stop),
    ("POST", f"{_P}/call", sip.dial),
)

#: The emulator's own routes.
_CONTROL: _Routes = (
    ("GET", "/", page.front),
    ("GET", "/_emulator/page/{name}", page.file),
    ("GET", "/_emulator/state", page.state),
    ("POST", "/_emulator/inspect", token_inspector.inspect),
    ("GET", "/_emulator", inspection.index),
    ("GET", "/_emulator/clock", clock.read),
    ("POST", "/_emulator/clock", clock.advance),
    ("POST", "/_emulator/reset", clock.reset),
    ("GET", "/_emulator/requests", inspection.list_requests),
    ("DELETE", "/_emulator/requests", inspection.clear_requests),
    ("POST", "/_emulator/faults", inspection.add_fault),
    ("DELETE", "/_emulator/faults", inspection.clear_faults),
    ("GET", "/_emulator/connectors", inspection.list_connectors),
    ("GET", "/_emulator/connectors/{connector_id}/audio.wav", inspection.read_audio),
    ("GET", "/_emulator/messages", inspection.read_messages),
    ("DELETE", "/_emulator/messages", inspection.clear_messages),
    ("GET", "/_emulator/storage/{project_id}", inspection.show_storage),
    ("POST", "/_emulator/storage/{project_id}", failures.fail_uploads),
    ("GET", "/_emulator/webhooks", inspection.read_webhooks),
    ("POST", "/_emulator/webhooks", inspection.configure_webhooks),
    ("DELETE", "/_emulator/webhooks", inspection.clear_webhooks),
    ("GET", "/_emulator/archive/{project_id}/{archive_id}/{file_name}", archives.download),
    (
        "GET",
        "/_emulator/broadcast/{project_id}/{broadcast_id}/playlist.m3u8",
        broadcasts.playlist,
    ),
    ("GET", "/_emulator/session/{session_id}", page.session),
    ("POST", "/_emulator/session/{session_id}/client", clients.join),
    ("POST", "/_emulator/session/{session_id}/notification", failures.notify),
    ("POST", "/_emulator/session/{session_id}/rotation", failures.rotate),
    ("POST", "/_emulator/session/{session_id}/failure", failures.fail),
    ("POST", _CLIENT, clients.connect),
    ("DELETE", f"{_CLIENT}/{{connection_id}}", clients.disconnect),
    ("POST", f"{_CLIENT}/{{connection_id}}/stream", clients.publish),
    ("DELETE", f"{_CLIENT}/{{connection_id}}/stream", clients.unpublish_all),
    ("DELETE", f"{_CLIENT}/{{connection_id}}/stream/{{stream_id}}", clients.unpublish),
)

#: The prefix of API paths that name a project and need no credentials.
_ON_BEHALF = "/_emulator/as/{project_id}"
#: Handlers that create something if they succeed.
_CREATING = frozenset(
    {
        sessions.create,
        archives.start,
        broadcasts.start,
        renders.start,
        captions.start,
        sip.dial,
        audio_connectors.start,
        callbacks.create,
        projects.create,
    }
)
#: Handlers that were observed to return errors as JSON regardless of ``Accept``.
_JSON_ERRORS = frozenset(
    {archives.set_layout, broadcasts.set_layout, moderation.disconnect}
)


def endpoints(*, lenient: bool) -> Iterator[tuple[str, str, Endpoint]]:
    """Yield the method, path and endpoint of every route.

    *lenient* adds the routes that only faulty clients use.
    """
    api = (*_API, *_LENIENT) if lenient else _API
    for method, path, handler in api:
        yield method, path, _endpoint(handler, "project")
    for method, path, handler in _ACCOUNT:
        yield method, path, _endpoint(handler, "account")
    for method, path, handler in _CONTROL:
        yield method, path, Endpoint(handler, "control", errors="json")
    # The emulator's page uses these: it has no credentials.
    for method, path, handler in api:
        yield method, _ON_BEHALF + path, _endpoint(handler, "on_behalf")


def _endpoint(handler: Handler, access: Access) -> Endpoint:
    errors: Literal["", "json", "session"] = "json" if handler in _JSON_ERRORS else ""
    if handler is sessions.create:
        errors = "session"
    return Endpoint(handler, access, creates=handler in _CREATING, errors=errors)
