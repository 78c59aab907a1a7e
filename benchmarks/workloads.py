"""The common work: one project, one session, one set of claims.

Tokens of tokbox for it have 372 characters. Those of rivals differ a little, because of
their nonces and the order of their fields.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from functools import cache
from typing import Any

API_KEY = "40000123"
SECRET = "example0secret0example0secret0example0sec"
SESSION_ID = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
ROLE = "publisher"
CONNECTION_DATA = "user-12345678"
EXPIRATION = 86_400  # seconds
#: The same as keyword arguments.
CLAIMS: dict[str, Any] = {
    "role": ROLE,
    "connection_data": CONNECTION_DATA,
    "expiration": EXPIRATION,
}

#: An application of the Vonage Video API, whose tokens are signed by RSA, and a session.
APPLICATION_ID = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
APPLICATION_SESSION_ID = (
    "1_MX4zZjJiOGMxMC01YTZkLTRlN2YtOGE5Yi0wYzFkMmUzZjRhNWJ-fjE3MDAwMDAwMDAxMjN-"
    "QWIzL0VmR2hJaitsTW5PcFFyU3RVdld4fn5-"
)

#: The length of a T1 and of an HS256 token for this work, in characters.
TOKEN_LENGTH, JWT_LENGTH = 372, 445

#: Tokens in a batch.
N = 1_000_000

#: Closed when the process ends: processes, servers and folders that benchmarks share.
resources = ExitStack()
atexit.register(resources.close)


@cache
def connection_data(n: int) -> list[str]:
    """Return different connection data for each of *n* rows: 16 to 64 ASCII characters."""
    return [
        f"user-{i:011d}" + "-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJK"[: i % 49]
        for i in range(n)
    ]


@cache
def private_key() -> str:
    """Return a new RSA key of 2,048 bits as PEM, like those of the service."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def environment() -> dict[str, str]:
    """Return the environment of a process that does the common work.

    Secrets are passed this way, because arguments are visible to other users.
    """
    return {
        **os.environ,
        "TOKBOX_API_KEY": API_KEY,
        "TOKBOX_SECRET": SECRET,
        "WORK_SESSION_ID": SESSION_ID,
        "WORK_ROLE": ROLE,
        "WORK_CONNECTION_DATA": CONNECTION_DATA,
        "WORK_EXPIRATION": str(EXPIRATION),
    }
