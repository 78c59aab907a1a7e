"""Which request goes where: tables, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from tokbox.emulator import (
    archives,
    audio_connectors,
    broadcasts,
    captions,
    control,
    desk,
    instruments,
    page,
    renders,
    sessions,
    sip,
)
from tokbox.emulator.calls import Call

__all__ = [
    "ALWAYS_JSON",
    "ANY",
    "AS_TENANT",
    "CREATING",
    "NOT_EMULATED",
    "ODD",
    "OURS",
    "SERVICE",
    "Handler",
]

Handler = Callable[[Call], Response]

_P = "/v2/project/{project}"
_SESSION = _P + "/session/{session_id}"
_CONTROL = "/_emulator/session/{session_id}/connection"

#: The service's routes. What it calls ``P`` is ``/v2/project/{apiKey}``.
SERVICE: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/session/create", sessions.create),
    ("POST", "/hl/session/create", sessions.create),
    ("POST", f"{_P}/archive", archives.start),
    ("GET", f"{_P}/archive", archives.list_page),
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
    ("GET", f"{_SESSION}/stream", sessions.list_streams),
    ("PUT", f"{_SESSION}/stream", sessions.set_layout_classes),
    ("GET", f"{_SESSION}/stream/{{stream_id}}", sessions.get_stream),
    ("GET", f"{_SESSION}/connection", sessions.list_connections),
    ("DELETE", f"{_SESSION}/connection/{{connection_id}}", sessions.force_disconnect),
)

#: Ways that only faulty clients take to what stands above.
ODD: tuple[tuple[str, str, Handler], ...] = (
    ("POST", f"{_P}/broadcast/{{broadcast_id}}/layout", broadcasts.set_layout),
    ("PUT", f"{_P}/broadcast/{{broadcast_id}}/streams", broadcasts.change_streams),
    ("POST", f"{_P}/render/{{render_id}}", renders.get),
    ("DELETE", f"{_P}/captions/{{captions_id}}/stop", captions.stop),
    ("POST", f"{_P}/call", sip.dial),
)

#: What the service has and the emulator does not. Saying so beats a 404, which would
#: be read as something about the session.
NOT_EMULATED = (
    # Before the archives, or "storage" would be taken for the id of one.
    f"{_P}/archive/storage",
    f"{_P}/callback",
    f"{_P}/callback/{{rest:path}}",
    f"{_SESSION}/signal",
    f"{_SESSION}/mute",
    f"{_SESSION}/play-dtmf",
    f"{_SESSION}/connection/{{connection_id}}/signal",
    f"{_SESSION}/connection/{{connection_id}}/play-dtmf",
    f"{_SESSION}/stream/{{stream_id}}/mute",
)

#: Ours alone.
OURS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", page.front),
    ("GET", "/_emulator/page/{name}", page.file),
    ("GET", "/_emulator/state", page.state),
    ("POST", "/_emulator/inspect", desk.inspect),
    ("GET", "/_emulator", control.index),
    ("GET", "/_emulator/clock", control.read_clock),
    ("POST", "/_emulator/clock", control.advance_clock),
    ("POST", "/_emulator/reset", control.reset),
    ("GET", "/_emulator/journal", instruments.read_journal),
    ("DELETE", "/_emulator/journal", instruments.clear_journal),
    ("POST", "/_emulator/faults", instruments.arm_fault),
    ("DELETE", "/_emulator/faults", instruments.disarm_faults),
    ("GET", "/_emulator/webhooks", instruments.read_webhooks),
    ("POST", "/_emulator/webhooks", instruments.configure_webhooks),
    ("DELETE", "/_emulator/webhooks", instruments.clear_webhooks),
    ("GET", "/_emulator/archive/{tenant}/{archive_id}/{file_name}", archives.download),
    (
        "GET",
        "/_emulator/broadcast/{tenant}/{broadcast_id}/playlist.m3u8",
        broadcasts.playlist,
    ),
    ("POST", "/_emulator/session/{session_id}/client", control.join),
    ("POST", _CONTROL, control.connect),
    ("DELETE", f"{_CONTROL}/{{connection_id}}", control.disconnect),
    ("POST", f"{_CONTROL}/{{connection_id}}/stream", control.publish),
    ("DELETE", f"{_CONTROL}/{{connection_id}}/stream", control.unpublish_all),
    ("DELETE", f"{_CONTROL}/{{connection_id}}/stream/{{stream_id}}", control.unpublish),
)

#: What stands before a path of the service where a tenant is named instead of proved.
AS_TENANT = "/_emulator/as/{tenant}"
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
    }
)
#: The endpoints that were seen to answer JSON errors to clients that ask for nothing.
ALWAYS_JSON = (archives.set_layout, broadcasts.set_layout, sessions.force_disconnect)
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
