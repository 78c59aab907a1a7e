"""Sessions: their creation, and who and what is in them."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import time
import uuid
from dataclasses import replace
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.responses import Response

from tokbox.emulator.calls import Call
from tokbox.emulator.clients import disconnect
from tokbox.emulator.compositions import RESOLUTIONS
from tokbox.emulator.ids import Ids
from tokbox.emulator.records import Session, Stream
from tokbox.emulator.replies import NO_CLIENTS, Refusal, json_reply, wants_json
from tokbox.emulator.tenants import is_application

__all__ = [
    "active_session",
    "check_routed",
    "create",
    "force_disconnect",
    "get_stream",
    "is_session_id",
    "list_connections",
    "list_streams",
    "set_layout_classes",
]

#: ``always`` is what some SDKs of the newer host send for a relayed session.
_RELAYED = {"enabled": True, "always": True, "disabled": False}
_MAX_SESSION_ID = 255

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


# Creation.


def create(call: Call) -> Response:
    """``POST /session/create``: register a session."""
    session = _read_options(call)
    call.emulator.store.save_session(session)
    date = pacific_date(session.created_ms)
    if not wants_json(call.request.headers.get("accept", "")):
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><sessions><Session>'
            f"<session_id>{escape(session.session_id)}</session_id>"
            f"<partner_id>{session.tenant}</partner_id>"
            f"<create_dt>{date}</create_dt></Session></sessions>"
        )
        return Response(body.encode(), headers={"Content-Type": "text/xml"})
    return json_reply(
        [
            {
                "session_id": session.session_id,
                "project_id": session.tenant,
                "partner_id": session.tenant,
                "create_dt": date,
                "session_status": None,
                "status_invalid": None,
                "media_server_hostname": None,
                "messaging_server_url": None,
                "messaging_url": None,
                "symphony_address": None,
                "properties": None,
                "ice_server": None,
                "session_segment_id": call.emulator.ids.uuid(),
                "ice_servers": None,
                "ice_credential_expiration": 86100,
            }
        ]
    )


def _read_options(call: Call) -> Session:
    """Read the form, which may come with any content type or none, or not at all.

    Unknown fields are ignored and empty ones count as absent, because SDKs send both.
    """
    try:
        pairs = parse_qsl(call.body.decode("utf-8"), errors="strict", max_num_fields=1000)
    except ValueError:
        raise Refusal(400, "Invalid form: it is not urlencoded UTF-8") from None
    form = dict(pairs)

    preference = form.get("p2p.preference", "disabled")
    if preference not in _RELAYED:
        raise Refusal(400, "Invalid p2p.preference: it must be enabled or disabled")
    relayed = _RELAYED[preference]
    mode = form.get("archiveMode", "manual")
    if mode not in ("manual", "always"):
        raise Refusal(400, "Invalid archiveMode: it must be manual or always")
    name, resolution = form.get("archiveName"), form.get("archiveResolution")
    if mode == "manual" and (name is not None or resolution is not None):
        raise Refusal(400, "archiveName and archiveResolution need archiveMode=always")
    if name is not None and len(name) > 80:
        raise Refusal(400, "Invalid archiveName: it may have 80 characters")
    if resolution is not None and resolution not in RESOLUTIONS:
        raise Refusal(400, "Invalid archiveResolution")
    location = form.get("location", "")
    if location:
        try:
            ipaddress.IPv4Address(location)
        except ValueError:
            raise Refusal(400, "Invalid location: it must be an IPv4 address") from None
    e2ee = form.get("e2ee", "false").lower()
    if e2ee not in ("true", "false"):
        raise Refusal(400, "Invalid e2ee: it must be true or false")
    if e2ee == "true" and (relayed or mode == "always"):
        raise Refusal(400, "e2ee needs a routed session that is not always archived")
    # Relayed and always archived contradict one another too, but published clients
    # ask for it and get a session; it just never archives anything.
    return Session(
        session_id=new_session_id(
            call.emulator.ids, call.tenant_id, location, call.now_ms, relayed=relayed
        ),
        tenant=call.tenant_id,
        created_ms=call.now_ms,
        location=location,
        relayed=relayed,
        always_archived=mode == "always",
        archive_name=name,
        archive_resolution=resolution,
        e2ee=e2ee == "true",
    )


def new_session_id(
    ids: Ids, tenant: str, location: str, created_ms: int, *, relayed: bool
) -> str:
    """Make a session id: a two-character prefix and the base64 of its fields.

    The alphabet is the URL-safe one without padding, so an id may end in ``-``.
    """
    # The ids of applications were seen to have one more field.
    tail = "~P~~" if relayed else "~~~" if is_application(tenant) else "~~"
    fields = f"1~{tenant}~{location}~{created_ms}~{ids.base64(18)}{tail}"
    encoded = base64.urlsafe_b64encode(fields.encode()).decode().rstrip("=")
    return ids.choice(("1_", "2_")) + encoded


def is_session_id(text: str) -> bool:
    """Tell whether *text* has the form of a session id, of whatever service or age."""
    if not (2 < len(text) <= _MAX_SESSION_ID and text.isascii()):
        return False
    encoded = text[2:]
    try:
        fields = base64.b64decode(
            encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True
        ).split(b"~")
    except binascii.Error:
        return False
    return len(fields) > 4 and fields[0] == b"1" and fields[1] != b""


def pacific_date(time_ms: int) -> str:
    """Write a time as the service does, ``Tue Nov 14 14:13:20 PST 2023``.

    Neither a locale nor a time zone database is needed: the zone is spelled out here
    with its rule since 2007 (2nd Sunday of March to 1st Sunday of November, 02:00).
    """
    seconds = time_ms // 1000
    standard = time.gmtime(seconds - 8 * 3600)
    # In standard time summer ends at 01:00, since the clocks then show 02:00.
    now = (standard.tm_mon, standard.tm_mday, standard.tm_hour)
    begin = (3, 8 + _days_to_sunday(standard.tm_year, 3, 8), 2)
    end = (11, 1 + _days_to_sunday(standard.tm_year, 11, 1), 1)
    summer = begin <= now < end
    at = time.gmtime(seconds - 7 * 3600) if summer else standard
    return (
        f"{_DAYS[at.tm_wday]} {_MONTHS[at.tm_mon - 1]} {at.tm_mday:02} "
        f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} {'PDT' if summer else 'PST'} "
        f"{at.tm_year}"
    )


def _days_to_sunday(year: int, month: int, day: int) -> int:
    return (6 - dt.date(year, month, day).weekday()) % 7


# What is in them.


def active_session(call: Call, session_id: object) -> Session:
    """Find a session of the caller that somebody has connected to, or refuse.

    A session that was only created is as unknown to the other calls as one that never
    was: the service learns of it when the first client connects.
    """
    if not (isinstance(session_id, str) and is_session_id(session_id)):
        raise Refusal(400, "Invalid session id format", code=10101)
    session = call.emulator.store.session(session_id)
    if session is None or session.tenant != call.tenant_id or session.activated_ms is None:
        raise Refusal(404, NO_CLIENTS)
    return session


def check_routed(session: Session, doing: str, *, code: int | None = None) -> None:
    """Refuse a relayed session with 409: only the media router can do this."""
    if session.relayed:
        raise Refusal(409, f"Only routed sessions are allowed to {doing}.", code=code)


def list_streams(call: Call) -> Response:
    """``GET P/session/{sessionId}/stream``"""
    session = active_session(call, call.param("session_id"))
    items = [_stream(stream) for stream in call.emulator.store.streams(session.session_id)]
    return json_reply({"count": len(items), "items": items})


def get_stream(call: Call) -> Response:
    """``GET P/session/{sessionId}/stream/{streamId}``"""
    session = active_session(call, call.param("session_id"))
    stream_id = call.param("stream_id")
    stream = call.emulator.store.stream(session.session_id, stream_id)
    if stream is None:
        try:
            uuid.UUID(stream_id)
        except ValueError:
            # The documented answer, odd as it is.
            raise Refusal(408, "Invalid stream id") from None
        raise Refusal(404, "Stream not found")
    return json_reply(_stream(stream))


def set_layout_classes(call: Call) -> Response:
    """``PUT P/session/{sessionId}/stream``: replace the layout classes of streams."""
    session = active_session(call, call.param("session_id"))
    items = call.json_object().get("items")
    if not isinstance(items, list):
        raise Refusal(400, "items must be an array")
    streams = []
    for item in items:
        stream_id = item.get("id") if isinstance(item, dict) else None
        if not isinstance(stream_id, str):
            raise Refusal(400, "Every item must be an object with a stream id")
        classes = item.get("layoutClassList")
        if not (isinstance(classes, list) and all(isinstance(c, str) for c in classes)):
            raise Refusal(400, "layoutClassList must be an array of strings")
        stream = call.emulator.store.stream(session.session_id, stream_id)
        if stream is None:
            raise Refusal(404, "Stream not found")
        streams.append(replace(stream, layout_classes=tuple(classes)))
    for stream in streams:
        call.emulator.store.save_stream(stream)
    return json_reply(
        {"count": len(streams), "items": [_stream(stream) for stream in streams]}
    )


def list_connections(call: Call) -> Response:
    """``GET P/session/{sessionId}/connection``"""
    session = active_session(call, call.param("session_id"))
    items = [
        {
            "connectionId": connection.connection_id,
            "connectionState": "Connected",
            "createdAt": connection.created_ms,
        }
        for connection in call.emulator.store.connections(session.session_id)
    ]
    return json_reply(
        {
            "count": len(items),
            "projectId": session.tenant,
            "sessionId": session.session_id,
            "items": items,
        }
    )


def force_disconnect(call: Call) -> Response:
    """``DELETE P/session/{sessionId}/connection/{connectionId}``"""
    session = active_session(call, call.param("session_id"))
    connection_id = call.param("connection_id")
    try:
        uuid.UUID(connection_id)
    except ValueError:
        raise Refusal(400, "Invalid connection id") from None
    disconnect(
        call.emulator, session, connection_id, call.now_ms, reason="forceDisconnected"
    )
    return Response(status_code=204)


def _stream(stream: Stream) -> dict[str, object]:
    return {
        "id": stream.stream_id,
        "videoType": stream.video_type,
        "name": stream.name,
        "layoutClassList": list(stream.layout_classes),
    }
