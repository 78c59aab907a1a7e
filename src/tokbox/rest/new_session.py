"""Create sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tokbox.enums import ArchiveMode, MediaMode
from tokbox.errors import (
    ArchivingNeedsMediaRouterWarning,
    InvalidClaimsError,
    InvalidInputError,
    ProtocolError,
    invalid_choice,
    warn_caller,
)
from tokbox.exact import exact_text
from tokbox.literals import ArchiveModeName, MediaModeName, Resolution
from tokbox.rest.sessions import PROPERTIES, Session
from tokbox.rest.validation import RESOLUTIONS, boolean, choice, ipv4, string

if TYPE_CHECKING:
    from tokbox.rest.client_resources import ClientResources

__all__ = ["create", "parameters", "warn_if_unarchivable"]

_PATH = "/session/create"

#: Contains one item until the warning was issued: list.pop() is atomic.
_pending_warning = [True]


def create(
    resources: ClientResources, form: Mapping[str, str], timeout: float | None
) -> Session:
    """Create a session; *form* is the result of :func:`parameters`."""
    source, request_id = resources._requester.request_json(
        "POST", _PATH, form=form, timeout=timeout
    )
    # The response is an array of exactly one object, but [] has been observed.
    first = source[0] if isinstance(source, list) and source else None
    if not isinstance(first, dict):
        first = {}
    session_id = first.get("session_id")
    if not isinstance(session_id, str) or not session_id:
        raise ProtocolError(
            "the response has no session",
            method="POST",
            path=_PATH,
            origin=resources._requester.origin,
            request_id=request_id,
        )
    try:
        return Session(
            session_id,
            _properties={name: _words(first, name) for name in PROPERTIES},
            _backend=resources._signer._backend,
            _resources=resources,
        )
    except InvalidClaimsError as error:
        raise ProtocolError(
            f"the response has a session that cannot be used: {error}",
            method="POST",
            path=_PATH,
            origin=resources._requester.origin,
            request_id=request_id,
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
    """Return the form of a request for a session.

    Raises ``InvalidInputError`` for options that the service would reject. A relayed
    session with ``ArchiveMode.ALWAYS`` is only warned about.
    """
    media = _media_mode(media_mode)
    archiving = choice("archive_mode", archive_mode, [mode.value for mode in ArchiveMode])
    always = archiving == ArchiveMode.ALWAYS
    form = {"p2p.preference": media, "archiveMode": archiving}
    if location is not None and exact_text(location) != "":
        form["location"] = ipv4("location", location)
    if boolean("e2ee", e2ee):
        if media != MediaMode.MEDIA_ROUTER:
            raise InvalidInputError("e2ee", e2ee, "be False in a relayed session")
        if always:
            raise InvalidInputError(
                "e2ee", e2ee, "be False in a session that is always archived"
            )
        form["e2ee"] = "true"
    only_always = 'be given only if archive_mode is "always"'
    if archive_name is not None:
        if not always:
            raise InvalidInputError("archive_name", archive_name, only_always)
        form["archiveName"] = string(
            "archive_name", archive_name, min_length=1, max_length=80
        )
    if archive_resolution is not None:
        if not always:
            raise InvalidInputError("archive_resolution", archive_resolution, only_always)
        form["archiveResolution"] = choice(
            "archive_resolution", archive_resolution, RESOLUTIONS
        )
    return form


def _media_mode(mode: object) -> str:
    try:
        return MediaMode(exact_text(mode) or "").value
    except ValueError:
        pass
    raise invalid_choice("media_mode", mode, ("routed", "relayed"))


def warn_if_unarchivable(form: Mapping[str, str]) -> None:
    """Warn of a relayed session with automatic archives, once per process."""
    asked = (form["p2p.preference"], form["archiveMode"])
    if asked != (MediaMode.P2P.value, ArchiveMode.ALWAYS.value):
        return
    try:
        _pending_warning.pop()
    except IndexError:
        return
    warn_caller(
        "archives need the media router: a relayed session (MediaMode.P2P) "
        "with ArchiveMode.ALWAYS will not be archived",
        ArchivingNeedsMediaRouterWarning,
    )


def _words(source: Mapping[str, Any], name: str) -> str | None:
    value = source.get(name)
    return value if isinstance(value, str) or value is None else str(value)
