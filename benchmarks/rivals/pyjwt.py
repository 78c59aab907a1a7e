"""PyJWT, with the claims of an OpenTok client token."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from .. import workloads
from . import Unavailable

label = "PyJWT"


def make(mode: str = "hs256") -> Callable[[int], float]:
    try:
        import jwt
    except ImportError:
        raise Unavailable("the package PyJWT is not installed") from None

    def token() -> str:
        now = int(time.time())
        claims = {
            "iss": workloads.API_KEY,
            "ist": "project",
            "iat": now,
            "exp": now + workloads.EXPIRATION,
            "nonce": random.randrange(1_000_000),
            "session_id": workloads.SESSION_ID,
            "role": workloads.ROLE,
            "scope": "session.connect",
            "connection_data": workloads.CONNECTION_DATA,
        }
        return jwt.encode(claims, workloads.SECRET, algorithm="HS256")

    def run(n: int) -> float:
        start = time.perf_counter()
        tokens = [token() for _ in range(n)]
        seconds = time.perf_counter() - start
        assert len(tokens) == n
        return seconds

    return run
