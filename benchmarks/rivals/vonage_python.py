"""Vonage's Python SDK, the successor of opentok: JWTs signed by RSA (RS256).

An application has a key pair instead of a secret, so the adapter makes one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .. import workloads
from . import Unavailable

label = "vonage (Python)"

APPLICATION_ID = "00000000-0000-4000-8000-000000000000"


def private_key() -> str:
    """Return a new RSA key of 2048 bits, the size that the service hands out, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


def make(mode: str = "rs256") -> Callable[[int], float]:
    try:
        from vonage import Auth, Vonage
        from vonage_video import TokenOptions
    except ImportError:
        raise Unavailable("the package vonage is not installed") from None
    auth = Auth(application_id=APPLICATION_ID, private_key=private_key())
    video = Vonage(auth).video

    def token() -> bytes:
        options = TokenOptions(
            session_id=workloads.SESSION_ID,
            role=workloads.ROLE,
            connection_data=workloads.CONNECTION_DATA,
            exp=int(time.time()) + workloads.EXPIRATION,
        )
        signed: bytes = video.generate_client_token(options)
        return signed

    def run(n: int) -> float:
        start = time.perf_counter()
        tokens = [token() for _ in range(n)]
        seconds = time.perf_counter() - start
        assert len(tokens) == n
        return seconds

    return run
