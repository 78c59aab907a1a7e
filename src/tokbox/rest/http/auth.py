"""Sign the short-lived JWT of a REST request.

=================  ==============================  =============================
Client of          Header                          JWT
=================  ==============================  =============================
a project          ``X-OPENTOK-AUTH: ...``         HS256, ``ist`` is ``project``
an account         ``X-OPENTOK-AUTH: ...``         HS256, ``ist`` is ``account``
an application     ``Authorization: Bearer ...``   RS256, ``application_id``
=================  ==============================  =============================

The service requires ``exp - iat`` of at most five minutes, and recommends a new token for
every call. It rejects a token with ``iat`` in the future. Therefore ``iat`` is a few
seconds in the past, to allow for the usual clock difference between servers.
"""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from tokbox.secrecy import safe_repr

__all__ = ["BACKDATE", "LIFETIME", "AccountAuth", "ApplicationAuth", "Auth", "ProjectAuth"]

#: Seconds from ``iat`` to ``exp``.
LIFETIME = 180
#: Seconds by which ``iat`` is in the past.
BACKDATE = 5


@safe_repr
class Auth(ABC):
    """Authenticate requests.

    *owner_id* is an API key, an application ID or an account key. *sign* returns claims as
    a signed JWT in compact form. *now* returns the seconds since the epoch.
    """

    __slots__ = ("_now", "_sign", "offset", "owner_id")

    #: The local clock minus the service's clock in seconds, or 0 if it was not measured.
    #: It is subtracted from the times of tokens. Assignments are atomic: no lock is needed.
    offset: float

    def __init__(
        self,
        owner_id: str,
        sign: Callable[[Mapping[str, Any]], str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.owner_id: str = owner_id
        self.offset = 0.0
        self._sign = sign
        self._now = now

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.owner_id!r})"

    @abstractmethod
    def header(self) -> tuple[str, str]:
        """Return the name and the value of the header for one request."""

    def _times(self) -> dict[str, Any]:
        """Return the ``iat``, ``exp`` and ``jti`` claims of a new token."""
        issued = int(self._now() - self.offset) - BACKDATE
        return {"iat": issued, "exp": issued + LIFETIME, "jti": str(uuid.uuid4())}


class _SecretAuth(Auth):
    """Sign with a secret."""

    __slots__ = ()

    _kind: ClassVar[str]

    def header(self) -> tuple[str, str]:
        token = self._sign({"iss": self.owner_id, "ist": self._kind, **self._times()})
        return "x-opentok-auth", token


class ProjectAuth(_SecretAuth):
    """Authenticate as a project: an API key and its secret."""

    __slots__ = ()

    _kind = "project"


class AccountAuth(_SecretAuth):
    """Authenticate as an account, which can only manage its projects."""

    __slots__ = ()

    _kind = "account"


class ApplicationAuth(Auth):
    """Authenticate as a Vonage application with its private key."""

    __slots__ = ()

    def header(self) -> tuple[str, str]:
        token = self._sign({"application_id": self.owner_id, **self._times()})
        return "authorization", f"Bearer {token}"
