"""The official Python SDK for OpenTok, both token kinds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

from .. import workloads
from . import Unavailable

label = "opentok (Python)"


def make(mode: str = "t1") -> Callable[[int], float]:
    try:
        from opentok import OpenTok, Roles
    except ImportError:
        raise Unavailable("the package opentok is not installed") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client = OpenTok(workloads.API_KEY, workloads.SECRET)
    use_jwt = mode == "jwt"

    def run(n: int) -> float:
        start = time.perf_counter()
        tokens = [
            client.generate_token(
                workloads.SESSION_ID,
                role=Roles.publisher,
                expire_time=int(time.time()) + workloads.EXPIRATION,
                data=workloads.CONNECTION_DATA,
                use_jwt=use_jwt,
            )
            for _ in range(n)
        ]
        seconds = time.perf_counter() - start
        assert len(tokens) == n
        return seconds

    return run
