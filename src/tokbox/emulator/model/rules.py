"""How strict the emulator is, and what it does where the service itself varies.

This is the one place for both. Out of the box the emulator puts up with everything that
published clients were seen to send, and answers as the service mostly does.
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
    """Switches; give them to ``serve(strict=Rules(...))``.

    ``strict=True`` is :meth:`strict`: every ``refuse_`` switch is on.
    """

    #: Refuse REST credentials that live longer than documented: five minutes for a
    #: project, a day for an application. Published clients ask for days.
    refuse_long_credentials: bool = False
    #: Refuse members of a body that no documentation names, such as the ``action`` of
    #: old clients, and names in other spellings, such as ``screenshare_type``.
    refuse_unknown_fields: bool = False
    #: Refuse ``X-TB-PARTNER-AUTH``, the key and the secret as they are, which was to end
    #: in 2017. One published client sends nothing else.
    refuse_partner_auth: bool = False
    #: Refuse methods that only a faulty client uses, such as ``POST`` for a layout, and
    #: ``P/call``, the wrong name that one has for ``P/dial``.
    refuse_odd_methods: bool = False

    #: Stop an archive that nobody publishes into for a minute. The documentation says
    #: so, and allows pauses of an hour in the same place.
    first_publish: bool = False
    #: Archive start in a session that everybody has left.
    empty_session: Literal[400, 404] = 404
    #: Stop of a broadcast that has stopped: 409 is what the Python SDK waits for.
    stopped_broadcast: Literal[404, 409] = 404
    #: Start of captions; 200 in older documentation.
    captions_start: Literal[200, 202] = 202
    #: Stop of a render; without a value 200 for a project and 204 for an application.
    render_stop: Literal[200, 204] | None = None
    #: The reply to muting: details of the project, nothing, or ``{"code":200, ...}``.
    mute_reply: Literal["project", "empty", "message"] = "project"
    #: The reply to a change of a layout: the archive, broadcast or streams, or nothing.
    layout_reply: Literal["object", "empty"] = "object"
    #: The reply to tones: nothing, or ``{"code":200,"message":"OK"}``.
    dtmf_reply: Literal["empty", "message"] = "empty"
    #: What ``projectId`` of archives and broadcasts is.
    project_id: Literal["number", "string"] = "number"
    #: What an archive or a render without a name shows: ``null``, ``""``, or no member
    #: at all.
    unset_name: Literal["null", "empty", "absent"] = "null"
    #: Tell webhooks that an archive is uploaded before telling that it has stopped.
    upload_first: bool = False
    #: Whether a stopped broadcast still shows its addresses.
    keep_broadcast_urls: bool = False
    #: How a broadcast shows its RTMP targets: in an array, or in an object by their ids.
    rtmp: Literal["array", "object"] = "array"
    #: What ``count`` is in a list of renders: their number, or the page's length.
    render_count: Literal["total", "page"] = "total"
    #: How long a broadcast lasts that does not say, in seconds.
    broadcast_duration: Literal[7200, 14400] = 14400

    @classmethod
    def strict(cls) -> Rules:
        """Return the rules by which nothing undocumented is put up with."""
        return cls(
            refuse_long_credentials=True,
            refuse_partner_auth=True,
            refuse_unknown_fields=True,
            refuse_odd_methods=True,
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
}


def make_rules(strict: bool | Rules, changes: Mapping[str, str] | None = None) -> Rules:
    """Return the rules that *strict* asks for, with *changes* as a command line has them.

    Raises :class:`InvalidInputError` naming the rule and its values.
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
    """Return the choice that *value* is equal to and of the same type as."""
    choices = _choices(name)
    plain = next((v for v in (exact_text(value), exact_int(value)) if v is not None), value)
    for choice in choices:
        if type(choice) is type(plain) and choice == plain:
            return choice
    allowed = " or ".join(map(repr, choices))
    raise InvalidInputError(name, value, f"be {allowed}")


def _choices(name: str) -> tuple[object, ...]:
    return _CHOICES.get(name, (False, True))
