"""Which request goes where: tables, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from tokbox.emulator.api import (
    archives,
    audio_connectors,
    broadcasts,
    callbacks,
    captions,
    connections,
    dtmf,
    moderation,
    projects,
    renders,
    sessions,
    signals,
    sip,
    storage,
    streams,
)
from tokbox.emulator.control import clients as control
from tokbox.emulator.control import failures, inspection, page, token_inspector
from tokbox.emulator.http.request import Call

__all__ = [
    "ACCOUNT",
    "ALWAYS_JSON",
    "API",
    "CONTROL",
    "CREATING",
    "LENIENT",
    "ON_BEHALF",
    "Handler",
]

Handler = Callable[[Call], Response]

_P = "/v2/project/{project}"
_SESSION = _P + "/session/{session_id}"
_CONNECTION = _SESSION + "/connection/{connection_id}"
_STREAM = _SESSION + "/stream/{stream_id}"
_PROJECT = "/v2/project/{api_key}"
_CONTROL = "/_emulator/session/{session_id}/connection"

#: The service's routes. What it calls ``P`` is ``/v2/project/{apiKey}``.
API: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/session/create", sessions.create),
    ("POST", "/hl/session/create", sessions.create),
    ("POST", f"{_P}/archive", archives.start),
    ("GET", f"{_P}/archive", archives.list_page),
    # Before the archives, or "storage" would be taken for the id of one.
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
    ("GET", f"{_P}/captions/{{captions_id}}", captions.get),
    ("POST", f"{_P}/captions/{{captions_id}}/stop", captions.stop),
    ("POST", f"{_P}/dial", sip.dial),
    ("POST", f"{_P}/connect", audio_connectors.start),
    ("POST", f"{_P}/connect/{{connector_id}}/stop", audio_connectors.stop),
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
    ("POST", f"{_SESSION}/play-dtmf", dtmf.play),
    ("POST", f"{_CONNECTION}/play-dtmf", dtmf.play),
    ("POST", f"{_P}/callback", callbacks.create),
    ("GET", f"{_P}/callback", callbacks.list_all),
    ("DELETE", f"{_P}/callback/{{callback_id}}", callbacks.delete),
)

#: The routes of accounts.
ACCOUNT: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v2/project", projects.create),
    ("GET", "/v2/project", projects.list_all),
    ("GET", _PROJECT, projects.get),
    ("PUT", _PROJECT, projects.set_status),
    ("DELETE", _PROJECT, projects.delete),
    ("POST", f"{_PROJECT}/refreshSecret", projects.refresh_secret),
)

#: Ways that only faulty clients take to what stands above.
LENIENT: tuple[tuple[str, str, Handler], ...] = (
    ("POST", f"{_P}/broadcast/{{broadcast_id}}/layout", broadcasts.set_layout),
    ("PUT", f"{_P}/broadcast/{{broadcast_id}}/streams", broadcasts.change_streams),
    ("POST", f"{_P}/render/{{render_id}}", renders.get),
    ("DELETE", f"{_P}/captions/{{captions_id}}/stop", captions.stop),
    ("POST", f"{_P}/call", sip.dial),
)

#: Ours alone.
CONTROL: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", page.front),
    ("GET", "/_emulator/page/{name}", page.file),
    ("GET", "/_emulator/state", page.state),
    ("POST", "/_emulator/inspect", token_inspector.inspect),
    ("GET", "/_emulator", control.index),
    ("GET", "/_emulator/clock", control.read_clock),
    ("POST", "/_emulator/clock", control.advance_clock),
    ("POST", "/_emulator/reset", control.reset),
    ("GET", "/_emulator/journal", inspection.list_requests),
    ("DELETE", "/_emulator/journal", inspection.clear_requests),
    ("POST", "/_emulator/faults", inspection.add_fault),
    ("DELETE", "/_emulator/faults", inspection.clear_faults),
    ("GET", "/_emulator/messages", inspection.read_messages),
    ("DELETE", "/_emulator/messages", inspection.clear_messages),
    ("GET", "/_emulator/storage/{project_id}", storage.show),
    ("POST", "/_emulator/storage/{project_id}", storage.set_broken),
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
    ("POST", "/_emulator/session/{session_id}/client", control.join),
    ("POST", "/_emulator/session/{session_id}/notification", failures.notify),
    ("POST", "/_emulator/session/{session_id}/failure", failures.disrupt),
    ("POST", _CONTROL, control.connect),
    ("DELETE", f"{_CONTROL}/{{connection_id}}", control.disconnect),
    ("POST", f"{_CONTROL}/{{connection_id}}/stream", control.publish),
    ("DELETE", f"{_CONTROL}/{{connection_id}}/stream", control.unpublish_all),
    ("DELETE", f"{_CONTROL}/{{connection_id}}/stream/{{stream_id}}", control.unpublish),
)

#: What stands before a path of the service where a project_id is named instead of proved.
ON_BEHALF = "/_emulator/as/{project_id}"
#: What creates something if it succeeds.
CREATING = frozenset(
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
#: The endpoints that were seen to answer JSON errors to clients that ask for nothing.
ALWAYS_JSON = (archives.set_layout, broadcasts.set_layout, moderation.disconnect)
