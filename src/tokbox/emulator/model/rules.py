"""Switches for strictness, and for behaviour in which the service itself varies.

By default the emulator accepts everything that published clients were observed to send, and
responds as the service usually does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_int, exact_text
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.secrecy import safe_repr

__all__ = ["Rules", "make_rules"]


@set_module("tokbox.emulator")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(PickledByName):
    """Strictness and behaviour switches, for ``serve(strict=Rules(...))``.

    ``strict=True`` means :meth:`strict`: every ``refuse_`` switch is on.
    """

    #: Refuse REST credentials whose lifetime exceeds the documented maximum: five minutes
    #: for a project, a day for an application. Published clients use lifetimes of days.
    refuse_long_credentials: bool = False
    #: Refuse undocumented fields of a body, such as the ``action`` of old clients, and
    #: fields in other spellings, such as ``screenshare_type``.
    refuse_unknown_fields: bool = False
    #: Refuse ``X-TB-PARTNER-AUTH``, the key and the plain secret, whose end was announced
    #: for 2017. One published client sends only this header.
    refuse_partner_auth: bool = False
    #: Refuse methods that only faulty clients use, such as ``POST`` for a layout, and
    #: ``P/call``, the wrong name that one client uses for ``P/dial``.
    refuse_odd_methods: bool = False
    #: Refuse a stream without ``layoutClassList`` in a change of layout classes, as is
    #: documented. Vonage's SDK for Java sends such streams; by default this clears their
    #: classes.
    refuse_missing_classes: bool = False
    #: Refuse the transcription of a composed archive: the documentation has transcriptions
    #: of individual streams only. Official SDKs send it in their own tests.
    refuse_composed_transcriptions: bool = False

    #: Stop an archive if no stream is published in its first minute. The documentation
    #: states this, and in the same place allows pauses of an hour.
    first_publish: bool = False
    #: The status of an archive start in a session that all clients have left.
    empty_session: Literal[400, 404] = 404
    #: The status of stopping a stopped broadcast; the Python SDK expects 409.
    stopped_broadcast: Literal[404, 409] = 404
    #: The status of starting captions; older documentation has 200.
    captions_start: Literal[200, 202] = 202
    #: The status of stopping a render; ``None`` is 200 for a project, 204 for an
    #: application.
    render_stop: Literal[200, 204] | None = None
    #: The response to muting: details of the project, nothing, or ``{"code":200, ...}``.
    mute_reply: Literal["project", "empty", "message"] = "project"
    #: The response to a layout change: the archive, broadcast or streams, or nothing.
    layout_reply: Literal["object", "empty"] = "object"
    #: The response to DTMF: nothing, or ``{"code":200,"message":"OK"}``.
    dtmf_reply: Literal["empty", "message"] = "empty"
    #: The type of ``projectId`` in archives and broadcasts.
    project_id: Literal["number", "string"] = "number"
    #: The ``name`` of an archive or render without one: ``null``, ``""``, or no such field.
    unset_name: Literal["null", "empty", "absent"] = "null"
    #: Report to webhooks that an archive is uploaded before reporting that it has stopped.
    upload_first: bool = False
    #: Keep the URLs in the response for a stopped broadcast.
    keep_broadcast_urls: bool = False
    #: The format of RTMP targets of a broadcast: an array, or an object by their IDs.
    rtmp: Literal["array", "object"] = "array"
    #: The meaning of ``count`` in a list of renders: the total, or the length of the page.
    render_count: Literal["total", "page"] = "total"
    #: The default maximum duration of a broadcast, in seconds.
    broadcast_duration: Literal[7200, 14400] = 14400
    #: The format of errors and new sessions for applications that do not ask for JSON.
    #: XML has been observed for projects only.
    application_format: Literal["json", "xml"] = "json"
    #: The name of the application's ID in its list of connections: Vonage's SDK for Java
    #: and the fixtures of OpenTok's SDK for PHP have ``projectId``, Vonage's SDK for .NET
    #: has ``applicationId``.
    connection_owner: Literal["projectId", "applicationId"] = "projectId"
    #: The status of a transcription that has been made: ``available``, or ``uploaded`` with
    #: a storage target, as in Vonage's SDKs for Java and .NET; or ``completed``, as in the
    #: fixtures of Vonage's SDK for Python.
    transcription_status: Literal["available", "completed"] = "available"
    #: How long a failed webhook is retried: for a day, as the service does now, or four
    #: times, as the service's support describes unsigned callbacks of OpenTok.
    webhook_retries: Literal["day", "four"] = "day"
    #: When a retry of a signed webhook was signed: at the first attempt, or at each one.
    #: The documentation has neither; receivers that accept the former accept both.
    webhook_signature: Literal["first", "each"] = "first"
    #: The response to setting a storage target: the target without its keys, or nothing.
    #: One client cannot read the latter.
    storage_reply: Literal["target", "empty"] = "target"

    @classmethod
    def strict(cls) -> Rules:
        """Return the rules that refuse everything undocumented."""
        return cls(
            refuse_long_credentials=True,
            refuse_partner_auth=True,
            refuse_unknown_fields=True,
            refuse_odd_methods=True,
            refuse_missing_classes=True,
            refuse_composed_transcriptions=True,
        )


_CHOICES: dict[str, tuple[object, ...]] = {
    "empty_session": (404, 400),
    "stopped_broadcast": (404, 409),
    "captions_start": (202, 200),
    "render_stop": (None, 200, 204),
    "mute_reply": ("project", "empty", "message"),
    "layout_reply": ("object", "empty"),
    "dtmf_reply": ("empty", "message"),
    "project_id": ("number", "string"),
    "unset_name": ("null", "empty", "absent"),
    "rtmp": ("array", "object"),
    "render_count": ("total", "page"),
    "broadcast_duration": (14400, 7200),
    "application_format": ("json", "xml"),
    "connection_owner": ("projectId", "applicationId"),
    "transcription_status": ("available", "completed"),
    "webhook_retries": ("day", "four"),
    "webhook_signature": ("first", "each"),
    "storage_reply": ("target", "empty"),
}


def make_rules(strict: bool | Rules, changes: Mapping[str, str] | None = None) -> Rules:
    """Return the rules for *strict*, with *changes* from a command line applied.

    Raises :class:`InvalidInputError` with the rule and its values.
    """
    rules = strict if isinstance(strict, Rules) else Rules.strict() if strict else Rules()
    known = {field.name for field in fields(Rules)}
    values: dict[str, Any] = {}
    for name, text in (changes or {}).items():
        if name not in known:
            raise InvalidInputError("rule", name, f"be one of {', '.join(sorted(known))}")
        written = {str(choice).lower(): choice for choice in _choices(name)}
        if text.lower() not in written:
            raise InvalidInputError(name, text, f"be {' or '.join(written)}")
        values[name] = written[text.lower()]
    rules = replace(rules, **values)
    return replace(rules, **{name: _choice(name, getattr(rules, name)) for name in known})


def _choice(name: str, value: object) -> Any:
    """Return the choice that equals *value* and has its type, or raise."""
    choices = _choices(name)
    plain = next((v for v in (exact_text(value), exact_int(value)) if v is not None), value)
    for choice in choices:
        if type(choice) is type(plain) and choice == plain:
            return choice
    allowed = " or ".join(map(repr, choices))
    raise InvalidInputError(name, value, f"be {allowed}")


def _choices(name: str) -> tuple[object, ...]:
    return _CHOICES.get(name, (False, True))
