"""Create sessions, and do what is done with one: sign its tokens, start its archives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from tokbox.enums import (
    ArchiveMode,
    ArchiveModeName,
    MediaMode,
    MediaModeName,
    Resolution,
)
from tokbox.errors import (
    ArchivingNeedsMediaRouterWarning,
    InvalidClaimsError,
    InvalidInputError,
    ProtocolError,
    invalid_choice,
)
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.rest.arguments import RESOLUTIONS, flag, ipv4, one_of, text
from tokbox.rest.notices import warn
from tokbox.rest.session_calls import SessionCalls
from tokbox.secrecy import safe_repr
from tokbox.tokens.claims import check_session_id
from tokbox.tokens.session import SessionSigner

if TYPE_CHECKING:
    from tokbox.rest.resources import Resources
    from tokbox.tokens.signer import Signer

__all__ = ["Session", "create", "parameters", "restore", "warn_if_unarchivable"]

_PATH = "/session/create"

#: Holds one item until the warning was given: pop() is atomic where a flag is not.
_unwarned = [True]


class _InClient(SessionSigner):
    """Slots that are not fields; see ``tokens.session``."""

    __slots__ = ("_properties", "_resources")

    _resources: Resources
    #: What `Session.to_dict` returns beside the id.
    _properties: dict[str, str | None]


#: The service's properties of a session that `Session.to_dict` has beside the id.
_PROPERTIES = (
    "project_id",
    "partner_id",
    "create_dt",
    "session_status",
    "media_server_url",
)


@set_module("tokbox")
@safe_repr
@dataclass(frozen=True, slots=True)
class Session(SessionCalls, _InClient):
    """A room that clients can join with a token; signs its tokens (see SessionSigner).

    It never expires and cannot be deleted: keep the ``session_id``, and make a session
    of it again with ``tb.session()``. Sessions with the same id are equal, and have the
    same hash. The service's other properties are in ``to_dict()``.
    """

    _of: InitVar[Any] = field(default=_InClient._resources, kw_only=True)
    _known: InitVar[Any] = field(default=_InClient._properties, kw_only=True)

    def __post_init__(
        self, _by: Signer, _of: Resources, _known: dict[str, str | None]
    ) -> None:
        # In a class with slots the short form of super() does not work before 3.14.
        SessionSigner.__post_init__(self, _by)
        object.__setattr__(self, "_resources", _of)
        object.__setattr__(self, "_properties", _known)

    def __str__(self) -> str:
        return self.session_id

    def to_dict(self) -> dict[str, str | None]:
        """Return the properties of the session by the service's names, ready for JSON.

        They are ``session_id``, ``project_id``, ``partner_id`` (the same),
        ``create_dt`` (a text such as ``Tue Nov 14 14:13:20 PST 2023``),
        ``session_status`` and ``media_server_url``. A property that the service did not
        send is None; a session that was made from its id has the first three.
        """
        return {"session_id": self.session_id, **self._properties}

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Session holds its client's key and cannot be pickled; "
            "pass session.session_id, and make a session of it with tb.session()"
        )

    def __deepcopy__(self, memo: object) -> Session:
        return self


def restore(resources: Resources, session_id: object) -> Session:
    """Return the session with a stored id, without a request.

    Raises ``InvalidClaimsError`` if it is no session id or belongs to another project.
    """
    tenant = resources._requester.tenant
    return Session(
        check_session_id(session_id, tenant).text,
        _known=dict.fromkeys(_PROPERTIES) | {"project_id": tenant, "partner_id": tenant},
        _by=resources._signer,
        _of=resources,
    )


def create(resources: Resources, form: Mapping[str, str], timeout: float | None) -> Session:
    """Register a session; *form* is what :func:`parameters` returned."""
    source, request_id = resources._requester.request_json(
        "POST", _PATH, form=form, timeout=timeout
    )
    # An array of exactly one object, though [] has been seen.
    first = source[0] if isinstance(source, list) and source else None
    if not isinstance(first, dict):
        first = {}
    session_id = first.get("session_id")
    if not isinstance(session_id, str) or not session_id:
        problem = "the answer holds no session"
        raise ProtocolError(problem, method="POST", path=_PATH, request_id=request_id)
    try:
        return Session(
            session_id,
            _known={name: _words(first, name) for name in _PROPERTIES},
            _by=resources._signer,
            _of=resources,
        )
    except InvalidClaimsError as error:
        problem = f"the answer holds a session that cannot be used: {error}"
        raise ProtocolError(
            problem, method="POST", path=_PATH, request_id=request_id
        ) from None


def parameters(
    location: str | None,
    media_mode: MediaMode | MediaModeName,
    archive_mode: ArchiveMode | ArchiveModeName,
    *,
    e2ee: bool,
    archive_name: str | None,
    archive_resolution: Resolution | None,
) -> dict[str, str]:
    """Return the form that asks for a session.

    Raises ``InvalidInputError`` for what the service would refuse. Relayed and always
    archived is sent as asked, with a warning.
    """
    media = _media_mode(media_mode)
    archiving = one_of("archive_mode", archive_mode, [mode.value for mode in ArchiveMode])
    always = archiving == ArchiveMode.ALWAYS
    form = {"p2p.preference": media, "archiveMode": archiving}
    if location is not None and exact_text(location) != "":
        form["location"] = ipv4("location", location)
    if flag("e2ee", e2ee):
        if media != MediaMode.MEDIA_ROUTER:
            raise InvalidInputError("e2ee", e2ee, "be False in a relayed session")
        if always:
            raise InvalidInputError(
                "e2ee", e2ee, "be False in a session that is always archived"
            )
        form["e2ee"] = "true"
    only_always = "be left out unless archive_mode is always"
    if archive_name is not None:
        if not always:
            raise InvalidInputError("archive_name", archive_name, only_always)
        form["archiveName"] = text("archive_name", archive_name, shortest=1, longest=80)
    if archive_resolution is not None:
        if not always:
            raise InvalidInputError("archive_resolution", archive_resolution, only_always)
        form["archiveResolution"] = one_of(
            "archive_resolution", archive_resolution, RESOLUTIONS
        )
    return form


def _media_mode(mode: object) -> str:
    try:
        return MediaMode(exact_text(mode)).value
    except ValueError:
        pass
    raise invalid_choice("media_mode", mode, ("routed", "relayed"))


def warn_if_unarchivable(form: Mapping[str, str]) -> None:
    """Warn, once in the life of a process, of a relayed session with archives."""
    asked = (form["p2p.preference"], form["archiveMode"])
    if asked != (MediaMode.P2P.value, ArchiveMode.ALWAYS.value):
        return
    try:
        _unwarned.pop()
    except IndexError:
        return
    warn(
        "archives need the media router: a relayed session (MediaMode.P2P) "
        "with ArchiveMode.ALWAYS will not be archived",
        ArchivingNeedsMediaRouterWarning,
    )


def _words(source: Mapping[str, Any], name: str) -> str | None:
    value = source.get(name)
    return value if isinstance(value, str) or value is None else str(value)
