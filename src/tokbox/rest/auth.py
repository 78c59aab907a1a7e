"""Sign the short-lived JWT that every REST request carries.

The service wants ``exp - iat`` of at most five minutes, and suggests a new token for
every call. A token made in its future is refused, so ``iat`` lies a few seconds back:
servers' clocks agree to within seconds, seldom to within one.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable

__all__ = ["BACKDATE", "LIFETIME", "ProjectAuth"]

#: Seconds that a token is valid for, from ``iat`` to ``exp``.
LIFETIME = 180
#: Seconds by which ``iat`` lies in the past.
BACKDATE = 5


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


_HEADER = _base64url(b'{"typ":"JWT","alg":"HS256"}')


class ProjectAuth:
    """Authenticate as a project, with ``X-OPENTOK-AUTH``.

    *sign* returns the HMAC-SHA256 of a message under the project's secret, which thus
    never has to be here. *now* tells the seconds since the epoch.
    """

    __slots__ = ("_now", "_sign", "api_key")

    def __init__(
        self,
        api_key: str,
        sign: Callable[[bytes], bytes],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.api_key = api_key
        self._sign = sign
        self._now = now

    def __repr__(self) -> str:
        return f"ProjectAuth({self.api_key!r})"

    def header(self) -> tuple[str, str]:
        """Return the name and the value of a header for one request."""
        issued = int(self._now()) - BACKDATE
        claims = {
            "iss": self.api_key,
            "ist": "project",
            "iat": issued,
            "exp": issued + LIFETIME,
            "jti": os.urandom(16).hex(),
        }
        body = _base64url(json.dumps(claims, separators=(",", ":")).encode())
        message = b"%b.%b" % (_HEADER, body)
        token = b"%b.%b" % (message, _base64url(self._sign(message)))
        return "x-opentok-auth", token.decode("ascii")
