"""Sessions: creation and session IDs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import time
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import NO_CLIENTS, json_response
from tokbox.emulator.model import base64url
from tokbox.emulator.model.records import Session
from tokbox.emulator.options.composition import RESOLUTIONS
from tokbox.emulator.store.accounts import is_application
from tokbox.emulator.store.ids import Ids

__all__ = [
    "active_session",
    "check_routed",
    "create",
    "is_session_id",
    "new_session_id",
    "pacific_date",
]

#: The documented parameters.
_PARAMETERS = frozenset(
    (
        "p2p.preference",
        "archiveMode",
        "archiveName",
        "archiveResolution",
        "location",
        "e2ee",
    )
)

#: Some SDKs of the newer host send ``always`` for a relayed session.
_RELAYED = {"enabled": True, "always": True, "disabled": False}
#: A prefix and URL-safe base64. Samples in the documentation cannot be decoded, so only the
#: form is checked.
_SESSION_ID = re.compile(r"[0-9]_[A-Za-z0-9_-]+={0,2}")
_MAX_SESSION_ID = 255

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


# Creation.


def create(context: RequestContext) -> Response:
    """``POST /session/create``: register a session."""
    session = _read_options(context)
    context.emulator.store.save_session(session)
    date = pacific_date(session.created_ms)
    if not context.wants_json:
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><sessions><Session>'
            f"<session_id>{escape(session.session_id)}</session_id>"
            f"<partner_id>{session.project_id}</partner_id>"
            f"<create_dt>{date}</create_dt></Session></sessions>"
        )
        return Response(body.encode(), headers={"Content-Type": "text/xml"})
    return json_response(
        [
            {
                "session_id": session.session_id,
                "project_id": session.project_id,
                "partner_id": session.project_id,
                "create_dt": date,
                "session_status": None,
                "status_invalid": None,
                "media_server_hostname": None,
                "messaging_server_url": None,
                "messaging_url": None,
                "symphony_address": None,
                "properties": None,
                "ice_server": None,
                "session_segment_id": context.emulator.ids.uuid(),
                "ice_servers": None,
                "ice_credential_expiration": 86100,
            }
        ]
    )


def _read_options(context: RequestContext) -> Session:
    """Read the form of the body, regardless of its content type; it may be empty.

    Unknown fields are ignored and empty ones count as absent, because SDKs send both.
    """
    try:
        pairs = parse_qsl(
            context.body.decode("utf-8"), errors="strict", max_num_fields=1000
        )
    except ValueError:
        raise HTTPError(400, "Invalid form: it is not urlencoded UTF-8") from None
    form = dict(pairs)
    strict = context.emulator.rules.refuse_unknown_fields
    if strict and (unknown := form.keys() - _PARAMETERS):
        raise HTTPError(400, f"There is no parameter {min(unknown)!r}")

    preference = form.get("p2p.preference", "disabled")
    if preference not in _RELAYED:
        raise HTTPError(400, "Invalid p2p.preference: it must be enabled or disabled")
    relayed = _RELAYED[preference]
    mode = form.get("archiveMode", "manual")
    if mode not in ("manual", "always"):
        raise HTTPError(400, "Invalid archiveMode: it must be manual or always")
    name, resolution = form.get("archiveName"), form.get("archiveResolution")
    if mode == "manual" and (name is not None or resolution is not None):
        raise HTTPError(400, "archiveName and archiveResolution need archiveMode=always")
    if name is not None and len(name) > 80:
        raise HTTPError(400, "Invalid archiveName: it may have 80 characters")
    if resolution is not None and resolution not in RESOLUTIONS:
        raise HTTPError(400, "Invalid archiveResolution")
    location = form.get("location", "")
    if location == "null":
        # One SDK sends this for a missing value.
        location = ""
    if location:
        try:
            ipaddress.IPv4Address(location)
        except ValueError:
            raise HTTPError(400, "Invalid location: it must be an IPv4 address") from None
    e2ee = form.get("e2ee", "false").lower()
    if e2ee not in ("true", "false"):
        raise HTTPError(400, "Invalid e2ee: it must be true or false")
    if e2ee == "true" and (relayed or mode == "always"):
        raise HTTPError(400, "e2ee needs a routed session that is not always archived")
    # Relayed and always archived contradict each other too, but published clients send both
    # and get a session, which never archives anything.
    return Session(
        session_id=new_session_id(
            context.emulator.ids,
            context.project_id,
            location,
            context.now_ms,
            relayed=relayed,
        ),
        project_id=context.project_id,
        created_ms=context.now_ms,
        location=location,
        relayed=relayed,
        always_archived=mode == "always",
        archive_name=name,
        archive_resolution=resolution,
        e2ee=e2ee == "true",
        base_url=context.base_url,
    )


def new_session_id(
    ids: Ids, project_id: str, location: str, created_ms: int, *, relayed: bool
) -> str:
    """Create a session ID: a two-character prefix and the base64 of its fields.

    The alphabet is the URL-safe one without padding, so an ID may end in ``-``.
    """
    # Session IDs of applications were observed to have one more field.
    tail = "~P~~" if relayed else "~~~" if is_application(project_id) else "~~"
    fields = f"1~{project_id}~{location}~{created_ms}~{ids.base64(18)}{tail}"
    return ids.choice(("1_", "2_")) + base64url.encode(fields.encode())


def is_session_id(text: str) -> bool:
    """Return whether *text* has the form of a session ID of any service or version."""
    return len(text) <= _MAX_SESSION_ID and _SESSION_ID.fullmatch(text) is not None


def pacific_date(time_ms: int) -> str:
    """Format a time as the service does, ``Tue Nov 14 14:13:20 PST 2023``.

    The result does not depend on a locale or a time zone database: the rule since 2007 (2nd
    Sunday of March to 1st Sunday of November, 02:00) is implemented here.
    """
    seconds = time_ms // 1000
    standard = time.gmtime(seconds - 8 * 3600)
    # Daylight saving time ends at 01:00 standard time, when clocks show 02:00.
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


# Lookup.


def active_session(context: RequestContext, session_id: object) -> Session:
    """Return a session of the caller that a client has connected to, or refuse.

    A session that was only created counts as unknown (404): the service does not find it
    until the first client connects.
    """
    if not (isinstance(session_id, str) and is_session_id(session_id)):
        raise HTTPError(400, "Invalid session id format", code=10101)
    session = context.emulator.store.session(session_id)
    if (
        session is None
        or session.project_id != context.project_id
        or session.activated_ms is None
    ):
        raise HTTPError(404, NO_CLIENTS)
    return session


def check_routed(session: Session, doing: str, *, code: int | None = None) -> None:
    """Refuse a relayed session with 409: *doing* needs the media router."""
    if session.relayed:
        raise HTTPError(409, f"Only routed sessions are allowed to {doing}.", code=code)
