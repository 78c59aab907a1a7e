"""A session of a client: sign its tokens, call its resources."""

from __future__ import annotations

from tokbox.lazy import set_module
from tokbox.rest.session_calls import SessionCalls
from tokbox.tokens.session import SessionSigner
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

    from tokbox.rest.client_resources import ClientResources
    from tokbox.tokens.backend import SigningBackend

__all__ = ["PROPERTIES", "Session"]

#: The service's properties of a session in `Session.to_dict`, except for the ID.
PROPERTIES = (
    "project_id",
    "partner_id",
    "create_dt",
    "session_status",
    "media_server_url",
)


@set_module("tokbox")
class Session(SessionCalls, SessionSigner):
    """A session, for which it signs tokens (see SessionSigner); clients join with a token.

    A session never expires and cannot be deleted. Store its ``session_id``, and pass it to
    ``tb.session()`` to use the session again. Sessions with the same ID are equal and have
    the same hash. The service's other properties are in ``to_dict()``.
    """

    __slots__ = ("_properties", "_resources")
    _init_only = "_backend _resources _properties"

    if TYPE_CHECKING:
        _resources: ClientResources
        #: The other items of `to_dict`, without the ID.
        _properties: dict[str, str | None]

    def __init__(
        self,
        session_id: str,
        *,
        _backend: SigningBackend | None = None,
        _resources: ClientResources | None = None,
        _properties: dict[str, str | None] | None = None,
    ) -> None:
        super().__init__(session_id, _backend=_backend)
        object.__setattr__(self, "_resources", _resources)
        object.__setattr__(self, "_properties", _properties)

    def __str__(self) -> str:
        return self.session_id

    def to_dict(self) -> dict[str, str | None]:
        """Return the properties of the session by the service's names, ready for JSON.

        They are ``session_id``, ``project_id``, ``partner_id`` (equal to ``project_id``),
        ``create_dt`` (a string such as ``Tue Nov 14 14:13:20 PST 2023``),
        ``session_status`` and ``media_server_url``. A property that the service did not
        send is None. A session from ``tb.session()`` has only the first three.
        """
        unknown = dict.fromkeys(PROPERTIES)
        return {"session_id": self.session_id, **unknown, **self._properties}

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Session holds its client's key and cannot be pickled; "
            "pass session.session_id, and make a session of it with tb.session()"
        )

    def __deepcopy__(self, memo: object) -> Session:
        return self
