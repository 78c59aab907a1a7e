"""Base class of resources whose calls join a session with a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokbox.enums import Role
from tokbox.rest.resources.base import Resource
from tokbox.rest.validation import credential

if TYPE_CHECKING:
    from typing import Protocol

    from tokbox.rest.http.requester import Requester

    class Sign(Protocol):
        """Sign a token for a session that is valid for *expiration* seconds."""

        def __call__(self, session_id: str, role: Role, expiration: int) -> str: ...


__all__ = ["TOKEN_LIFETIME", "TokenResource"]

#: Lifetime in seconds of the tokens that are signed here. The service connects at once;
#: the connection can outlast the token.
TOKEN_LIFETIME = 600


class TokenResource(Resource):
    """Base class of resources with which the service joins a session.

    *sign* signs a token if the caller passes none.
    """

    __slots__ = ("_sign",)

    #: The role of the signed tokens.
    _role = Role.PUBLISHER

    def __init__(self, requester: Requester, sign: Sign) -> None:
        super().__init__(requester)
        self._sign = sign

    def _credentials(self, session_id: str, token: str | None) -> dict[str, str]:
        """Return the request properties with the session ID and the token."""
        session_id = self._check_session(session_id)
        if token is None:
            token = self._sign(session_id, self._role, TOKEN_LIFETIME)
        return {"sessionId": session_id, "token": credential("token", token)}
