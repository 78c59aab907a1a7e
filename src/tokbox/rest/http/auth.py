"""Sign the short-lived JWT of a REST request.

=================  ==============================  =============================
Client of          Header                          JWT
=================  ==============================  =============================
a project          ``X-OPENTOK-AUTH: ...``         HS256, ``ist`` is ``project``
an account         ``X-OPENTOK-AUTH: ...``         HS256, ``ist`` is ``account``
an application     ``Authorization: Bearer ...``   RS256, ``application_id``
a ready token      either                          the given token
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
from typing import TYPE_CHECKING, Any, ClassVar

from tokbox.secrecy import safe_repr

if TYPE_CHECKING:
    from tokbox.rest.ready_token import ReadyToken

__all__ = [
    "BACKDATE",
    "LIFETIME",
    "MAX_LIFETIME",
    "AccountAuth",
    "ApplicationAuth",
    "Auth",
    "KeyAuth",
    "ProjectAuth",
    "ReadyAuth",
]

#: Seconds from ``iat`` to ``exp``, and their documented maximum.
LIFETIME = 180
MAX_LIFETIME = 300
#: Seconds by which ``iat`` is in the past.
BACKDATE = 5


@safe_repr
class Auth(ABC):
    """Authenticate requests.

    *owner_id* is an API key, an application ID or an account key. *now* returns the seconds
    since the epoch.
    """

    __slots__ = ("_now", "offset", "owner_id")

    #: The local clock minus the service's clock in seconds, or 0 if it was not measured.
    #: It is subtracted from the local time. Assignments are atomic: no lock is needed.
    offset: float

    def __init__(self, owner_id: str, *, now: Callable[[], float] = time.time) -> None:
        self.owner_id: str = owner_id
        self.offset = 0.0
        self._now = now

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.owner_id!r})"

    @abstractmethod
    def header(self) -> tuple[str, str]:
        """Return the name and the value of the header for one request."""

    def _time(self) -> float:
        """Return the time of the service, as far as it is known."""
        return self._now() - self.offset


class KeyAuth(Auth):
    """Authenticate with a new token for each request.

    *sign* returns claims as a signed JWT in compact form.
    """

    __slots__ = ("_sign",)

    def __init__(
        self,
        owner_id: str,
        sign: Callable[[Mapping[str, Any]], str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(owner_id, now=now)
        self._sign = sign

    @abstractmethod
    def _owner_claims(self) -> dict[str, str]:
        """Return the claims that identify the owner of a token."""

    def token(self, lifetime: int = LIFETIME - BACKDATE) -> str:
        """Return a new token for REST calls that is valid for *lifetime* seconds.

        Its ``iat`` is in the past, unless that would make ``exp - iat`` longer than the
        documented maximum.
        """
        now = int(self._time())
        end, issued = now + lifetime, now - BACKDATE
        if lifetime <= MAX_LIFETIME:
            issued = max(issued, end - MAX_LIFETIME)
        times = {"iat": issued, "exp": end, "jti": str(uuid.uuid4())}
        return self._sign({**self._owner_claims(), **times})


class _SecretAuth(KeyAuth):
    """Sign with a secret."""

    __slots__ = ()

    _kind: ClassVar[str]

    def header(self) -> tuple[str, str]:
        return "x-opentok-auth", self.token()

    def _owner_claims(self) -> dict[str, str]:
        return {"iss": self.owner_id, "ist": self._kind}


class ProjectAuth(_SecretAuth):
    """Authenticate as a project: an API key and its secret."""

    __slots__ = ()

    _kind = "project"


class AccountAuth(_SecretAuth):
    """Authenticate as an account, which can only manage its projects."""

    __slots__ = ()

    _kind = "account"


class ApplicationAuth(KeyAuth):
    """Authenticate as a Vonage application with its private key."""

    __slots__ = ()

    def header(self) -> tuple[str, str]:
        return "authorization", f"Bearer {self.token()}"

    def _owner_claims(self) -> dict[str, str]:
        return {"application_id": self.owner_id}


class ReadyAuth(Auth):
    """Authenticate with a ready-made token until it expires."""

    __slots__ = ("_token",)

    def __init__(self, token: ReadyToken, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(token.owner_id, now=now)
        self._token = token

    def header(self) -> tuple[str, str]:
        self._token.check(self._time())
        if self._token.is_application:
            return "authorization", f"Bearer {self._token.text}"
        return "x-opentok-auth", self._token.text
