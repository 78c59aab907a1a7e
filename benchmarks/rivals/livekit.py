"""LiveKit's Python SDK: another service's tokens (HS256), for scale."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from .. import workloads
from . import Unavailable

label = "livekit-api"


def make(mode: str = "hs256") -> Callable[[int], float]:
    try:
        from livekit.api import AccessToken, VideoGrants
    except ImportError:
        raise Unavailable("the package livekit-api is not installed") from None
    life = timedelta(seconds=workloads.EXPIRATION)

    def token() -> str:
        return (
            AccessToken(workloads.API_KEY, workloads.SECRET)
            .with_identity(workloads.CONNECTION_DATA)
            .with_ttl(life)
            .with_grants(VideoGrants(room_join=True, room=workloads.SESSION_ID))
            .to_jwt()
        )

    def run(n: int) -> float:
        start = time.perf_counter()
        tokens = [token() for _ in range(n)]
        seconds = time.perf_counter() - start
        assert len(tokens) == n
        return seconds

    return run
